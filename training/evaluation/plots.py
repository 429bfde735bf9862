"""Plots of training and evaluation as small PNG files."""

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image as Pictures

from training.evaluation.metrics import Report
from training.evaluation.reliability import Reliability

BLUE, ORANGE, GREY = "#2f6db3", "#d9702b", "#8a8a8a"
COLOURS = 64
"""Colours kept in a file: more are indistinguishable in such plots, and make it several times as large."""


def confusion(report: Report, title: str) -> bytes:
    """Plot the confusion matrix: rows are the truth, coloured by the share of their class; with counts. Returns PNG."""
    side = 2.2 + 0.62 * len(report.labels)
    figure = Figure((side + 0.4, side), dpi=100, layout="constrained")
    axes = figure.subplots()
    shares = report.confusion / np.maximum(report.support, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        text = f"{100 * share:.0f} %\n{report.confusion[row, column]}"
        axes.text(column, row, text, ha="center", va="center", size=8, color="white" if share > 0.55 else "black")
    places = range(len(report.labels))
    axes.set_xticks(places, report.labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, report.labels)
    axes.set(xlabel="said", ylabel="truth")
    axes.set_title(
        f"{title}\naccuracy {100 * report.accuracy:.2f} %, macro F1 {100 * report.macro(report.f1):.1f} %", size=10
    )
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return _png(figure)


def reliability_diagram(report: Report, title: str) -> bytes:
    """Plot accuracy against confidence in bins, above the share of images in each (Guo et al., 2017). Returns PNG."""
    bins = report.reliability
    figure = Figure((5.2, 5.6), dpi=100, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.2, 1))
    _bars(upper, bins)
    edges = np.linspace(0, 1, len(bins.counts) + 1)
    lower.bar(
        edges[:-1], bins.counts / max(report.images, 1), np.diff(edges), align="edge", color=GREY, edgecolor="white"
    )
    lower.axvline(report.accuracy, color=BLUE, label=f"accuracy {report.accuracy:.3f}")
    lower.axvline(bins.mean_confidence, color=ORANGE, ls="--", label=f"mean confidence {bins.mean_confidence:.3f}")
    lower.legend(loc="upper left", frameon=False, fontsize=8)
    lower.set(xlabel="confidence: probability of the label said", ylabel="share of images")
    upper.set_title(f"{title}\nexpected calibration error {bins.calibration_error:.4f}", size=10)
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
    return _png(figure)


def curves(history: Sequence[Mapping[str, float]], title: str) -> bytes:
    """Plot loss and accuracy by epoch, from the rows of a run's history.csv. Returns PNG.

    Raises:
        ValueError: no epoch was finished.
    """
    if not history:
        raise ValueError("expected at least one finished epoch")
    epochs = [row["epoch"] for row in history]
    figure = Figure((8.4, 3.6), dpi=100, layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        marker = "o" if len(history) < 15 else None
        for key, colour, label in (
            (name, GREY, "training, augmented"),
            (f"val_{name}", BLUE, "validation, averaged weights"),
        ):
            axes.plot(epochs, [row[key] for row in history], color=colour, label=label, marker=marker, markersize=3)
        axes.set(xlabel="epoch", ylabel=name)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    accuracies = [row["val_accuracy"] for row in history]
    best = int(np.argmax(accuracies))  # the first, whose weights are kept
    figure.axes[1].plot(epochs[best], accuracies[best], "o", color=ORANGE)
    figure.suptitle(f"{title}: best validation accuracy {accuracies[best]:.4f} at epoch {epochs[best]:.0f}", size=10)
    return _png(figure)


def _bars(axes: Axes, bins: Reliability) -> None:
    edges = np.linspace(0, 1, len(bins.counts) + 1)
    filled = bins.counts > 0
    left, width = edges[:-1][filled], np.diff(edges)[filled]
    accuracy, confidence = bins.accuracy[filled], bins.confidence[filled]
    axes.bar(left, accuracy, width, align="edge", color=BLUE, edgecolor="white", label="accuracy")
    axes.bar(
        left, confidence - accuracy, width, accuracy, align="edge", color="none", edgecolor=ORANGE, hatch="////",
        linewidth=0.8, label="gap to the confidence",
    )  # fmt: skip
    axes.plot([0, 1], [0, 1], color="black", ls=":", lw=1, label="perfect")
    axes.legend(loc="upper left", frameon=False, fontsize=8)
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="accuracy")


def _png(figure: Figure) -> bytes:
    drawn, buffer = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Pictures.open(drawn).convert("RGB").quantize(COLOURS, kmeans=1, dither=Pictures.Dither.NONE).save(
        buffer, "PNG", optimize=True
    )
    return buffer.getvalue()
