"""Merge bundles into one network that runs them side by side and averages their logits.

Networks trained separately make different mistakes, so their mean is better than each (Hansen and Salamon, 1990). The
merged network is one bundle like any other, with one forward pass: the features of all, side by side, go into one last
dense layer. It takes as long as all together.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from errors import BundleError, ExpressionError
from inference.bundle import ARCHITECTURE, WEIGHTS, read_card, spec_of, verified_path
from inference.runtimes import load_keras_network
from training.compilation.bundle_files import write_card, write_network
from training.compilation.precisions import PRECISIONS
from training.data.dataset import Dataset
from training.data.reading import read
from training.data.votes import read_votes, with_majority_truth
from training.evaluation.temperature import last_dense
from training.export import export


def merge_networks(networks: Sequence[keras.Model]) -> keras.Model:
    """Return one network whose logits are the mean of those of several with the same input and outputs.

    Raises:
        BundleError: a network does not end in a dense layer and softmax.
    """
    inputs = keras.Input(networks[0].input_shape[1:])
    ends = [last_dense(network) for network in networks]
    branches = [
        keras.Model(network.inputs, end.input, name=f"branch{number}")
        for number, (network, end) in enumerate(zip(networks, ends, strict=True), 1)
    ]
    features = keras.layers.Concatenate()([branch(inputs) for branch in branches])
    dense = keras.layers.Dense(ends[0].units)
    outputs = keras.layers.Activation("softmax", dtype="float32")(dense(features))
    kernels, biases = zip(*(end.get_weights() for end in ends), strict=True)
    dense.set_weights([np.concatenate(kernels) / len(ends), np.mean(biases, axis=0)])
    return keras.Model(inputs, outputs, name="merged")


def merge(folders: Sequence[Path], output: Path, precision: str, dataset: Dataset | None) -> dict[str, Any]:
    """Write the merged bundle of several, compile and measure it.

    Args:
        folders: of bundles with the same labels, in the same order, and the same input.
        output: the bundle to write; its cropping is that of the first.
        precision: of the compiled file.
        dataset: to measure on, see `training.export.export`.

    Returns:
        The new card, which contains those of the parts.

    Raises:
        BundleError: a bundle cannot be read, or does not fit the first.
    """
    cards = [read_card(folder) for folder in folders]
    for folder, card in zip(folders, cards, strict=True):
        for key in ("labels", "input"):
            if card[key] != cards[0][key]:
                raise BundleError(f"{folder}: its {key} differ from those of {folders[0]}. Merge bundles of one kind")
        if ("no_face" in card) != ("no_face" in cards[0]):
            raise BundleError(f"{folder} and {folders[0]}: one tells non-faces, the other does not")
    networks = [
        load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))
        for folder, card in zip(folders, cards, strict=True)
    ]
    network = merge_networks(networks)
    card = {key: cards[0][key] for key in ("labels", "input", "preprocessing", "no_face") if key in cards[0]}
    card = {"name": output.resolve().name, **card} | {
        "network": {"architecture": "merged", "parameters": network.count_params()},
        "training": {
            "command": f"python -m training.merge {' '.join(f'--weights weights/{f.name}' for f in folders)} "
            f"--output weights/{output.name}",
            "data": cards[0].get("training", {}).get("data"),
            "parts": [{"name": part["name"], **part.get("training", {})} for part in cards],
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
        },
        "files": write_network(output, network),
    }
    write_card(output, card)
    return export(output, precision, dataset)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        if len(options.weights) < 2:
            raise BundleError("one bundle is nothing to merge. Give --weights twice or more")
        card = merge(options.weights, options.output, options.precision, _dataset(options))
    except ExpressionError as error:
        print(f"merge: {error}", file=sys.stderr)
        return 2
    figures = card["figures"].get("litert", {}).get("validation", {})
    print(f"{options.output}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    return 0


def _dataset(options: argparse.Namespace) -> Dataset | None:
    if options.data is None:
        return None
    first = read_card(options.weights[0])
    dataset = read(options.data, spec_of(first), first["labels"])
    return with_majority_truth(dataset, read_votes(options.votes, dataset)) if options.votes else dataset


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.merge", description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, action="append", default=[], metavar="DIR", help="a bundle; repeat it for each")
    add("--output", type=Path, required=True, metavar="DIR", help="the bundle to write")
    add("--precision", choices=PRECISIONS, default="int8", help="of the compiled file (default: %(default)s)")
    add("--data", type=Path, help="fer2013.csv or a class-per-folder tree to check and measure on")
    add("--votes", type=Path, help="fer2013new.csv: measure by what most of the FER+ votes say")
    return parser


if __name__ == "__main__":
    sys.exit(main())
