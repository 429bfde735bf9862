"""Errors as problem JSON (RFC 9457), with a sentence that says what to do."""

import logging
from typing import Any

from flask import Flask, Response, g, json, render_template, request
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)

from errors import BundleError, DetectorError, QueueError, StorageError
from media.limits.disk import FULL, UNUSABLE, is_disk_full_error

log = logging.getLogger("web")


def problem(status: int, title: str, detail: str, **headers: str) -> Response:
    """Return a response of media type application/problem+json; `headers` have underscores for hyphens."""
    body = json.dumps(problem_members(status, title, detail))
    response = Response(body, status, mimetype="application/problem+json")
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def problem_members(status: int, title: str, detail: str) -> dict[str, Any]:
    """Return the members of a problem, for answers that are not HTTP."""
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def not_ready(error: BundleError | DetectorError) -> Response:
    """Return the answer while the model or the face detector cannot be loaded; the log has the reason and the path."""
    log.error("%s", error)
    what = "model" if isinstance(error, BundleError) else "face detector"
    return problem(503, "Not ready", f"The {what} cannot be loaded; the log tells why.", Retry_After="30")


def register(app: Flask) -> None:
    """Make an application answer every HTTP error this way."""
    app.after_request(_replace_precondition_failed)

    @app.errorhandler(QueueError)
    def wait(error: QueueError) -> Response:
        message = str(error)
        return problem(503, "Try again", f"{message[0].upper()}{message[1:]}", Retry_After="10")

    @app.errorhandler(StorageError)
    def make_room(error: StorageError) -> Response:
        message = str(error)
        return problem(507, "Disk full", f"{message[0].upper()}{message[1:]}.")

    app.register_error_handler(BundleError, not_ready)
    app.register_error_handler(DetectorError, not_ready)

    @app.errorhandler(OSError)
    def unusable(error: OSError) -> Response:
        if is_disk_full_error(error):
            return make_room(StorageError(FULL))
        if error.errno not in UNUSABLE:
            raise error
        log.error("the storage cannot be used (%s); main.py --check tells more", error.strerror)
        detail = f"The server's storage cannot be used ({error.strerror}); tell its administrator."
        return problem(503, "No storage", detail, Retry_After="30")

    @app.errorhandler(HTTPException)
    def answer(error: HTTPException) -> Response:
        if wants_page() and isinstance(error, NotFound):
            return Response(render_template("not-found.html", path=request.path), 404)
        response = problem(error.code or 500, error.name, _detail_of(error))
        response.headers.extend([pair for pair in error.get_headers() if pair[0].lower() not in ("content-type",)])
        return response


def _replace_precondition_failed(response: Response) -> Response:
    """Replace the answer by a problem if the file is not the one that the client expects."""
    if response.status_code != 412:
        return response
    response.close()  # Werkzeug's holds the whole file
    detail = "The file is another one than the request's If-Match or If-Unmodified-Since expects; request it again."
    return problem(412, "Another file", detail)


def wants_page() -> bool:
    """Whether a browser's window asks for a page, not a script or a program for something else."""
    kinds = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return request.method == "GET" and kinds == "text/html" and not request.path.startswith("/api/")


def _detail_of(error: HTTPException) -> str:
    """Return what to do about an error; Werkzeug's own text does not say it."""
    if isinstance(error, NotFound):
        slash = " An address has no slash at its end." if request.path.endswith("/") else ""
        places = "The page is at /, the stream at /video_feed, the API's description at /api/docs."
        return f"There is nothing at {request.path}. {places}{slash}"
    if isinstance(error, MethodNotAllowed):
        known = ", ".join(sorted(error.valid_methods or ()))
        return f"Got {request.method[:20]}, but {request.path} answers {known} only."
    if isinstance(error, RequestedRangeNotSatisfiable):
        got = request.headers.get("Range", "")[:60]
        return f"Range: got {got!r}, expected one range within the {error.length} bytes, such as bytes=0-99."
    if isinstance(error, InternalServerError) and "request_id" in g:
        return f"The server made a mistake. Its log tells it under {g.request_id!r}; whoever runs it can look there."
    if isinstance(error, RequestEntityTooLarge) and request.max_content_length:
        return f"The body is too large: expected {request.max_content_length:,} bytes at most."
    return error.description or error.name
