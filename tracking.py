"""Which face is which between frames, and smoothing over time."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from faces import Box, Face

MIN_OVERLAP = 0.2
"""Intersection over union from which a find may be the same face as in the frame before."""
CONFIRM_AFTER = 3
"""Frames in which a face must be found before it is shown: Haar's mistakes seldom last as long."""
KEEP_FOR = 0.4
"""Seconds for which a face is still shown after Haar has missed it."""
BOX_SMOOTHING = 0.08
"""Time constant of the box, in seconds: long enough against jitter, short enough not to trail."""


@dataclass(slots=True)
class Track:
    """One face over time; box edges as floats, so that smoothing does not round twice."""

    number: int
    edges: NDArray[np.float64]
    seen_at: float
    found: int = 1
    settled_at: float = 0.0
    log_probabilities: NDArray[np.float64] | None = field(default=None)

    @property
    def box(self) -> Box:
        """The smoothed box in whole pixels."""
        x, y, width, height = (round(float(edge)) for edge in self.edges)
        return Box(x, y, max(1, width), max(1, height))


class Tracker:
    """Follows faces from frame to frame: first `follow` with the boxes found, then `settle` with the probabilities.

    Boxes are paired with tracks greedily by intersection over union, as in Bewley et al., "Simple Online and Realtime
    Tracking" (2016), without its motion model. Times are seconds on one clock, never going back.

    Args:
        smoothing: time constant of the probabilities in seconds; 0 for none.
    """

    def __init__(self, smoothing: float = 0.4) -> None:
        self._smoothing = smoothing
        self._tracks: list[Track] = []
        self._next = 1

    def follow(self, boxes: Sequence[Box], now: float) -> list[Track]:
        """Take in the boxes of one frame; return the tracks to show, oldest first."""
        free = list(boxes)
        for track, box in self._pairs(boxes):
            self._move(track, box, now)
            free.remove(box)
        for box in free:
            self._tracks.append(Track(self._next, _edges(box), now))
            self._next += 1
        self._tracks = [track for track in self._tracks if self._is_kept(track, now)]
        return [track for track in self._tracks if track.found >= CONFIRM_AFTER]

    @property
    def boxes(self) -> list[Box]:
        """Where faces were last, shown or not."""
        return [track.box for track in self._tracks]

    def _pairs(self, boxes: Sequence[Box]) -> list[tuple[Track, Box]]:
        overlaps = [
            (track.box.overlap(box), t, b) for t, track in enumerate(self._tracks) for b, box in enumerate(boxes)
        ]
        pairs: dict[int, int] = {}
        for overlap, t, b in sorted(overlaps, reverse=True):
            if overlap >= MIN_OVERLAP and t not in pairs and b not in pairs.values():
                pairs[t] = b
        return [(self._tracks[t], boxes[b]) for t, b in pairs.items()]

    def _move(self, track: Track, box: Box, now: float) -> None:
        share = _share(now - track.seen_at, BOX_SMOOTHING)
        track.edges += share * (_edges(box) - track.edges)
        track.seen_at = now
        track.found += 1

    def _is_kept(self, track: Track, now: float) -> bool:
        """An unconfirmed track must be found in every frame; a confirmed one may be missed for a while."""
        missed = now - track.seen_at
        return missed <= (KEEP_FOR if track.found >= CONFIRM_AFTER else 0)

    def settle(
        self, tracks: Sequence[Track], probabilities: NDArray[np.float32], labels: tuple[str, ...], now: float
    ) -> tuple[Face, ...]:
        """Smooth the probabilities, (N, len(labels)), of the tracks that `follow` gave; return the faces.

        Smoothing is exponential and in the log domain, where one uncertain frame weighs less than in the linear one.
        """
        return tuple(
            Face(track.box, labels, self._smooth(track, row, now), track.number)
            for track, row in zip(tracks, probabilities, strict=True)
        )

    def _smooth(self, track: Track, probabilities: NDArray[np.float32], now: float) -> tuple[float, ...]:
        new = np.log(np.maximum(probabilities.astype(np.float64), 1e-6))
        if track.log_probabilities is None:
            track.log_probabilities = new
        else:
            share = _share(now - track.settled_at, self._smoothing)
            track.log_probabilities += share * (new - track.log_probabilities)
        track.settled_at = now
        smooth = np.exp(track.log_probabilities)
        return tuple(float(p) for p in smooth / smooth.sum())


def _edges(box: Box) -> NDArray[np.float64]:
    return np.array([box.x, box.y, box.width, box.height], np.float64)


def _share(elapsed: float, time_constant: float) -> float:
    """How much of the way to a new value is gone in `elapsed` seconds: the same for any frame rate."""
    return 1 - math.exp(-max(elapsed, 0.0) / time_constant) if time_constant > 0 else 1.0
