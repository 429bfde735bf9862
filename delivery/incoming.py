"""Requests under gunicorn: a deadline for slow ones, and `Connection: close` where a body is left unread."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from socket import SHUT_RD
from typing import Any

from gunicorn.http.body import ChunkedReader, LengthReader

LIMIT = 20.0
"""Seconds within which a whole request must arrive, uploaded files excepted."""
CHECK_EVERY = 1.0
"""Seconds between checks for late requests."""
MAX_DRAINED = 64 * 1024
"""Bytes of an unread body that gunicorn reads and discards, so that the connection can be used again."""


@dataclass(slots=True)
class _Pending:
    """A connection that a thread reads from, with gunicorn's request once its head has arrived."""

    connection: Any
    until: float
    request: Any = None

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.until and (self.request is None or unread_bytes(self.request) > 0)


class Deadlines:
    """Ends requests that are sent byte by byte: each would occupy a thread for as long as it likes.

    The kernel's own time limit counts from byte to byte. Here a thread checks every second which requests are late, and
    shuts their connections for reading. The constructor starts nothing.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._pending: dict[int, _Pending] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, connection: Any) -> Iterator[None]:
        """Apply the limit to gunicorn's connection, which this thread serves in the `with` block."""
        self._start_watching()
        me = threading.get_ident()
        self._pending[me] = _Pending(connection, time.monotonic() + self._limit)
        try:
            yield
        finally:
            del self._pending[me]

    def head_received(self, request: Any, slowly: bool) -> None:
        """Note that this thread has the head of gunicorn's request; a body that may come `slowly` has no limit."""
        pending = self._pending.get(threading.get_ident())
        if pending is not None:
            pending.request = request
            pending.until = math.inf if slowly else pending.until

    def _start_watching(self) -> None:
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._watch, name="deadlines", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        while not self._stop.wait(CHECK_EVERY):
            for pending in list(self._pending.values()):
                if pending.is_late:
                    pending.until = math.inf
                    with suppress(OSError):
                        pending.connection.sock.shutdown(SHUT_RD)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()


def unread_bytes(request: Any) -> float:
    """Bytes of the body of gunicorn's request that are still unread; infinite for an unfinished chunked body."""
    reader = getattr(request.body, "reader", None)
    if isinstance(reader, ChunkedReader):
        return math.inf if reader.parser else 0
    return reader.length if isinstance(reader, LengthReader) else 0


def close_unread(request: Any) -> None:
    """Make the response say `Connection: close` where gunicorn will close the connection without saying so.

    It closes it when more of the body is left than it discards, as with a video that is refused for its size. A client
    that does not know sends its next request on that connection, and nginx then answers 502.

    Args:
        request: gunicorn's request, before the application gets it.
    """
    should_close = request.should_close
    request.should_close = lambda: should_close() or unread_bytes(request) > MAX_DRAINED
