"""Who may work at a time, and how many may wait for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Overloaded(Exception):  # noqa: N818 - a limit is no error
    """As many wait already as may, a turn did not come in time, or there is no process for it; says which."""


class Admission:
    """Lets some threads at a time through and keeps others waiting, in the order in which they came.

    Args:
        at_once: threads that may work at a time.
        waiting: threads that may wait; one more is refused at once.
        patience: seconds after which a thread that waits is refused.
    """

    def __init__(self, at_once: int, waiting: int, patience: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._most = at_once + waiting
        self._patience = patience
        self._guard = threading.Lock()
        self._present = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it for the `with` block.

        Raises:
            Crowded: there is no room to wait, or no turn came in time.
        """
        with self._guard:
            if self._present >= self._most:
                raise Overloaded(f"{self._present} are at it or waiting already")
            self._present += 1
        try:
            if not self._free.acquire(timeout=self._patience):
                raise Overloaded(f"no turn came within {self._patience:g} s")
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._guard:
                self._present -= 1
