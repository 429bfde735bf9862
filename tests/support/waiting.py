"""Time in tests: waits for what must happen, and a clock that a test turns itself."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something holds; the limit is generous, since other programs may keep the machine busy.

    Raises:
        AssertionError: it does not within so many seconds.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen within {seconds:g} s"
        time.sleep(0.005)


class Clock:
    """Stands in for a module's `time`: it stands still until a test turns it, or somebody sleeps by it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        """Seconds, from any beginning."""
        return self.now

    def time(self) -> float:
        """The time of day, which goes on."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Turn it on by so much."""
        self.now += seconds
