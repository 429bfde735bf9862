"""What a network sees of faces: scores, places and landmarks, several of one face."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LANDMARKS = 6
SAME = 0.3
"""Intersection over union from which two finds are of one face."""
WITHIN = 0.6
"""Share of the smaller one from which a find within a larger one is part of that face."""


@dataclass(frozen=True, slots=True)
class Finds:
    """N raw detections of a network, squares with landmarks; before they are merged, several are of one face.

    `scores`: (N,), 0 to 1. `centres`: (N, 2), `sides`: (N,), `landmarks`: (N, 6, 2): x and y of the person's right eye,
    left eye, nose, mouth, right ear and left ear. All float32, in pixels.
    """

    scores: NDArray[np.float32]
    centres: NDArray[np.float32]
    sides: NDArray[np.float32]
    landmarks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.scores)

    def only(self, which: Any) -> "Finds":
        """Return some of them, by (M,) indices or an (N,) mask."""
        return Finds(self.scores[which], self.centres[which], self.sides[which], self.landmarks[which])

    def without(self, faces: "Finds") -> "Finds":
        """Leave out what is of some faces, or part of them."""
        left = np.ones(len(self), bool)
        both = joined([self, faces])
        for face in range(len(self), len(both)):
            shared, smaller, union = both._overlaps(face, np.arange(len(self)))
            left &= (shared <= SAME * union) & (shared <= WITHIN * smaller)
        return self.only(left)

    def merged(self) -> "Finds":
        """Return one find a face, the best first: the mean of those that overlap the best one, weighted by score.

        That is BlazeFace's own way (Bazarevsky et al., 2019, section 3.4): unlike the best one alone, it does not jump.
        """
        rest, best = np.argsort(-self.scores, kind="stable"), list[Finds]()
        while len(rest):
            shared, smaller, both = self._overlaps(int(rest[0]), rest)
            same = shared > SAME * both
            best.append(self.only(rest[same])._mean())
            rest = rest[~same & (shared <= WITHIN * smaller)][: len(rest) - 1]
        return joined(best)

    def _overlaps(self, one: int, others: NDArray[np.intp]) -> tuple[NDArray[np.float32], ...]:
        """Return the area that one shares with each of some others, that of the smaller one, and that of both."""
        halves = self.sides / 2
        least = np.maximum((self.centres - halves[:, None])[others], self.centres[one] - halves[one])
        most = np.minimum((self.centres + halves[:, None])[others], self.centres[one] + halves[one])
        shared = np.clip(most - least, 0, None).prod(axis=1)
        areas, area = self.sides[others] ** 2, self.sides[one] ** 2
        return shared, np.minimum(areas, area), areas + area - shared

    def _mean(self) -> "Finds":
        """Return one find: the mean, weighted by score, with the best score."""
        weights = self.scores / self.scores.sum()
        return Finds(
            self.scores.max(keepdims=True),
            (weights @ self.centres)[None],
            (weights @ self.sides)[None],
            np.tensordot(weights, self.landmarks, 1)[None],
        )


def joined(parts: Sequence[Finds]) -> Finds:
    """Join finds of the same picture, in the order given."""
    if not parts:
        none = np.zeros(0, np.float32)
        return Finds(none, none.reshape(0, 2), none, none.reshape(0, LANDMARKS, 2))
    return Finds(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.centres for part in parts]),
        np.concatenate([part.sides for part in parts]),
        np.concatenate([part.landmarks for part in parts]),
    )
