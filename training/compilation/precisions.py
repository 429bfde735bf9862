"""Compares the same weights compiled for LiteRT in every precision."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference.bundle import ARCHITECTURE, COMPILED, WEIGHTS, read_card, verified_path
from inference.runtimes import Batch, load_keras_network
from model import EmotionModel
from training.compilation.litert import compile_litert
from training.data.dataset import Split
from training.evaluation.metrics import report

PRECISIONS = ("float32", "float16", "int8")
ROUNDS = 60
"""Rounds in which every precision is timed; the median counts, since other work on the machine comes and goes."""


@dataclass(frozen=True, slots=True)
class Precision:
    """The measurements of one precision.

    `size` in bytes; `accuracy` on the images; `largest` and `mean` difference of probabilities from Keras'; `others`:
    images with another label than from Keras; `one`, `four`: milliseconds for so many faces on one thread.
    """

    name: str
    size: int
    accuracy: float
    largest: float
    mean: float
    others: int
    one: float
    four: float


def compare_precisions(folder: Path, split: Split) -> list[Precision]:
    """Compile a bundle in every precision into temporary files, and measure them alternately in one run.

    Args:
        folder: the bundle, which is not changed.
        split: images at the network's size.

    Raises:
        BundleError: the bundle cannot be read.
    """
    card = read_card(folder)
    network = load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))
    keras = EmotionModel.load(folder, "keras").probabilities(split.images.astype(np.float32))
    with tempfile.TemporaryDirectory() as temporary:
        files = {name: Path(temporary) / f"{name}.{COMPILED}" for name in PRECISIONS}
        for name, path in tqdm(files.items(), desc="compiling", disable=None):
            compile_litert(network, path, name)
        models = {name: EmotionModel.from_file(path, card) for name, path in files.items()}
        times = {count: milliseconds(list(models.values()), split.images[:count]) for count in (1, 4)}
        rows = []
        for index, (name, model) in enumerate(models.items()):
            probabilities = model.probabilities(split.images.astype(np.float32))
            difference = np.abs(probabilities - keras)
            rows.append(
                Precision(
                    name,
                    files[name].stat().st_size,
                    report(split.truth, probabilities, model.labels).accuracy,
                    float(difference.max()),
                    float(difference.mean()),
                    int((probabilities.argmax(axis=1) != keras.argmax(axis=1)).sum()),
                    times[1][index],
                    times[4][index],
                )
            )
    return rows


def milliseconds(models: Sequence[EmotionModel], images: NDArray[np.uint8]) -> list[float]:
    """Return the median time of each model for these images; the models take turns."""
    batch: Batch = images.astype(np.float32)
    for model in models:
        model.predict(batch)
    times = np.empty((ROUNDS, len(models)))
    for repeat in range(ROUNDS):
        for index, model in enumerate(models):
            start = time.perf_counter()
            model.predict(batch)
            times[repeat, index] = 1000 * (time.perf_counter() - start)
    return [float(value) for value in np.median(times, axis=0)]


def as_table(rows: Sequence[Precision]) -> str:
    """Return the comparison as a Markdown table, with times relative to float32."""
    base = next(row for row in rows if row.name == "float32")
    lines = [
        "| precision | file | accuracy | furthest from Keras | on average | other label | 1 face | 4 faces | "
        "time of float32 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.size / 1e6:.2f} MB | {row.accuracy:.2%} | {row.largest:.2g} | {row.mean:.2g} | "
        f"{row.others} | {row.one:.2f} ms | {row.four:.2f} ms | {row.one / base.one:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def as_dict(rows: Sequence[Precision]) -> dict[str, dict[str, Any]]:
    """Return the comparison for the card, by precision, without times, which depend on the machine."""
    return {
        row.name: {"bytes": row.size, "accuracy": round(row.accuracy, 4), "largest_difference": round(row.largest, 6)}
        for row in rows
    }
