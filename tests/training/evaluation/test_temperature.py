import keras
import numpy as np
import pytest

from errors import BundleError, DataError
from training.evaluation.metrics import report
from training.evaluation.temperature import (
    cross_validated_probabilities,
    fit_temperature,
    fold,
    logits_of,
    scaled_softmax,
)
from training.networks.architectures import ARCHITECTURES


def believable(count=4000, labels=4):
    """Logits, and truths that come true as often as their softmax says."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, labels)).astype(np.float32)
    rows = scaled_softmax(logits, 1.0).astype(np.float64)
    return np.array([rng.choice(labels, p=row / row.sum()) for row in rows]), logits


def error(truth, rows):
    return report(truth, rows, [str(index) for index in range(rows.shape[1])]).reliability.calibration_error


@pytest.mark.parametrize("wrong", [0.3, 3.0])
def test_the_temperature_undoes_too_much_and_too_little_confidence(wrong):
    truth, logits = believable()
    off = logits / wrong
    assert fit_temperature(truth, off) == pytest.approx(1 / wrong, rel=0.06)
    assert (
        error(truth, cross_validated_probabilities(truth, off)) < 0.025 < 0.1 < error(truth, scaled_softmax(off, 1.0))
    )


def test_a_single_image_is_refused():
    with pytest.raises(DataError, match="1 validation images"):
        cross_validated_probabilities(np.array([0]), np.zeros((1, 3), np.float32))


def test_scaling_keeps_the_order_and_the_sum():
    _, logits = believable(50)
    for temperature in (0.5, 3.0):
        after = scaled_softmax(logits, temperature)
        np.testing.assert_array_equal(after.argsort(axis=1), logits.argsort(axis=1))
        np.testing.assert_allclose(after.sum(axis=1), 1, atol=1e-6)


LARGE = {"mobilenetv2": pytest.mark.long}


@pytest.mark.parametrize("name", [pytest.param(name, marks=LARGE.get(name, ())) for name in ARCHITECTURES])
def test_a_folded_temperature_scales_what_the_network_says(name):
    network = ARCHITECTURES[name]((32, 32, 1), 3, keras.layers.BatchNormalization)
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 1), np.uint8)
    logits = logits_of(network, images)
    np.testing.assert_allclose(scaled_softmax(logits, 1.0), np.asarray(network(images.astype(np.float32))), atol=1e-5)
    fold(network, 0.25)
    np.testing.assert_allclose(np.asarray(network(images.astype(np.float32))), scaled_softmax(logits, 0.25), atol=1e-4)


@pytest.mark.parametrize(
    "end", [[keras.layers.Dense(2), keras.layers.Activation("relu")], [keras.layers.Flatten(), keras.layers.Softmax()]]
)
def test_a_network_with_another_end_is_refused(end):
    network = keras.Sequential([keras.Input((2,)), *end])
    with pytest.raises(BundleError, match="Expected a dense layer and softmax"):
        fold(network, 2.0)
