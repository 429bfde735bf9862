"""The expressions of a whole video in a few hundred steps: what its time line shows."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces import Face
from media.results.results import FileResult

STEPS = 480
"""Steps at most: about one a pixel of a phone's screen."""
FRAMES = 3
"""Frames of a step, on average: an uneven clock shall leave few empty."""
HELD = 1.0
"""Seconds for which a frame stands when none follows: a camera that stalls for a moment has not lost its faces."""

Positions = NDArray[np.intp]


class TimelineBuilder:
    """How the expressions go, frame by frame; small enough to keep for hours (44 bytes a frame with seven labels)."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._none = np.full(len(self._labels), np.nan, np.float32)
        self._seconds, self._counts, self._means = array("d"), array("i"), array("f")

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Take in the faces of the next frame."""
        read = [face.probabilities for face in faces if face.probabilities]
        self._seconds.append(seconds)
        self._counts.append(len(faces))
        self._means.frombytes((np.mean(read, axis=0) if read else self._none).astype(np.float32).tobytes())

    def __len__(self) -> int:
        return len(self._seconds)

    def line(self, duration: float) -> dict[str, Any]:
        """The mean probabilities of all faces, step by step.

        Returns `duration` and `step` in seconds, `labels`, `mean` with a list of probabilities in their order (None
        where no face was in view), `faces` with the most at once, and `shares` with the mean of all steps by label.
        """
        count = max(1, min(STEPS, len(self) // FRAMES))
        step = max(duration, 1e-3) / count
        places, frames = self._places(count, step)
        means = np.array(self._means, float).reshape(len(self), len(self._labels))[frames]
        read = ~np.isnan(means).any(axis=1)
        sums, most = np.zeros((count, len(self._labels))), np.zeros(count, int)
        np.add.at(sums, places[read], means[read])
        np.maximum.at(most, places, np.array(self._counts, int)[frames])
        weights = np.bincount(places[read], minlength=count)
        mean = [_rounded(row / weight) if weight else None for row, weight in zip(sums, weights, strict=True)]
        seen = [row for row in mean if row is not None]
        shares = _rounded(np.mean(seen, axis=0)) if seen else []
        return {
            "duration": round(duration, 4),
            "step": step,
            "labels": self._labels,
            "mean": mean,
            "faces": most.tolist(),
            "shares": dict(zip(self._labels, shares, strict=False)),
        }

    def _places(self, count: int, step: float) -> tuple[Positions, Positions]:
        """Steps and the frames that they show: (N,) each; a step without one shows the frame that stands then."""
        seconds = np.array(self._seconds)
        places = np.minimum((seconds / step).astype(np.intp), count - 1)
        starts = np.arange(count) * step
        before = np.searchsorted(seconds, starts, side="right") - 1
        empty = np.bincount(places, minlength=count) == 0
        held = np.flatnonzero(empty & (before >= 0) & (starts - seconds[before] <= HELD))
        return np.concatenate([places, held]), np.concatenate([np.arange(len(self)), before[held]])


def timeline(finding: FileResult, duration: float) -> dict[str, Any]:
    """The time line of a video that was read, as `TimelineBuilder.line` gives it."""
    course = TimelineBuilder(finding.labels)
    for _, seconds, faces in finding.frames:
        course.add(seconds, faces)
    return course.line(duration)


def _rounded(row: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in row]
