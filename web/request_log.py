"""Each request's id, and a line in the log when it has been answered; counted for `/metrics`, too.

Told is which route was asked, never the address itself: it may hold a file's name, or an id that lets its reader in.
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
"""Endpoints asked so often that they are told at debug level only, unless they fail."""
METHODS = {"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def the_counts() -> Counts:
    """The requests that this application has answered and their seconds, by method, route and status."""
    counts: Counts = current_app.extensions["requests"]
    return counts


def register(app: Flask) -> None:
    """Have an application keep its journal; to be registered before all else, so that refusals are in it."""
    app.extensions["requests"] = Counts()
    app.before_request(_begin)
    app.after_request(_note)
    app.teardown_request(_end)
    app.log_exception = _log_exception  # type: ignore[method-assign]  # Flask's own names the address


def _begin() -> None:
    given = request.headers.get(HEADER, "")
    g.began = time.perf_counter()
    g.request_id = given if WELL_FORMED.fullmatch(given) else secrets.token_hex(8)
    REQUEST.set(g.request_id)


def _end(_: BaseException | None) -> None:
    REQUEST.set("")  # the thread serves others


def _note(response: Response) -> Response:
    """Return the id, and tell of the request when its answer has gone out, which a stream's does at its end."""
    response.headers[HEADER] = g.request_id
    method = request.method if request.method in METHODS else "other"
    key = method, _route(), response.status_code
    quiet = request.endpoint in QUIET and response.status_code < 400
    counts, began, request_id = the_counts(), g.began, g.request_id

    def tell() -> None:
        seconds = time.perf_counter() - began
        counts.add((*key[:2], str(key[2])), seconds)
        fields = {**dict(zip(("method", "route", "status"), key, strict=True)), "seconds": round(seconds, 4)}
        extra = {"fields": fields, "request": request_id}
        log.log(logging.DEBUG if quiet else logging.INFO, "%s %s %d in %.3f s", *key, seconds, extra=extra)

    response.call_on_close(tell)
    return response


def _route() -> str:
    return request.url_rule.rule if request.url_rule is not None else "unknown"


def _log_exception(exc_info: ExcInfo) -> None:
    logging.getLogger("web").error("%s %s failed", request.method, _route(), exc_info=exc_info)
