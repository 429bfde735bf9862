"""Two ways in which an open camera fails without saying so: no picture comes, or one and the same again and again."""

import statistics
import time
from collections import deque

import numpy as np

from errors import SourceError
from faces import Image

SILENCE = 0.6
"""Seconds without a frame after which a camera of a usual pace counts as silent."""
MISSED = 3.0
"""The same for slow cameras, in their own usual intervals."""
ENOUGH = 3
"""Intervals from which it is told what is usual."""
STEP = 8
"""Every how many pixels, each way, two pictures are compared at first."""


class SilenceDetector:
    """Tells a camera that has stopped from one that is slow, by its last intervals; their median forgets an outage.

    One thread takes note of frames, any other may ask.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._gaps: deque[float] = deque(maxlen=5)

    def frame_arrived(self) -> None:
        """Take note of a frame."""
        now = time.monotonic()
        self._gaps.append(now - self._since)
        self._since = now

    @property
    def remaining(self) -> float:
        """Seconds until the camera counts as silent; 0 or less when it does."""
        gaps = tuple(self._gaps)
        usual = statistics.median(gaps) if len(gaps) >= ENOUGH else 0.0
        return max(SILENCE, MISSED * usual) - (time.monotonic() - self._since)


class FrozenDetector:
    """Tells a camera that has frozen by pictures that are the same to the last bit, which a sensor's noise prevents.

    It is kept while the camera is opened again, so that a picture that stays the same is never taken for a new one.

    Args:
        limit: seconds for which a picture may stay the same; 0 for any time.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._first: Image | None = None
        self._since = 0.0

    def check(self, image: Image) -> None:
        """Take note of a picture, (height, width, 3) uint8 BGR.

        Raises:
            SourceError: it has not changed for longer than the limit.
        """
        if not self._limit:
            return
        now = time.monotonic()
        if self._first is None or _differ(self._first[::STEP, ::STEP], image[::STEP, ::STEP]):
            self._first, self._since = image, now
        elif now - self._since > self._limit:
            if not _differ(self._first, image):  # the costly look, after the sparse one has long seen no change
                raise SourceError(
                    f"its picture has not changed for {now - self._since:.0f} s; uncover it, or switch it off and on "
                    "(--frozen 0 lets still pictures pass)"
                )
            self._first, self._since = image, now


def _differ(one: Image, other: Image) -> bool:
    return one.shape != other.shape or not np.array_equal(one, other)
