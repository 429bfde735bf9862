"""The expressions of a whole video in a few hundred steps, for its time line."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from faces import Face
from media.results.results import FileResult

STEPS = 480
"""Most steps: about one for each pixel of a phone's screen."""
FRAMES = 3
"""Average frames in a step; with fewer, an uneven clock would leave steps empty."""
HELD = 1.0
"""Seconds for which a frame stands if none follows: a camera that stalls for a moment has not lost its faces."""

Positions = NDArray[np.intp]


class TimelineBuilder:
    """Collects expressions frame by frame; 44 bytes a frame with seven labels, so hours fit into memory."""

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._none = np.full(len(self._labels), np.nan, np.float32)
        self._seconds, self._counts, self._means = array("d"), array("i"), array("f")

    def add(self, seconds: float, faces: Sequence[Face]) -> None:
        """Add the faces of the next frame."""
        read = [face.probabilities for face in faces if face.probabilities]
        self._seconds.append(seconds)
        self._counts.append(len(faces))
        self._means.frombytes((np.mean(read, axis=0) if read else self._none).astype(np.float32).tobytes())

    def __len__(self) -> int:
        return len(self._seconds)

    def build(self, duration: float) -> dict[str, Any]:
        """Return the mean probabilities of all faces, step by step.

        A dict of `duration` and `step` in seconds, `labels`, `mean` with a list of probabilities in their order (None
        if no face was in view), `faces` with the most at once, and `shares` with the mean of all steps by label.
        """
        count = max(1, min(STEPS, len(self) // FRAMES))
        step = max(duration, 1e-3) / count
        steps, frames = self._assign_steps(count, step)
        means = np.array(self._means, float).reshape(len(self), len(self._labels))[frames]
        read = ~np.isnan(means).any(axis=1)
        sums, most = np.zeros((count, len(self._labels))), np.zeros(count, int)
        np.add.at(sums, steps[read], means[read])
        np.maximum.at(most, steps, np.array(self._counts, int)[frames])
        weights = np.bincount(steps[read], minlength=count)
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

    def _assign_steps(self, count: int, step: float) -> tuple[Positions, Positions]:
        """Return steps and the frames that they show: (N,) each; an empty step shows the frame that stands then."""
        seconds = np.array(self._seconds)
        steps = np.minimum((seconds / step).astype(np.intp), count - 1)
        starts = np.arange(count) * step
        before = np.searchsorted(seconds, starts, side="right") - 1
        empty = np.bincount(steps, minlength=count) == 0
        held = np.flatnonzero(empty & (before >= 0) & (starts - seconds[before] <= HELD))
        return np.concatenate([steps, held]), np.concatenate([np.arange(len(self)), before[held]])


def timeline(result: FileResult, duration: float) -> dict[str, Any]:
    """Return the time line of an analysed video, as `TimelineBuilder.build` does."""
    builder = TimelineBuilder(result.labels)
    for _, seconds, faces in result.frames:
        builder.add(seconds, faces)
    return builder.build(duration)


def _rounded(row: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in row]
