"""Admission control: how many threads work at a time, and how many may wait."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Overloaded(Exception):  # noqa: N818 - a limit is no error
    """The waiting room is full, the wait timed out, or no process can be started; the message says which."""


class Admission:
    """Lets a number of threads work at a time; others wait in the order in which they came.

    Args:
        at_once: threads that may work at a time.
        waiting: threads that may wait; one more is refused at once.
        timeout: seconds after which a waiting thread is refused.
    """

    def __init__(self, at_once: int, waiting: int, timeout: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._most = at_once + waiting
        self._timeout = timeout
        self._guard = threading.Lock()
        self._present = 0

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Wait for a free place, and hold it for the `with` block.

        Raises:
            Overloaded: the waiting room is full, or no place became free in time.
        """
        with self._guard:
            if self._present >= self._most:
                raise Overloaded(f"{self._present} are working or waiting already")
            self._present += 1
        try:
            if not self._free.acquire(timeout=self._timeout):
                raise Overloaded(f"no place became free within {self._timeout:g} s")
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._guard:
                self._present -= 1
