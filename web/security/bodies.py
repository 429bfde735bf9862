"""What requests carry: read whole within a limit, refused where it is packed, told of where it breaks off."""

from typing import TypeVar

import msgspec
from flask import Flask, Response, abort, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from web.problems import problem

Kind = TypeVar("Kind")

BROKEN = (
    "The body broke off, or is not what the request's head announced (Content-Length, or chunks of the length that "
    "each tells); send it again."
)


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


def json_body(kind: type[Kind], limit: int, example: str) -> Kind:
    """The JSON object that the request carries, an empty one where it carries nothing.

    Ends the request where it is none, not of that kind, or larger than `limit` bytes; `example` shows a right one.
    """
    try:
        data = whole_body(limit) or b"{}"
    except RequestEntityTooLarge:
        abort(problem(413, "Too large", f"The body may have {limit:,} bytes."))
    expected = f"expected a JSON object such as {example}, as application/json."
    if data != b"{}" and not request.is_json:
        abort(problem(415, "No JSON", f"Got {request.mimetype[:40] or 'no type'!r}; {expected}"))
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        abort(problem(400, "Bad request", f"{error}; {expected}"))


def register(app: Flask) -> None:
    """Have an application refuse packed bodies, and answer what breaks off; after `web.security.authorization`."""
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
