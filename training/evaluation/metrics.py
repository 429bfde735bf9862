"""Classification metrics of probabilities against the truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluation.reliability import Reliability, reliability

SMALLEST = 1e-7
"""Lower bound of probabilities in the log-loss, so that one confident mistake does not make it infinite."""
COLUMNS = ("precision", "recall", "f1")


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a classifier on a set of images.

    `confusion`: (labels, labels) int64, rows are the truth, columns the predictions. `log_loss`: the mean negative
    natural logarithm of the probability given to the truth. `reliability`: how far its confidence can be believed.
    Classes without images do not count in the macro means.
    """

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    log_loss: float
    reliability: Reliability

    @property
    def images(self) -> int:
        """The number of images."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of images whose most probable label is the truth."""
        return float(np.trace(self.confusion) / self.images)

    @property
    def support(self) -> NDArray[np.int64]:
        """(labels,) images of each class."""
        return np.asarray(self.confusion.sum(axis=1), np.int64)

    @property
    def recall(self) -> NDArray[np.float64]:
        """(labels,) the share of each class that was recognised."""
        return _share(np.diag(self.confusion), self.support)

    @property
    def precision(self) -> NDArray[np.float64]:
        """(labels,) the share of correct predictions of each class."""
        return _share(np.diag(self.confusion), self.confusion.sum(axis=0))

    @property
    def f1(self) -> NDArray[np.float64]:
        """(labels,) the harmonic mean of precision and recall."""
        return _share(2 * np.diag(self.confusion), self.support + self.confusion.sum(axis=0))

    def macro(self, values: NDArray[np.float64]) -> float:
        """The mean over the classes that have images."""
        return float(values[self.support > 0].mean())

    def weighted(self, values: NDArray[np.float64]) -> float:
        """The mean over the classes, each weighted by its images."""
        return float(values @ self.support / self.images)

    def summary(self) -> dict[str, float]:
        """Return the figures of the whole set."""
        figures = {
            "accuracy": self.accuracy,
            "macro_f1": self.macro(self.f1),
            "macro_recall": self.macro(self.recall),
            "weighted_f1": self.weighted(self.f1),
            "log_loss": self.log_loss,
            "ece": self.reliability.calibration_error,
        }
        return {"images": self.images, **{name: round(value, 4) for name, value in figures.items()}}

    def table(self) -> list[tuple[str, tuple[float, float, float], int]]:
        """Return rows of name, (precision, recall, F1) and support: one a class, then the macro and weighted mean."""
        columns = (self.precision, self.recall, self.f1)
        rows = [
            (label, tuple(float(column[index]) for column in columns), int(self.support[index]))
            for index, label in enumerate(self.labels)
        ]
        for name, mean in (("macro mean", self.macro), ("weighted mean", self.weighted)):
            rows.append((name, tuple(mean(column) for column in columns), self.images))
        return rows  # type: ignore[return-value]  # a generator does not tell mypy its length

    def as_dict(self) -> dict[str, Any]:
        """Return the whole report as JSON types."""
        rows = {
            name: {column: round(value, 4) for column, value in zip(COLUMNS, shares, strict=True)}
            | {"support": support}
            for name, shares, support in self.table()
        }
        means = {name.split()[0]: rows.pop(name) for name in ("macro mean", "weighted mean")}
        return {
            **self.summary(),
            "means": means,
            "classes": rows,
            "confusion_matrix": self.confusion.tolist(),
            "reliability": self.reliability.as_dict(),
        }

    def as_text(self) -> str:
        """Return the report as text for a terminal; rows of the confusion matrix are the truth."""
        wide = max(13, *map(len, self.labels)) + 1
        lines = [f"{name:<14}{value:>8}" for name, value in self.summary().items()]
        lines += ["", " " * wide + "".join(f"{name:>11}" for name in (*COLUMNS, "support"))]
        for name, shares, support in self.table():
            lines.append(f"{name:<{wide}}" + "".join(f"{share:>11.3f}" for share in shares) + f"{support:>11}")
        narrow = max(9, *map(len, self.labels)) + 1
        lines += ["", "truth".ljust(wide) + "".join(f"{label:>{narrow}}" for label in self.labels)]
        for label, row in zip(self.labels, self.confusion, strict=True):
            lines.append(f"{label:<{wide}}" + "".join(f"{count:>{narrow}}" for count in row))
        return "\n".join(lines)


def report(truth: NDArray[np.int64], probabilities: NDArray[np.float32], labels: Sequence[str]) -> Report:
    """Compare (N, labels) probabilities with the (N,) indices of the true labels.

    Raises:
        ValueError: there are no images, or the arrays do not fit each other.
    """
    if probabilities.shape != (len(truth), len(labels)) or len(truth) == 0:
        raise ValueError(f"expected probabilities of shape ({len(truth)}, {len(labels)}), got {probabilities.shape}")
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (truth, probabilities.argmax(axis=1)), 1)
    given = np.maximum(probabilities[np.arange(len(truth)), truth], SMALLEST)
    return Report(tuple(labels), confusion, float(-np.log(given).mean()), reliability(truth, probabilities))


def _share(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(part / np.maximum(whole, 1), np.float64)
