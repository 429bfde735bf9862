"""When the whole frame is searched for faces: at once for files, beside the stream for live sources."""

import math
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from faces import Box, Frame, Image


class Detector(Protocol):
    """What finds faces in a picture; used by one thread at a time."""

    def detect(self, image: Image) -> list[Box]:
        """All faces of a (height, width, 3) uint8 BGR picture."""
        ...

    def detect_near(self, image: Image, known: Sequence[Box]) -> list[Box]:
        """The faces that are still near where they were."""
        ...


class Search:
    """Searches a whole frame every so often, at once: every frame waits for its search.

    Args:
        detector: finds the faces.
        every: seconds, on the frames' own clock, between two searches; 0 for every frame.
    """

    def __init__(self, detector: Detector, every: float = 0.4) -> None:
        self._detector = detector
        self._every = every
        self._searched_at = -math.inf

    def find(self, frame: Frame) -> list[Box]:
        """The faces found by a search of this frame; none where it is not yet time for one."""
        if not self._is_due(frame):
            return []
        self._searched_at = frame.position
        return self._detector.detect(frame.image)

    def _is_due(self, frame: Frame) -> bool:
        return frame.position - self._searched_at >= self._every

    def close(self) -> None:
        """There is nothing to end."""


class BackgroundSearch(Search):
    """Searches in a thread of its own, so that a slow machine finds new faces later, but shows every frame in time.

    What was found in an older frame must be looked for again near by in the newest, where it may have moved.
    """

    def __init__(self, detector: Detector, every: float = 0.4) -> None:
        super().__init__(detector, every)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._going: Future[list[Box]] | None = None

    def find(self, frame: Frame) -> list[Box]:
        """The faces found since the last call, in the frame given to an earlier one."""
        found = []
        if self._going is not None and self._going.done():
            found = self._going.result()
            self._going = None
        if self._going is None and self._is_due(frame):
            self._searched_at = frame.position
            self._going = self._thread.submit(self._detector.detect, frame.image)
        return found

    def close(self) -> None:
        """Let the thread end with the search that it is at."""
        self._thread.shutdown(wait=False, cancel_futures=True)
