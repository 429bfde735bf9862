"""When Haar runs: on known faces every so often, on the rest of the frame where something changed."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faces import Box, Image
from tracking.following import Grey

SWEEP = 5
"""The whole frame is searched at every so manieth search; the others leave out what has not changed."""
CHANGED = 14
"""Grey levels by which a spot must differ from the last search to count as changed: above a webcam's noise."""
SPOTS = 64
"""Spots across the frame that are compared."""
SURE = 15
"""Overlapping finds from which a face counts as found once more; Haar's mistakes have some ten at most."""
BORDER = 0.12
"""How far round what has changed is searched, as a share of the frame's height."""


class Detector(Protocol):
    """What finds faces in a picture; used by one thread at a time."""

    search_width: int

    def detect_new(self, image: Image, area: Box | None = None, known: Sequence[Box] = ()) -> list[tuple[Box, int]]:
        """The faces of a (height, width) uint8 picture, or of an area of it, that are not known.

        Each comes with the number of overlapping finds that it was made of.
        """
        ...

    def detect_near(self, image: Image, known: Box) -> Box | None:
        """A face that is still near where it was; None where it is not."""
        ...


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face that is known: its track's number, where it should be, whether Haar should look for it again, and whether
    it is in sight or was lost.
    """

    number: int
    box: Box
    wanted: bool = True
    in_sight: bool = True


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What Haar has found in a frame: every wanted face again, or None for it; and new ones, with how sure they are.

    New ones were found twice, by the search and by a closer look, or more often where many windows agree; in `doubtful`
    places the closer look saw none. Both were looked for only where it `searched`.
    """

    grey: Grey
    again: Sequence[tuple[KnownFace, Box | None]] = ()
    new: Sequence[tuple[Box, int]] = ()
    doubtful: Sequence[Box] = ()
    searched: bool = False


class Search:
    """Searches at once: every frame waits for what is due.

    Args:
        detector: finds the faces.
        every: seconds, on the frames' own clock, between two searches for new faces; 0 for every frame. While no face
            is in sight, it is half of that.
    """

    def __init__(self, detector: Detector, every: float = 0.4) -> None:
        self.width = detector.search_width
        self._detector = detector
        self._every = every
        self._searched_at = -math.inf
        self._searches = 0
        self._spots: NDArray[np.int16] | None = None

    def find(self, grey: Grey, known: Sequence[KnownFace]) -> SearchResult | None:
        """Look for the known faces that are wanted, and for new ones where it is time; None where nothing was due."""
        due = self._is_due(grey, known)
        return self._look(grey, known, due) if due or any(face.wanted for face in known) else None

    def _is_due(self, grey: Grey, known: Sequence[KnownFace]) -> bool:
        every = self._every if any(face.in_sight for face in known) else self._every / 2
        return grey.position - self._searched_at >= every - 1e-6

    def _look(self, grey: Grey, known: Sequence[KnownFace], due: bool) -> SearchResult:
        again = [(face, self._again(grey, face.box)) for face in known if face.wanted]
        if not due:
            return SearchResult(grey, again)
        return SearchResult(grey, again, *self._new(grey, known), searched=True)

    def _near(self, grey: Grey, box: Box) -> Box | None:
        return self._detector.detect_near(grey.image, box)

    def _again(self, grey: Grey, box: Box) -> Box | None:
        found = self._near(grey, _scaled(box, grey.scale))
        return None if found is None else _scaled(found, 1 / grey.scale)

    def _new(self, grey: Grey, known: Sequence[KnownFace]) -> tuple[list[tuple[Box, int]], list[Box]]:
        """The faces found in the part that is searched and again by a closer look, with their votes; and the others."""
        self._searched_at = grey.position
        boxes = [_scaled(face.box, grey.scale) for face in known if face.in_sight]
        area = self._area(grey.image, boxes)
        found = self._detector.detect_new(grey.image, area, boxes) if area is not None else []
        sure, doubtful = list[tuple[Box, int]](), list[Box]()
        for box, count in found:
            closer = self._near(grey, box)
            if closer is None:
                doubtful.append(_scaled(box, 1 / grey.scale))
            else:
                sure.append((_scaled(closer, 1 / grey.scale), 3 if count >= SURE else 2))
        return sure, doubtful

    def _area(self, image: Image, known: Sequence[Box]) -> Box | None:
        """The part of the frame to search; None where nothing has changed beside the known faces."""
        rows, columns = image.shape
        size = (SPOTS, max(1, round(SPOTS * rows / columns)))
        spots = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.int16)
        before, self._spots = self._spots, spots
        self._searches += 1
        if before is None or before.shape != spots.shape or self._searches % SWEEP == 0:
            return Box(0, 0, columns, rows)
        changed = np.abs(spots - before) > CHANGED
        step = columns / SPOTS
        for box in known:
            top, left = max(0, int(box.y / step)), max(0, int(box.x / step))
            changed[top : int((box.y + box.height) / step) + 1, left : int((box.x + box.width) / step) + 1] = False
        if not changed.any():
            return None
        down, across = np.nonzero(changed.any(axis=1))[0], np.nonzero(changed.any(axis=0))[0]
        border = BORDER * rows
        left, right = max(0.0, across[0] * step - border), min(columns, (across[-1] + 1) * step + border)
        top, bottom = max(0.0, down[0] * step - border), min(rows, (down[-1] + 1) * step + border)
        return Box(int(left), int(top), int(right - left), int(bottom - top))

    def close(self) -> None:
        """There is nothing to end."""


class BackgroundSearch(Search):
    """Searches in a thread of its own, so that a slow machine finds faces later, but shows every frame in time.

    What it returns was found in an older frame; `SearchResult` says in which.

    Args:
        detector, every: as for `Search`.
        share: how much of the time the thread may work; it rests in between, the longer the slower the machine is.
    """

    def __init__(self, detector: Detector, every: float = 0.4, share: float = 0.5) -> None:
        super().__init__(detector, every)
        self._share = share
        self._rested_at = -math.inf
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._going: Future[SearchResult] | None = None

    def find(self, grey: Grey, known: Sequence[KnownFace]) -> SearchResult | None:
        """What was found since the last call, in the frame given to an earlier one; None where nothing is ready."""
        ready = None
        if self._going is not None and self._going.done():
            ready, self._going = self._going.result(), None
        if self._going is None and time.monotonic() >= self._rested_at:
            due = self._is_due(grey, known)
            if due or any(face.wanted for face in known):
                self._going = self._thread.submit(self._timed, grey, tuple(known), due)
        return ready

    def _timed(self, grey: Grey, known: Sequence[KnownFace], due: bool) -> SearchResult:
        start = time.monotonic()
        finds = self._look(grey, known, due)
        end = time.monotonic()
        self._rested_at = end + (end - start) * (1 / self._share - 1)
        return finds

    def close(self) -> None:
        """Let the thread end with the search that it is at."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _scaled(box: Box, scale: float) -> Box:
    if scale == 1:
        return box
    return replace(
        box,
        x=round(box.x * scale),
        y=round(box.y * scale),
        width=max(1, round(box.width * scale)),
        height=max(1, round(box.height * scale)),
    )
