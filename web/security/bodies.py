"""Request bodies: read whole within a limit, refused if compressed, reported if broken off."""

from typing import TypeVar

import msgspec
from flask import Flask, Response, abort, request
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from web.problems import problem

Kind = TypeVar("Kind")

BROKEN = (
    "The body broke off, or does not match the request's headers (Content-Length, or chunks of the stated length); "
    "send it again."
)


def whole_body(limit: int) -> bytes:
    """Return the whole body of the request.

    Raises:
        RequestEntityTooLarge: it has more than `limit` bytes, whether announced or not.
    """
    request.max_content_length = limit + 1  # a chunked body is silently cut off there
    data = request.get_data(cache=False)
    if len(data) > limit:
        raise RequestEntityTooLarge
    return data


def json_body(kind: type[Kind], limit: int, example: str) -> Kind:
    """Return the JSON object in the request's body, an empty one if there is no body.

    Aborts if it is no JSON object, not of that type, or larger than `limit` bytes; `example` shows a correct one.
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
    """Make an application refuse compressed and broken bodies; register it after `web.security.authorization`."""
    app.before_request(refuse_compressed)
    for error in (ClientDisconnected, ParseException):  # the latter is gunicorn's, for invalid chunks
        app.register_error_handler(error, _broken)


def refuse_compressed() -> Response | None:
    """Refuse a compressed body: nothing here unpacks it."""
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return None
    detail = f"Content-Encoding: got {encoding[:40]!r}, expected none; send the file's own bytes, unpacked."
    return problem(415, "Packed", detail, Accept_Encoding="identity")


def _broken(_: Exception) -> Response:
    return problem(400, "Broken off", BROKEN)
