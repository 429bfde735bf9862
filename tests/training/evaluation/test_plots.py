import io

import numpy as np
import pytest
from PIL import Image

from training.evaluation.metrics import report
from training.evaluation.plots import confusion, curves, reliability_diagram

LARGEST = 40_000
"""Bytes of a plot: small enough to be committed."""


def some_report(classes):
    truth = np.arange(60) % classes
    rows = np.random.default_rng(0).dirichlet(np.ones(classes), 60).astype(np.float32)
    return report(truth, rows, [f"expression {index}" for index in range(classes)])


def picture(png):
    assert len(png) < LARGEST
    image = Image.open(io.BytesIO(png))
    assert image.format == "PNG"
    return np.asarray(image.convert("L"))


@pytest.mark.parametrize("classes", [2, 7])
@pytest.mark.parametrize("plot", [confusion, reliability_diagram])
def test_a_plot_is_a_small_png_with_something_on_it(plot, classes):
    image = picture(plot(some_report(classes), "a title"))
    assert min(image.shape) > 250
    assert image[0].min() == 255  # nothing is cut off at the rim
    assert image.std() > 10


def test_a_perfect_and_a_poor_classifier_look_different():
    truth, labels = np.array([0, 1]), ("a", "b")
    perfect, poor = (report(truth, rows, labels) for rows in (np.eye(2, dtype=np.float32), np.eye(2)[::-1]))
    assert confusion(perfect, "") != confusion(poor, "")
    assert reliability_diagram(perfect, "") != reliability_diagram(poor, "")


@pytest.mark.parametrize("epochs", [1, 3, 40])
def test_curves_show_any_number_of_epochs(epochs):
    names = ("loss", "accuracy", "val_loss", "val_accuracy")
    history = [{"epoch": n + 1, **dict.fromkeys(names, 1 / (n + 1))} for n in range(epochs)]
    assert picture(curves(history, "mine")).std() > 5


def test_curves_of_nothing_are_refused():
    with pytest.raises(ValueError, match="at least one finished epoch"):
        curves([], "mine")
