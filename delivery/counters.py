"""Counters and rates: rates over the last seconds, sums since the start."""

import threading
import time
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

DELAYS = (0.005, 0.01, 0.02, 0.03, 0.045, 0.06, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.0)
"""Upper bounds of the histogram's buckets, in seconds."""


class Rate:
    """Events a second over the last few seconds."""

    def __init__(self, window: float = 3.0) -> None:
        self._window = window
        self._times: deque[float] = deque()

    def count(self) -> None:
        """Count one event, now."""
        self._times.append(time.monotonic())
        self._forget()

    def _forget(self) -> None:
        oldest = time.monotonic() - self._window
        with suppress(IndexError):  # empty, or another thread has emptied it
            while self._times[0] < oldest:
                self._times.popleft()

    @property
    def value(self) -> float:
        """Events a second, 0 before the second one."""
        self._forget()
        times = tuple(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


class Growth:
    """The growth rate of a counter, from its readings: the average since a reading some seconds ago."""

    def __init__(self, window: float = 3.0) -> None:
        self._window = window
        self._lock = threading.Lock()
        self._readings: deque[tuple[float, float]] = deque()

    def read(self, value: float) -> float:
        """Add a reading of the counter, now; return its growth per second."""
        now = time.monotonic()
        with self._lock:
            if not self._readings or now - self._readings[-1][0] > 0.1:
                self._readings.append((now, value))
            while len(self._readings) > 2 and now - self._readings[1][0] > self._window:
                self._readings.popleft()
            then, before = self._readings[0]
        return (value - before) / (now - then) if now - then > 0.1 else 0.0


class Throughput:
    """Frames and bytes per second that viewers are sent, from counts such as `Viewers.counts`."""

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts
        self._frames, self._bytes = Growth(), Growth()

    def read(self) -> dict[str, float]:
        """The current frames and bytes per second and the totals, as in the API."""
        counts = self._counts()
        return {
            "fps": round(self._frames.read(counts["frames"]), 1),
            "bytes_per_second": round(self._bytes.read(counts["sent"])),
            "frames": counts["frames"],
            "bytes": counts["sent"],
        }


class Counts:
    """Number and sum of observed amounts, by labels; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, ...], tuple[int, float]] = defaultdict(lambda: (0, 0.0))

    def add(self, labels: tuple[str, ...], amount: float) -> None:
        """Add one observation."""
        with self._lock:
            count, total = self._counts[labels]
            self._counts[labels] = count + 1, total + amount

    def read(self) -> dict[tuple[str, ...], tuple[int, float]]:
        """Number and sum since the start, by labels."""
        with self._lock:
            return dict(self._counts)


@dataclass
class Histogram:
    """A histogram with the buckets of `DELAYS`, and the number and sum of its values."""

    classes: list[int] = field(default_factory=lambda: [0] * (len(DELAYS) + 1))
    count: int = 0
    total: float = 0.0

    def add(self, value: float) -> None:
        """Add one value, in seconds."""
        self.classes[bisect_left(DELAYS, value)] += 1
        self.count += 1
        self.total += value


@dataclass
class Counters:
    """One camera's counters since the server started. Each field has one writing thread.

    Attributes:
        captured: frames read from the source.
        analysed: frames that went through the pipeline.
        overtaken: frames that a newer one replaced before they were analysed.
        failures: failures of the source.
        stages: for each stage, its number of runs and their total seconds.
        delay: seconds from the capture of each frame until its JPEG was ready.
        since: start of the counting, as Unix time.
    """

    captured: int = 0
    analysed: int = 0
    overtaken: int = 0
    failures: int = 0
    stages: dict[str, tuple[int, float]] = field(default_factory=dict)
    delay: Histogram = field(default_factory=Histogram)
    since: float = field(default_factory=time.time, compare=False)

    def record_frame(self, timings: Mapping[str, float], delay: float) -> None:
        """Count a frame that is ready to be sent."""
        self.analysed += 1
        self.delay.add(delay)
        for stage, seconds in timings.items():
            count, total = self.stages.get(stage, (0, 0.0))
            self.stages[stage] = (count + 1, total + seconds)
