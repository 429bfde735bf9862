"""Compile a bundle's network for LiteRT, compare it with Keras, and record it in the card."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from errors import BundleError, DataError, ExpressionError
from inference.bundle import ARCHITECTURE, COMPILED, WEIGHTS, read_card, sha256, spec_of, verified_path
from inference.preprocess import InputSpec
from inference.runtimes import Batch, load_keras_network
from model import EmotionModel
from training.compilation.bundle_files import write_card
from training.compilation.litert import compile_litert, write_onnx
from training.compilation.precisions import PRECISIONS, as_table, compare_precisions
from training.data.dataset import Dataset
from training.data.reading import read
from training.evaluation.measurement import default_split, reports

ONNX = "model.onnx"
LARGEST_DIFFERENCE = {"float32": 1e-4, "float16": 0.02, "int8": 0.15}
"""Largest difference of a probability from Keras' at which the compiled file is accepted."""
CHECKED = 4096
"""Most images for the comparison of the two runtimes."""


def export(folder: Path, precision: str, dataset: Dataset | None = None) -> dict[str, Any]:
    """Make model.tflite from a bundle's weights, and record it in the card.

    Args:
        folder: a bundle with model.json, model.weights.h5 and card.json.
        precision: of the weights in the file: "float32", "float16" or "int8" (dynamic range: 8-bit weights,
            one scale a channel; activations are quantised on the fly).
        dataset: images to compare the runtimes on and to measure both with; None compares on drawn patterns
            and drops the compiled network's figures.

    Returns:
        The new card.

    Raises:
        BundleError: a file is missing, damaged, or does not fit, or the runtimes do not agree.
    """
    card = read_card(folder)
    network = load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))
    compile_litert(network, folder / COMPILED, precision)
    files = {**card["files"], COMPILED: sha256(folder / COMPILED)}
    card = {**card, "files": files, "litert": {"precision": precision, "made_from": files[WEIGHTS]}}
    write_card(folder, card)
    models = {runtime: EmotionModel.load(folder, runtime) for runtime in ("keras", "litert")}
    card["litert"] |= _differences(models, dataset)
    kept = {
        name: value for name, value in card.get("figures", {}).items() if name == "keras"
    }  # same weights, still valid
    card["figures"] = {name: figures(model, dataset) for name, model in models.items()} if dataset else kept
    write_card(folder, card)
    return card


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        model = EmotionModel.load(options.weights, "keras")
        dataset = read(options.data, model.spec, model.labels) if options.data else None
        if options.compare:
            print(_comparison(options.weights, dataset))
            return 0
        card = export(options.weights, options.precision, dataset)
        difference = export_onnx(options.weights, dataset) if options.onnx else None
    except ExpressionError as error:
        print(f"export: {error}", file=sys.stderr)
        return 2
    file = options.weights / COMPILED
    print(
        f"{file}: {options.precision}, {file.stat().st_size / 1e6:.2f} MB, "
        f"probabilities differ from Keras' by {card['litert']['largest_difference']:.2g} at most"
    )
    if difference is not None:
        print(f"{options.weights / ONNX}: outputs differ from Keras' by {difference:.2g} at most")
    return 0


def export_onnx(folder: Path, dataset: Dataset | None = None) -> float:
    """Write model.onnx beside a bundle's weights, for runtimes other than this program's.

    Returns:
        The largest difference of an output from Keras', on the images or on drawn patterns.

    Raises:
        BundleError: the bundle cannot be read, packages are missing, or outputs differ.
    """
    card = read_card(folder)
    network = load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))
    difference = write_onnx(network, folder / ONNX, _batch(spec_of(card), dataset)[:256])
    if difference > LARGEST_DIFFERENCE["float32"]:
        raise BundleError(f"{folder / ONNX}: differs from Keras by {difference:.3g}. Use LiteRT's file instead")
    return difference


def _comparison(folder: Path, dataset: Dataset | None) -> str:
    if dataset is None:
        raise DataError("--compare measures accuracy. Name images: --data fer2013.csv")
    return as_table(compare_precisions(folder, dataset.part(default_split(dataset))))


def _batch(spec: InputSpec, dataset: Dataset | None) -> Batch:
    """Return images for the comparison of runtimes."""
    if dataset is None:
        return _patterns(spec)
    return dataset.part(default_split(dataset)).images[:CHECKED].astype(np.float32)


def _differences(models: dict[str, EmotionModel], dataset: Dataset | None) -> dict[str, float]:
    batch = _batch(models["keras"].spec, dataset)
    outputs = {}
    for (
        runtime,
        model,
    ) in models.items():  # weighted as the network gives them: without a face, the rest is nearly noise
        reading = model.predict(batch)
        outputs[runtime] = reading.probabilities * (1 - reading.no_face[:, None])
    difference = np.abs(outputs["keras"] - outputs["litert"])
    worst = float(difference.max())
    if worst > LARGEST_DIFFERENCE[models["litert"].card["litert"]["precision"]]:
        raise BundleError(f"the compiled network differs from Keras by {worst:.3f}: choose a finer --precision")
    return {"largest_difference": round(worst, 6), "mean_difference": round(float(difference.mean()), 6)}


def _patterns(spec: InputSpec) -> Batch:
    """Return blurred noise of several grains, (64, height, width, channels), for a comparison without faces."""
    rng = np.random.default_rng(0)
    noise = rng.normal(128, 60, (64, *spec.shape)).astype(np.float32)
    for index, image in enumerate(noise):
        grain = 1 + index % 4
        blurred = cv2.GaussianBlur(image, (0, 0), grain).reshape(spec.shape)
        noise[index] = (blurred - 128) * 2 * grain + 128
    return np.clip(noise, 0, 255)


def figures(model: EmotionModel, dataset: Dataset) -> dict[str, Any]:
    """Return the card's figures of a network on its default split."""
    return {name: report.summary() for name, report in reports(model, dataset, default_split(dataset)).items()}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    add = parser.add_argument
    add("--weights", type=Path, default=Path("weights/ferplus"), help="the bundle (default: %(default)s)")
    add(
        "--precision",
        choices=PRECISIONS,
        default="int8",
        help="of the weights in the compiled file (default: %(default)s: dynamic range, smallest and fastest)",
    )
    add(
        "--data",
        type=Path,
        help="fer2013.csv or a class-per-folder tree: check and measure on its validation images; without it the check "
        "uses drawn patterns and the card's figures for LiteRT are dropped",
    )
    add("--compare", action="store_true", help="print what each precision costs and gains; change nothing")
    add("--onnx", action="store_true", help="write model.onnx, too, for other runtimes; needs tf2onnx, onnx and "
        "onnxruntime")  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
