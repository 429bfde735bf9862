"""The expressions of a whole video in a few hundred steps: what its time line shows."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from media.findings import Finding

STEPS = 480
"""Steps at most: about one a pixel of a phone's screen."""
FRAMES = 3
"""Frames of a step at least, so that an uneven clock leaves none empty."""


def timeline(finding: Finding, duration: float) -> dict[str, Any]:
    """The mean probabilities of all faces, step by step.

    Returns `duration` and `step` in seconds, `labels`, `mean` with a list of probabilities in their order (None where
    no face was in view), `faces` with the most faces at once, and `shares` with the mean of all steps by label.
    """
    count = max(1, min(STEPS, len(finding.frames) // FRAMES))
    step = max(duration, 1e-3) / count
    sums = np.zeros((count, len(finding.labels)))
    weights, most = np.zeros(count), np.zeros(count, int)
    for _, seconds, faces in finding.frames:
        place = min(int(seconds / step), count - 1)
        read = [face.probabilities for face in faces if face.probabilities]
        most[place] = max(most[place], len(faces))
        if read:
            sums[place] += np.mean(read, axis=0)
            weights[place] += 1
    mean = [_rounded(row / weight) if weight else None for row, weight in zip(sums, weights, strict=True)]
    seen = [row for row in mean if row is not None]
    shares = _rounded(np.mean(seen, axis=0)) if seen else []
    return {
        "duration": round(duration, 4),
        "step": step,
        "labels": finding.labels,
        "mean": mean,
        "faces": most.tolist(),
        "shares": dict(zip(finding.labels, shares, strict=False)),
    }


def _rounded(row: Iterable[float]) -> list[float]:
    return [round(float(value), 4) for value in row]
