"""Open connections by identity, so that they can be closed when access is revoked or a session ends."""

import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from access.sessions import Session

CHECK_EVERY = 1.0
"""Seconds between checks whose access has ended."""

log = logging.getLogger("access")


@dataclass(frozen=True, slots=True)
class Identity:
    """An authenticated identity; `session` is None when it was authenticated by a token instead of a cookie."""

    grant: str
    name: str
    role: str
    session: Session | None = None

    @property
    def until(self) -> float:
        """When the session expires, in seconds since the UTC epoch."""
        return self.session.until if self.session else float("inf")


class Connections:
    """Tracks open sockets, and shuts those whose identity has no access any more; starts a thread with the first.

    A socket is forgotten with its connection, so ends need not be reported.

    Args:
        is_allowed: whether an identity still has access; called from the thread.
    """

    def __init__(self, is_allowed: Callable[[Identity], bool]) -> None:
        self._is_allowed = is_allowed
        self._lock = threading.Lock()
        self._open: WeakKeyDictionary[socket.socket, Identity] = WeakKeyDictionary()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def register(self, connection: socket.socket, identity: Identity | None) -> None:
        """Register whom a connection serves from now on; None for anybody."""
        with self._lock:
            if identity is None:
                self._open.pop(connection, None)
                return
            self._open[connection] = identity
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="access", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; the connections are left to the server."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * CHECK_EVERY)

    def _run(self) -> None:
        while not self._stop.wait(CHECK_EVERY):
            self._check_all()

    def _check_all(self) -> None:
        """Check all connections once; a function of its own, so that no variable keeps a socket afterwards."""
        with self._lock:
            known = list(self._open.items())
        for connection, identity in known:
            if identity.until < time.time() or not self._is_allowed(identity):
                self._end(connection, identity)

    def _end(self, connection: socket.socket, identity: Identity) -> None:
        with self._lock:
            self._open.pop(connection, None)
        with suppress(OSError):  # it has ended by itself
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # as a plain socket, TLS or not
            log.info("ended a connection of the grant %s", identity.grant)
