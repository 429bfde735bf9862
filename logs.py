"""What the terminal tells: one line an event."""

import logging


def set_up(level: str) -> None:
    """Send everything from a level up, such as "info", to the terminal; no frames and no faces are ever in it."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it names requests, which are ours to name


class LetGo(logging.Filter):
    """Says in one line, instead of a traceback, that a viewer who took nothing any more was let go."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record of a write that timed out; let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, TimeoutError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "a viewer who took nothing any more was let go", ()
            record.exc_info = record.exc_text = None
        return True
