"""What comes in under gunicorn: whole within a time, and where the rest of it is not wanted, the client is told so."""

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
"""Seconds within which a request must have come whole, but for a file that is handed in."""
CHECK_EVERY = 1.0
"""Seconds between looks for those that have not."""
MAX_DRAINED = 64 * 1024
"""Bytes of a body that nobody wanted which gunicorn reads away, so that the connection may be used again."""


@dataclass(slots=True)
class _Wait:
    """A connection on which a thread waits; of gunicorn's request as soon as its head has come."""

    connection: Any
    until: float
    asked: Any = None

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self.until and (self.asked is None or unread_bytes(self.asked) > 0)


class Deadlines:
    """Lets go who sends a request byte by byte: each would keep a thread for as long as it likes.

    The kernel's own time limit counts from byte to byte. Here a thread looks every second who is over time, and ends
    the reading of their connection. Building it starts nothing.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self._limit = limit
        self._waits: dict[int, _Wait] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._watch: threading.Thread | None = None

    @contextmanager
    def limit(self, connection: Any) -> Iterator[None]:
        """Hold gunicorn's connection, which this thread serves for the `with` block, to the limit."""
        self._see_to_watch()
        me = threading.get_ident()
        self._waits[me] = _Wait(connection, time.monotonic() + self._limit)
        try:
            yield
        finally:
            del self._waits[me]

    def head_received(self, asked: Any, slowly: bool) -> None:
        """The head of gunicorn's request has come to this thread; its body may come `slowly`, or has the same limit."""
        wait = self._waits.get(threading.get_ident())
        if wait is not None:
            wait.asked = asked
            wait.until = math.inf if slowly else wait.until

    def _see_to_watch(self) -> None:
        with self._lock:
            if self._watch is None and not self._stop.is_set():
                self._watch = threading.Thread(target=self._go_on_watching, name="deadlines", daemon=True)
                self._watch.start()

    def _go_on_watching(self) -> None:
        while not self._stop.wait(CHECK_EVERY):
            for wait in list(self._waits.values()):
                if wait.is_over:
                    wait.until = math.inf
                    with suppress(OSError):
                        wait.connection.sock.shutdown(SHUT_RD)

    def close(self) -> None:
        """End the watching."""
        self._stop.set()


def unread_bytes(asked: Any) -> float:
    """Bytes that are still to be read of the body of gunicorn's request; nobody knows how many come in chunks."""
    reader = getattr(asked.body, "reader", None)
    if isinstance(reader, ChunkedReader):
        return math.inf if reader.parser else 0
    return reader.length if isinstance(reader, LengthReader) else 0


def close_unread(asked: Any) -> None:
    """Have the answer say that the connection is closed where gunicorn, which says nothing of it, will close it.

    It does so where more of the body is left than it reads away, as with a video that is refused for its size. A client
    who has not been told sends its next request on that connection, and nginx then answers 502.

    Args:
        asked: gunicorn's request, before the application has it.
    """
    usual = asked.should_close
    asked.should_close = lambda: usual() or unread_bytes(asked) > MAX_DRAINED
