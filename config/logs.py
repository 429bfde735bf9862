"""Logging: one line per event, for people or for programs.

The log never holds a frame, a visitor's address, the name of an uploaded file, or the whole id of a record or video,
which would give its reader access.
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
"""Bytes that a writable pipe accepts in one write (Linux' PIPE_BUF)."""
WRITE_TIMEOUT_MS = 50
"""Milliseconds to wait for a reader to make room before lines are dropped."""
REQUEST: ContextVar[str] = ContextVar("request", default="")
"""The id of the request that this thread serves; empty for other work."""


def set_up(level: str, form: str = "text") -> None:
    """Log everything from a level up, such as "info", to standard error, as "text" or "json"."""
    handler = logging.StreamHandler()
    configure_handler(handler, form)
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its request lines; we log requests ourselves


def configure_handler(handler: logging.Handler, form: str) -> None:
    """Make a handler write "text" or "json" without blocking and with redaction; used for the web server's as well."""
    if type(handler) is logging.StreamHandler and hasattr(select, "poll"):
        with suppress(OSError, ValueError, AttributeError):  # a stream without a file does not block
            handler.setStream(NonBlockingStream(handler.stream))
    handler.setFormatter(JSONFormatter() if form == "json" else TextFormatter())
    handler.addFilter(RedactionFilter())
    handler.addFilter(DisconnectFilter())


def reason_of(error: BaseException) -> str:
    """The reason of an error without the file name that system and FFmpeg errors include."""
    cause = error.__cause__ or error
    return str(getattr(cause, "strerror", None) or cause)


def log_failure(log: logging.Logger, error: BaseException, message: str, *args: object) -> None:
    """Log a failure: with the system's reason if there is one, else with a traceback."""
    if getattr(error, "strerror", None):
        log.error(f"{message} (%s)", *args, reason_of(error))
    else:
        log.error(message, *args, exc_info=error)


class NonBlockingStream:
    """Writes to a pipe or terminal without blocking: lines are dropped when nothing reads them.

    Every request writes a line, so a blocked log would stop the server.

    Raises:
        OSError, ValueError, AttributeError: the stream has no file.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._ready = select.poll()
        self._ready.register(stream.fileno(), select.POLLOUT)
        self._lost = 0
        self._torn = False

    def write(self, text: str) -> None:
        """Write lines that end in a newline, or count them as lost."""
        report = f"{self._lost} lines of the log were lost, since nothing took them\n" if self._lost else ""
        end = "\n" if self._torn else ""
        rest = f"{end}{report}{text}".encode(errors="backslashreplace")
        while rest:
            if not self._ready.poll(0 if self._lost else WRITE_TIMEOUT_MS):
                self._lost += 1
                return
            rest = rest[os.write(self._stream.fileno(), rest[:PIPE_BUF]) :]
            self._torn = bool(rest)
        self._lost = 0

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""


class TextFormatter(logging.Formatter):
    """For people: time, level, module, message, and the request's id if there is one."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Format the line, and the traceback if there is one."""
        return without_ids(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Format the line without a traceback."""
        line, request = super().formatMessage(record), request_of(record)
        return f"{line} [{request}]" if request else line


class JSONFormatter(logging.Formatter):
    """For programs: one JSON object per line, with the fields of `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the record as JSON; times are UTC."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_ids(record.getMessage()),
            "process": record.process,
            **getattr(record, "fields", {}),
        }
        if request := request_of(record):
            entry["request"] = request
        if record.exc_info:
            entry["error"] = without_ids(self.formatException(record.exc_info))
        return json.dumps(entry, ensure_ascii=False)


def request_of(record: logging.LogRecord) -> str:
    """The id of the request that a record belongs to: its own, or the thread's; empty for none."""
    return str(getattr(record, "request", "") or REQUEST.get())


class RedactionFilter(logging.Filter):
    """Removes visitors' addresses and the URLs they requested from gunicorn's messages."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite such a record; every record passes."""
        message = str(record.msg)
        if message.startswith("Invalid request"):
            record.msg, record.args = "a request that is no valid HTTP was refused", ()
        elif message.startswith("Error handling request"):
            record.msg, record.args = "a request could not be answered", ()
        return True


class DisconnectFilter(logging.Filter):
    """Replaces the traceback of a disconnected stalled viewer by one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record of a read or write that timed out; every record passes."""
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
