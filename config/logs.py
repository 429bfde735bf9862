"""What the log tells: one line an event, for people or for programs.

No frame is ever in it, no address of a visitor, no name of a file that was handed in, and no whole id of a record or a
video, which would let its reader see it.
"""

import json
import logging
import os
import select
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

from config.redaction import without_ids

PIPE_BUF = 4096
"""Bytes that a pipe takes at once where it takes any (Linux' PIPE_BUF)."""
WRITE_TIMEOUT_MS = 50
"""Milliseconds that a reader has to make room, before lines are lost."""
REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that this thread is answering; empty for other work."""


def set_up(level: str, form: str = "text") -> None:
    """Send everything from a level up, such as "info", to the standard error, as "text" or "json"."""
    handler = logging.StreamHandler()
    configure_handler(handler, form)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # it names requests, which are ours to name


def configure_handler(handler: logging.Handler, form: str) -> None:
    """Give a handler of the log the form "text" or "json", and see that nobody waits for it; for a web server's too."""
    if type(handler) is logging.StreamHandler and hasattr(select, "poll"):
        with suppress(OSError, ValueError, AttributeError):  # what has no file behind it keeps nobody waiting
            handler.setStream(NonBlockingStream(handler.stream))
    handler.setFormatter(JSONFormatter() if form == "json" else TextFormatter())
    handler.addFilter(RedactionFilter())
    handler.addFilter(DisconnectFilter())


def reason_of(error: BaseException) -> str:
    """Why something failed, without the file that the system's error names; FFmpeg's are like it."""
    cause = error.__cause__ or error
    return str(getattr(cause, "strerror", None) or cause)


def log_failure(log: logging.Logger, error: BaseException, words: str, *args: object) -> None:
    """Tell that something failed: with the system's reason where there is one, else with a traceback."""
    if getattr(error, "strerror", None):
        log.error(f"{words} (%s)", *args, reason_of(error))
    else:
        log.error(words, *args, exc_info=error)


class NonBlockingStream:
    """Writes to a pipe or a terminal, and loses lines rather than wait for a reader that takes none.

    Whoever answers a request writes a line, so that a log that is full would stop the server.

    Raises:
        OSError, ValueError, AttributeError: there is no file behind the stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ready = select.poll()
        self._ready.register(stream.fileno(), select.POLLOUT)
        self._lost = 0
        self._torn = False

    def write(self, text: str) -> None:
        """Write lines that end in a newline, or count them as lost."""
        told = f"{self._lost} lines of the log were lost, since nothing took them\n" if self._lost else ""
        end = "\n" if self._torn else ""
        left = f"{end}{told}{text}".encode(errors="backslashreplace")
        while left:
            if not self._ready.poll(0 if self._lost else WRITE_TIMEOUT_MS):
                self._lost += 1
                return
            left = left[os.write(self._stream.fileno(), left[:PIPE_BUF]) :]
            self._torn = bool(left)
        self._lost = 0

    def flush(self) -> None:
        """Nothing is kept back."""


class TextFormatter(logging.Formatter):
    """For people: time, level, module, message, and the request's id where there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback where there is one."""
        return without_ids(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """The line, without a traceback."""
        told, request = super().formatMessage(record), request_of(record)
        return f"{told} [{request}]" if request else told


class JSONFormatter(logging.Formatter):
    """For programs: one JSON object a line, with whatever `extra={"fields": {...}}` a record was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; times are UTC."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_ids(record.getMessage()),
            "process": record.process,
            **getattr(record, "fields", {}),
        }
        if request := request_of(record):
            told["request"] = request
        if record.exc_info:
            told["error"] = without_ids(self.formatException(record.exc_info))
        return json.dumps(told, ensure_ascii=False)


def request_of(record: logging.LogRecord) -> str:
    """The id of the request that a record belongs to: its own, or that of the thread; empty for none."""
    return str(getattr(record, "request", "") or REQUEST.get())


class RedactionFilter(logging.Filter):
    """Leaves out what gunicorn would tell of visitors: their addresses, and those that they asked for."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite such a record; let every record pass."""
        message = str(record.msg)
        if message.startswith("Invalid request"):
            record.msg, record.args = "a request that is no valid HTTP was refused", ()
        elif message.startswith("Error handling request"):
            record.msg, record.args = "a request could not be answered", ()
        return True


class DisconnectFilter(logging.Filter):
    """Says in one line, instead of a traceback, that a viewer who took nothing any more was let go."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record of a write that timed out; let every record pass."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, BlockingIOError):
            record.levelno, record.levelname = logging.DEBUG, "DEBUG"
            record.msg, record.args = "a client who sent no more of its request was let go", ()
            record.exc_info = record.exc_text = None
        if isinstance(error, TimeoutError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "a viewer who took nothing any more was let go", ()
            record.exc_info = record.exc_text = None
        return True
