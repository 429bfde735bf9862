"""Temperature scaling (Guo et al., 2017): one number that calibrates a network's probabilities."""

import keras
import numpy as np
from numpy.typing import NDArray

from errors import BundleError, DataError
from training.evaluation.metrics import SMALLEST

ROUNDS, POINTS = 6, 21
"""Ever finer grids of temperatures: they give five digits, more than any validation set can determine."""
RANGE = (0.05, 20.0)
CHUNK = 256
"""Images in one batch."""


def scaled_softmax(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Return the softmax of (N, labels) logits divided by a temperature; above 1 it lowers confidence, order stays."""
    quotients = logits.astype(np.float64) / temperature
    shares = np.exp(quotients - quotients.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def fit_temperature(truth: NDArray[np.int64], logits: NDArray[np.float32]) -> float:
    """Return the temperature in `RANGE` with the least log-loss of (N, labels) logits against (N,) true indices."""
    low, high = np.log(RANGE)
    for _ in range(ROUNDS):
        grid = np.linspace(low, high, POINTS)
        best = int(np.argmin([_log_loss(truth, scaled_softmax(logits, t)) for t in np.exp(grid)]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, POINTS - 1)]
    return float(np.exp((low + high) / 2))


def cross_validated_probabilities(truth: NDArray[np.int64], logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return probabilities: each half of the images scaled by the temperature of the other half.

    Raises:
        DataError: there are fewer than two images.
    """
    if len(truth) < 2:
        raise DataError(f"{len(truth)} validation images. Give at least two, better some hundred")
    even = np.arange(len(truth)) % 2 == 0
    result = np.empty(logits.shape, np.float32)
    for half in (even, ~even):
        result[half] = scaled_softmax(logits[half], fit_temperature(truth[~half], logits[~half]))
    return result


def logits_of(network: keras.Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the (N, labels) logits of (N, height, width, channels) images, the input of the network's softmax.

    Raises:
        BundleError: the network does not end in a dense layer and softmax.
    """
    before = keras.Model(network.inputs, last_dense(network).output)
    starts = range(0, len(images), CHUNK)
    parts = [before.predict_on_batch(images[start : start + CHUNK].astype(np.float32)) for start in starts]
    return np.concatenate(parts)


def fold(network: keras.Model, temperature: float) -> None:
    """Divide the logits of a network by a temperature, within its last dense layer.

    Raises:
        BundleError: the network does not end in a dense layer and softmax.
    """
    dense = last_dense(network)
    dense.set_weights([weights / temperature for weights in dense.get_weights()])


def last_dense(network: keras.Model) -> keras.layers.Dense:
    """Return the layer that computes a network's logits.

    Raises:
        BundleError: the network does not end in a dense layer and softmax.
    """
    dense, end = network.layers[-2:]
    if not isinstance(dense, keras.layers.Dense) or getattr(end, "activation", None) is not keras.activations.softmax:
        raise BundleError(
            f"the network ends in {type(dense).__name__} and {type(end).__name__}. Expected a dense layer and softmax, "
            "as every network of python -m training.train has them"
        )
    return dense


def _log_loss(truth: NDArray[np.int64], probabilities: NDArray[np.float32]) -> float:
    return float(-np.log(np.maximum(probabilities[np.arange(len(truth)), truth], SMALLEST)).mean())
