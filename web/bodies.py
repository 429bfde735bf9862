"""What requests carry: read whole within a limit, refused where it is packed, told of where it breaks off."""

import math
from typing import Any

from flask import Flask, Response, request
from gunicorn.http.body import ChunkedReader, LengthReader
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from web.problems import problem

BROKEN = (
    "The body broke off, or is not what the request's head announced (Content-Length, or chunks of the length that "
    "each tells); send it again."
)


DRAINED = 64 * 1024
"""Bytes of a body that nobody wanted which gunicorn reads away, so that the connection may be used again."""


def whole_body(limit: int) -> bytes:
    """All that the request carries.

    Raises:
        RequestEntityTooLarge: more than `limit` bytes, whether announced or not.
    """
    request.max_content_length = limit + 1  # what comes in chunks is cut off there without a word
    data = request.get_data(cache=False)
    if len(data) > limit:
        raise RequestEntityTooLarge
    return data


def close_unread(asked: Any) -> None:
    """Have the answer say that the connection is closed where gunicorn, which says nothing of it, will close it.

    It does so where more of the body is left than it reads away, as with a video that is refused for its size. A client
    who has not been told sends its next request on that connection, and nginx then answers 502.

    Args:
        asked: gunicorn's request, before the application has it.
    """
    usual, reader = asked.should_close, getattr(asked.body, "reader", None)
    asked.should_close = lambda: usual() or _left(reader) > DRAINED


def _left(reader: Any) -> float:
    """Bytes that are still to be read of a body; nobody knows how many where it comes in chunks."""
    if isinstance(reader, ChunkedReader):
        return math.inf if reader.parser else 0
    return reader.length if isinstance(reader, LengthReader) else 0


def register(app: Flask) -> None:
    """Have an application refuse packed bodies, and answer what breaks off; after `web.access`."""
    app.before_request(refuse_packed)
    for error in (ClientDisconnected, ParseException):  # the latter is gunicorn's, of chunks that are none
        app.register_error_handler(error, _broken)


def refuse_packed() -> Response | None:
    """A refusal of a body that was compressed on its way: nothing here unpacks it."""
    packed = request.headers.get("Content-Encoding", "identity").strip().lower()
    if packed in ("", "identity"):
        return None
    told = f"Content-Encoding: got {packed[:40]!r}, expected none; send the file's own bytes, unpacked."
    return problem(415, "Packed", told, Accept_Encoding="identity")


def _broken(_: Exception) -> Response:
    return problem(400, "Broken off", BROKEN)
