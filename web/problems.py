"""Errors as problem JSON (RFC 9457), with a sentence that a person can act on."""

from typing import Any

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException

from errors import QueueError


def problem(status: int, title: str, detail: str, **headers: str) -> Response:
    """A response of media type application/problem+json; `headers` are written with underscores for hyphens."""
    body = json.dumps(described(status, title, detail))
    response = Response(body, status, mimetype="application/problem+json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def described(status: int, title: str, detail: str) -> dict[str, Any]:
    """The members of a problem, for answers that are no HTTP."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def register(app: Flask) -> None:
    """Have an application answer every HTTP error this way."""

    @app.errorhandler(QueueError)
    def wait(error: QueueError) -> Response:
        told = str(error)
        return problem(503, "Try again", f"{told[0].upper()}{told[1:]}", Retry_After="10")

    @app.errorhandler(HTTPException)
    def answer(error: HTTPException) -> Response:
        detail = error.description or error.name
        if error.code == 404:
            detail = f"There is nothing at {request.path}. The page is at /, the stream at /video_feed."
        made = problem(error.code or 500, error.name, detail)
        made.headers.extend([pair for pair in error.get_headers() if pair[0].lower() not in ("content-type",)])
        return made
