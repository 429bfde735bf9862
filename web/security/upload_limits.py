"""How many files one client may hand in: so many over time, so many at once, and none that never comes.

The rate is counted for all servers that share a Redis; what comes at once for each process, whose threads it keeps.
Size, pixels, duration and what may wait in all are the business of those who take the files.
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
"""Where files are handed in, which may take as long as the line is slow."""
UPLOADS = (*FILES, "/api/records")
BURST = 30.0
"""Seconds for whose files a client may hand in at once, after a pause."""
AT_ONCE = 8
"""Files that one client may be handing in at a time."""
STALL = 30.0
"""Seconds after which a file of which nothing more comes is given up."""


class Limits:
    """Who hands in how much now."""

    def __init__(self, rate: float, limiter: RateLimiter) -> None:
        self._rate, self._limiter = rate, limiter
        most = max(1, int(BURST * rate))
        self._files = Limit("files", most, math.ceil(most / rate))
        self._present = Counter[str]()
        self._lock = threading.Lock()

    def take(self) -> Response | None:
        """Let a file in, or refuse it; for `before_request`."""
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
            return self._too_often(many)
        return None

    def take_more(self, files: int) -> None:
        """Count further files that a request turns out to hold; ends it where its client owes for some already.

        One request after a pause may hold more than may be handed in at once; what follows waits for that.
        """
        client = g.get("uploading")
        if client and files:
            try:
                self._limiter.take_whole(self._files, client, files)
            except TooMany as many:
                abort(self._too_often(many))

    def _too_often(self, many: TooMany) -> Response:
        return _refusal(f"One client may hand in {self._rate:g} files a second over time", many.wait)

    def give_back(self, _: BaseException | None = None) -> None:
        """The request is over; for `teardown_request`."""
        client = g.pop("uploading", None)
        if client:
            with self._lock:
                self._present[client] -= 1
                if not self._present[client]:
                    del self._present[client]
        _set_timeout(None)


def register(app: Flask, settings: Settings) -> None:
    """Have an application hold clients to these limits; after `web.security.authorization`, which tells who asks."""
    limits = Limits(settings.upload_rate, app.extensions["limiter"])
    app.extensions["limits"] = limits
    app.before_request(limits.take)
    app.teardown_request(limits.give_back)


def the_limits() -> Limits:
    """Those of this application."""
    limits: Limits = current_app.extensions["limits"]
    return limits


def _client() -> str:
    """Who is held to the limits: a grant, or an address; empty for somebody at this machine who needs no log-in."""
    identity = the_identity()
    if identity:
        return f"grant {identity.grant}"
    address = request.remote_addr or ""
    return "" if not address or is_loopback(address) else network(address)


def _set_timeout(seconds: float | None) -> None:
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket) and request.method == "POST":
        connection.settimeout(seconds)


def _refusal(told: str, seconds: int) -> Response:
    return problem(429, "Too many", f"{told}; go on in {seconds} s.", Retry_After=str(seconds))
