"""Detectors of silent failures of an open camera: no picture comes, or the same one again and again."""

import statistics
import time
from collections import deque

import numpy as np

from errors import SourceError
from faces import Image

SILENCE = 0.6
"""Seconds without a frame after which a camera with a normal frame rate counts as silent."""
MISSED = 3.0
"""The limit for slow cameras, in multiples of their usual interval."""
ENOUGH = 3
"""Intervals that are needed to know the usual one."""
STEP = 8
"""Two pictures are first compared at every eighth pixel, in both directions."""


class SilenceDetector:
    """Tells a stopped camera from a slow one by the median of its last intervals, which an outage does not change.

    One thread reports frames, any thread may read `remaining`.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._gaps: deque[float] = deque(maxlen=5)

    def frame_arrived(self) -> None:
        """Note that a frame has arrived."""
        now = time.monotonic()
        self._gaps.append(now - self._since)
        self._since = now

    @property
    def remaining(self) -> float:
        """Seconds until the camera counts as silent; 0 or less when it is."""
        gaps = tuple(self._gaps)
        usual = statistics.median(gaps) if len(gaps) >= ENOUGH else 0.0
        return max(SILENCE, MISSED * usual) - (time.monotonic() - self._since)


class FrozenDetector:
    """Detects a frozen camera: its pictures are identical to the last bit, which a sensor's noise prevents otherwise.

    The detector is kept when the camera is reopened, so that an unchanged picture never counts as a new one.

    Args:
        limit: seconds for which a picture may stay the same; 0 for no limit.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._first: Image | None = None
        self._since = 0.0

    def check(self, image: Image) -> None:
        """Check a picture, (height, width, 3) uint8 BGR.

        Raises:
            SourceError: it has not changed for longer than the limit.
        """
        if not self._limit:
            return
        now = time.monotonic()
        if self._first is None or _differ(self._first[::STEP, ::STEP], image[::STEP, ::STEP]):
            self._first, self._since = image, now
        elif now - self._since > self._limit:
            if not _differ(self._first, image):  # the full comparison, after the sparse one has long shown no change
                raise SourceError(
                    f"its picture has not changed for {now - self._since:.0f} s; uncover it, or switch it off and on "
                    "(--frozen 0 lets still pictures pass)"
                )
            self._first, self._since = image, now


def _differ(one: Image, other: Image) -> bool:
    return one.shape != other.shape or not np.array_equal(one, other)
