"""Starts training from the weights of an existing bundle."""

from pathlib import Path

import keras
import numpy as np

from errors import DataError
from inference.bundle import ARCHITECTURE, WEIGHTS, read_card, verified_path
from inference.runtimes import load_keras_network
from training.data.dataset import NO_FACE


def load_bundle_weights(network: keras.Model, folder: Path, labels: tuple[str, ...]) -> None:
    """Load a bundle's weights into a network; of the last layer only those of common labels.

    Args:
        network: of the bundle's architecture; its last layer keeps its initial weights for other labels.
        folder: the bundle.
        labels: of the network, in the order of its outputs.

    Raises:
        BundleError: the bundle cannot be read.
        DataError: the bundle has another architecture or input.
    """
    card = read_card(folder)
    trained = load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))
    old, new = trained.get_weights(), network.get_weights()
    body = len(new) - 2  # the last layer's kernel and bias
    if len(old) != len(new) or any(a.shape != b.shape for a, b in zip(old[:body], new[:body], strict=True)):
        architecture = card.get("network", {}).get("architecture", "another")
        raise DataError(
            f"{folder}: its network ({architecture}) has other layers or another input than the one to train. "
            "Train the same architecture at the same size, or leave out --start"
        )
    known = [*card["labels"], *([NO_FACE] if "no_face" in card else [])]
    kernel, bias = np.array(new[-2]), np.array(new[-1])
    for index, name in enumerate(labels):
        if name in known:
            kernel[:, index], bias[index] = old[-2][:, known.index(name)], old[-1][known.index(name)]
    network.set_weights([*old[:body], kernel, bias])
