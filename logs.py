"""What the terminal tells: one line an event."""

import logging


def set_up(level: str) -> None:
    """Send everything from a level up, such as "info", to the terminal; no frames and no faces are ever in it."""
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it names requests, which are ours to name
