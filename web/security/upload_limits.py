"""Limits of uploads by client: the rate, the number at a time, and uploads that stall.

The rate is counted for all servers that share a Redis; uploads at a time are counted in each process, whose threads
they keep busy. Size, pixels, duration and the length of queues are limited where the files are received.
"""

import math
import socket
import threading
from collections import Counter

from flask import Flask, Response, abort, current_app, g, request

from access.exposure import is_loopback
from access.limits import Limit, RateLimiter, TooMany, network
from config.settings import Settings
from web.problems import problem
from web.security.authorization import the_identity

FILES = ("/api/analyze", "/api/videos")
"""Addresses of uploads, which may take as long as the connection is slow."""
UPLOADS = (*FILES, "/api/records")
BURST = 30.0
"""After a pause, a client may upload at once what the rate allows in so many seconds."""
AT_ONCE = 8
"""Uploads of one client at a time."""
STALL = 30.0
"""Seconds without data after which an upload is given up."""


class UploadLimits:
    """The uploads of each client now, and the rate limit."""

    def __init__(self, rate: float, limiter: RateLimiter) -> None:
        self._rate, self._limiter = rate, limiter
        most = max(1, int(BURST * rate))
        self._files = Limit("files", most, math.ceil(most / rate))
        self._present = Counter[str]()
        self._lock = threading.Lock()

    def take(self) -> Response | None:
        """Admit an upload, or refuse it; for `before_request`."""
        if request.method != "POST" or request.path not in UPLOADS:
            return None
        _set_timeout(STALL)
        client = _client()
        return self._take(client) if client else None

    def _take(self, client: str) -> Response | None:
        with self._lock:
            if self._present[client] >= AT_ONCE:
                return _refusal(f"{AT_ONCE} files of yours are on their way already", 1)
            self._present[client] += 1
        g.uploading = client
        try:
            self._limiter.take(self._files, client)
        except TooMany as many:
            return self._over_rate(many)
        return None

    def take_more(self, files: int) -> None:
        """Count further files of a request; aborts if the client is over its rate already.

        One request after a pause may hold more than the rate allows at once; later ones wait for that.
        """
        client = g.get("uploading")
        if client and files:
            try:
                self._limiter.take_whole(self._files, client, files)
            except TooMany as many:
                abort(self._over_rate(many))

    def _over_rate(self, many: TooMany) -> Response:
        return _refusal(f"One client may hand in {self._rate:g} files a second over time", many.wait)

    def release(self, _: BaseException | None = None) -> None:
        """Count an upload as finished; for `teardown_request`."""
        client = g.pop("uploading", None)
        if client:
            with self._lock:
                self._present[client] -= 1
                if not self._present[client]:
                    del self._present[client]
        _set_timeout(None)


def register(app: Flask, settings: Settings) -> None:
    """Make an application limit uploads; register it after `web.security.authorization`, which identifies clients."""
    limits = UploadLimits(settings.upload_rate, app.extensions["limiter"])
    app.extensions["limits"] = limits
    app.before_request(limits.take)
    app.teardown_request(limits.release)


def the_limits() -> UploadLimits:
    """Return the limits of this application."""
    limits: UploadLimits = current_app.extensions["limits"]
    return limits


def _client() -> str:
    """Return who is limited: a grant, or a network; empty for a client on this machine without a login."""
    identity = the_identity()
    if identity:
        return f"grant {identity.grant}"
    address = request.remote_addr or ""
    return "" if not address or is_loopback(address) else network(address)


def _set_timeout(seconds: float | None) -> None:
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket) and request.method == "POST":
        connection.settimeout(seconds)


def _refusal(reason: str, seconds: int) -> Response:
    return problem(429, "Too many", f"{reason}; go on in {seconds} s.", Retry_After=str(seconds))
