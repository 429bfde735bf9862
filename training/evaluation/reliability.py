"""How far a classifier's confidence can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True)
class Reliability:
    """Images in bins of equal width by their confidence, the probability of the most probable label.

    `counts`: (bins,) int64, images in each bin; bin i holds confidences above i / bins, up to (i + 1) / bins.
    `confidence`, `accuracy`: (bins,) float64, the mean confidence and the accuracy in each; 0 if empty.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]

    @property
    def calibration_error(self) -> float:
        """The expected calibration error: the mean gap between confidence and accuracy, by images.

        As defined by Guo et al., "On Calibration of Modern Neural Networks" (2017).
        """
        return float(np.abs(self.accuracy - self.confidence) @ self.counts / max(self.counts.sum(), 1))

    @property
    def mean_confidence(self) -> float:
        """The mean over all images; above the accuracy, the classifier is overconfident."""
        return float(self.confidence @ self.counts / max(self.counts.sum(), 1))

    def as_dict(self) -> dict[str, list[float]]:
        """Return the bins as JSON types."""
        return {
            "counts": self.counts.tolist(),
            "confidence": self.confidence.round(4).tolist(),
            "accuracy": self.accuracy.round(4).tolist(),
        }


def reliability(truth: NDArray[np.int64], probabilities: NDArray[np.float32], bins: int = BINS) -> Reliability:
    """Sort (N, labels) probabilities into bins of confidence, and compare each bin with the (N,) true indices."""
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == truth
    indices = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    counts = np.bincount(indices, minlength=bins)
    sums = (np.bincount(indices, weights=values, minlength=bins) for values in (confidence, right))
    return Reliability(counts, *(total / np.maximum(counts, 1) for total in sums))
