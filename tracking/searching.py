"""When the detector runs: on known faces regularly, on the rest of the frame where something has changed."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from faces import Box, Detection, Image
from tracking.following import Grey

CHANGED = 14
"""Grey levels by which a cell must differ from the last search to count as changed: above a webcam's noise."""
CELLS = 64
"""Cells across the frame that are compared."""
SURE = 0.75
"""Certainty from which a face gets one vote more. For Haar that is 15 overlapping windows; false ones have some ten."""
POSSIBLE = 0.3
"""Certainty from which a place that a closer check does not confirm may be a face all the same."""
BORDER = 0.12
"""Margin around what has changed that is searched as well, as a share of the frame's height."""


class Detector(Protocol):
    """A face detector; used by one thread at a time.

    `reduced`: whether it searches the reduced frame, or the whole. `together`: whether checking several known faces
    costs it hardly more than one. `sweep`: every so many searches take the whole frame; the others skip what has not
    changed. `check_every`: seconds after which a known face is checked again.
    """

    search_width: int
    reduced: bool
    together: bool
    sweep: int
    check_every: float

    def detect_new(self, image: Image, area: Box | None = None, known: Sequence[Box] = ()) -> list[Detection]:
        """Detect candidates for new faces in a (height, width) uint8 picture or an area of it; no known ones."""
        ...

    def confirm(self, image: Image, places: Sequence[Detection]) -> list[Detection | None]:
        """Check candidates of `detect_new` more closely; None for each that is no face."""
        ...

    def detect_known(self, image: Image, faces: Sequence[Detection]) -> list[Detection | None]:
        """Detect each of some faces near where it was; None for one that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A known face: its track's number, its predicted box, whether the detector should check it again, whether it is in
    sight or was lost, and its tilt in degrees.
    """

    number: int
    box: Box
    wanted: bool = True
    in_sight: bool = True
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The result of a search in a frame: for every checked face its detection or None, and new faces with their votes.

    New faces were detected twice, by the search and by a closer check, and get one vote more where that is very
    certain. In `doubtful` places the closer check found none. Both are empty unless it `searched`.
    """

    grey: Grey
    again: Sequence[tuple[KnownFace, Detection | None]] = ()
    new: Sequence[tuple[Detection, int]] = ()
    doubtful: Sequence[Box] = ()
    searched: bool = False


class Search:
    """Searches synchronously: every frame waits for what is due.

    Args:
        detector: detects the faces.
        every: seconds, on the frames' own clock, between two searches for new faces; 0 for every frame. Half of that
            while no face is in sight.
    """

    def __init__(self, detector: Detector, every: float = 0.4) -> None:
        self.width = detector.search_width
        self.check_every = detector.check_every
        self._detector = detector
        self._every = every
        self._searched_at = -math.inf
        self._searches = 0
        self._cells: NDArray[np.int16] | None = None

    def find(self, grey: Grey, known: Sequence[KnownFace]) -> SearchResult | None:
        """Check the known faces that are wanted, and search for new ones when it is time; None when nothing was due."""
        due = self._is_due(grey, known)
        return self._run(grey, known, due) if due or any(face.wanted for face in known) else None

    def _is_due(self, grey: Grey, known: Sequence[KnownFace]) -> bool:
        every = self._every if any(face.in_sight for face in known) else self._every / 2
        return grey.position - self._searched_at >= every - 1e-6

    def _run(self, grey: Grey, known: Sequence[KnownFace], due: bool) -> SearchResult:
        again = self._recheck(grey, known)
        if not due:
            return SearchResult(grey, again)
        return SearchResult(grey, again, *self._new(grey, known), searched=True)

    def _recheck(self, grey: Grey, known: Sequence[KnownFace]) -> list[tuple[KnownFace, Detection | None]]:
        """Check the known faces that are wanted, and with them those in sight where that costs nothing more."""
        if not any(face.wanted for face in known):
            return []
        checked = [face for face in known if face.wanted or (self._detector.together and face.in_sight)]
        image, scale = self._searched(grey)
        faces = [Detection(face.box, angle=face.angle).scaled(scale) for face in checked]
        found = self._detector.detect_known(image, faces)
        again = [None if each is None else each.scaled(1 / scale) for each in found]
        return list(zip(checked, again, strict=True))

    def _searched(self, grey: Grey) -> tuple[Image, float]:
        """The picture that the detector searches, and its pixels per pixel of the frame."""
        return (grey.image, grey.scale) if self._detector.reduced or grey.whole is None else (grey.whole, 1.0)

    def _new(self, grey: Grey, known: Sequence[KnownFace]) -> tuple[list[tuple[Detection, int]], list[Box]]:
        """Search for new faces; return those that a closer check confirms, with their votes, and the others."""
        self._searched_at = grey.position
        in_sight = [face.box for face in known if face.in_sight]
        area = self._area(grey.image, [box.scaled(grey.scale) for box in in_sight])
        if area is None:
            return [], []
        image, scale = self._searched(grey)
        found = self._detector.detect_new(
            image, area.scaled(scale / grey.scale), [box.scaled(scale) for box in in_sight]
        )
        confirmed, doubtful = list[tuple[Detection, int]](), list[Box]()
        for place, closer in zip(found, self._detector.confirm(image, found), strict=True):
            if closer is not None:
                confirmed.append((closer.scaled(1 / scale), 3 if max(place.certainty, closer.certainty) >= SURE else 2))
            elif place.certainty >= POSSIBLE:
                doubtful.append(place.box.scaled(1 / scale))
        return confirmed, doubtful

    def _area(self, image: Image, known: Sequence[Box]) -> Box | None:
        """The area of the frame to search; None when nothing has changed beside the known faces."""
        rows, columns = image.shape
        size = (CELLS, max(1, round(CELLS * rows / columns)))
        cells = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.int16)
        previous, self._cells = self._cells, cells
        self._searches += 1
        if previous is None or previous.shape != cells.shape or self._searches % self._detector.sweep == 0:
            return Box(0, 0, columns, rows)
        changed = np.abs(cells - previous) > CHANGED
        step = columns / CELLS
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
        """Do nothing: there is no thread to end."""


class BackgroundSearch(Search):
    """Searches in a background thread: a slow machine detects faces later, but shows every frame in time.

    A result belongs to an older frame; `SearchResult.grey` is that frame.

    Args:
        detector, every: as for `Search`.
        share: share of the time that the thread may work; it sleeps in between, longer on slower machines.
    """

    def __init__(self, detector: Detector, every: float = 0.4, share: float = 0.5) -> None:
        super().__init__(detector, every)
        self._share = share
        self._rested_at = -math.inf
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="search")
        self._pending: Future[SearchResult] | None = None

    def find(self, grey: Grey, known: Sequence[KnownFace]) -> SearchResult | None:
        """Return the result that has become ready, of a frame from an earlier call; None when there is none."""
        ready = None
        if self._pending is not None and self._pending.done():
            ready, self._pending = self._pending.result(), None
        if self._pending is None and time.monotonic() >= self._rested_at:
            due = self._is_due(grey, known)
            if due or any(face.wanted for face in known):
                self._pending = self._thread.submit(self._timed, grey, tuple(known), due)
        return ready

    def _timed(self, grey: Grey, known: Sequence[KnownFace], due: bool) -> SearchResult:
        start = time.monotonic()
        result = self._run(grey, known, due)
        end = time.monotonic()
        self._rested_at = end + (end - start) * (1 / self._share - 1)
        return result

    def close(self) -> None:
        """Let the thread end after its current search."""
        self._thread.shutdown(wait=False, cancel_futures=True)
