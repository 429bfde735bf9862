"""Gives each request an id, logs it when it has been answered, and counts it for `/metrics`.

The log has the route, never the address: an address may hold a file's name, or an id that gives access.
"""

import logging
import re
import secrets
import time
from types import TracebackType

from flask import Flask, Response, current_app, g, request

from config.logs import REQUEST
from delivery.counters import Counts

log = logging.getLogger("requests")

HEADER = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = {"static", "api.state", "videos.state", "metrics.metrics", "health.healthz", "health.readyz"}
"""Endpoints that are called so often that they are logged at debug level only, unless they fail."""
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def the_counts() -> Counts:
    """Return the requests that this application has answered and their seconds, by method, route and status."""
    counts: Counts = current_app.extensions["requests"]
    return counts


def register(app: Flask) -> None:
    """Make an application log its requests; register it before all else, so that refusals are logged too."""
    app.extensions["requests"] = Counts()
    app.before_request(_start)
    app.after_request(_log_response)
    app.teardown_request(_end)
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask's own logs the address


def _start() -> None:
    given = request.headers.get(HEADER, "")
    g.started = time.perf_counter()
    g.request_id = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
    REQUEST.set(g.request_id)


def _end(_: BaseException | None) -> None:
    REQUEST.set("")  # the thread serves other requests next


def _log_response(response: Response) -> Response:
    """Send the id, and log the request when its answer has been sent, for a stream at its end."""
    response.headers[HEADER] = g.request_id
    method = request.method if request.method in METHODS else "other"
    key = method, _route(), response.status_code
    quiet = request.endpoint in QUIET and response.status_code < 400
    counts, started, request_id = the_counts(), g.started, g.request_id

    def log_request() -> None:
        seconds = time.perf_counter() - started
        counts.add((*key[:2], str(key[2])), seconds)
        fields = {**dict(zip(("method", "route", "status"), key, strict=True)), "seconds": round(seconds, 4)}
        extra = {"fields": fields, "request": request_id}
        log.log(logging.DEBUG if quiet else logging.INFO, "%s %s %d in %.3f s", *key, seconds, extra=extra)

    response.call_on_close(log_request)
    return response


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "unknown"


def _log_exception(exc_info: ExcInfo) -> None:
    logging.getLogger("web").error("%s %s failed", request.method, _route(), exc_info=exc_info)
