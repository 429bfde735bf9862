"""The same weights compiled for LiteRT in every precision: what each costs and gains."""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference.bundle import ARCHITECTURE, COMPILED, WEIGHTS, read_card, verified
from inference.runtimes import Batch, keras_network
from model import EmotionModel
from training.compilation.litert import compiled
from training.data.dataset import Split
from training.evaluation.metrics import report

PRECISIONS = ("float32", "float16", "int8")
ROUNDS = 60
"""Turns that every precision takes; the median counts, because other work on the machine comes and goes."""


@dataclass(frozen=True, slots=True)
class Precision:
    """What one precision is like.

    `size` in bytes; `accuracy` on the images; `largest` and `mean`: how far probabilities are from Keras'; `others`:
    images that get another label than from Keras; `one`, `four`: milliseconds for so many faces on one thread.
    """

    name: str
    size: int
    accuracy: float
    largest: float
    mean: float
    others: int
    one: float
    four: float


def compared(folder: Path, split: Split) -> list[Precision]:
    """Compile a bundle in every precision, into files that are thrown away, and measure them in turn in one run.

    Args:
        folder: the bundle; it stays as it is.
        split: images at the network's size.

    Raises:
        BundleError: a bundle that cannot be read.
    """
    card = read_card(folder)
    network = keras_network(verified(folder, ARCHITECTURE, card), verified(folder, WEIGHTS, card))
    keras = EmotionModel.load(folder, "keras").probabilities(split.images.astype(np.float32))
    with tempfile.TemporaryDirectory() as place:
        files = {name: Path(place) / f"{name}.{COMPILED}" for name in PRECISIONS}
        for name, path in tqdm(files.items(), desc="compiling", disable=None):
            compiled(network, path, name)
        models = {name: EmotionModel.from_file(path, card) for name, path in files.items()}
        times = {count: milliseconds(list(models.values()), split.images[:count]) for count in (1, 4)}
        rows = []
        for index, (name, model) in enumerate(models.items()):
            given = model.probabilities(split.images.astype(np.float32))
            apart = np.abs(given - keras)
            rows.append(
                Precision(
                    name,
                    files[name].stat().st_size,
                    report(split.truth, given, model.labels).accuracy,
                    float(apart.max()),
                    float(apart.mean()),
                    int((given.argmax(axis=1) != keras.argmax(axis=1)).sum()),
                    times[1][index],
                    times[4][index],
                )
            )
    return rows


def milliseconds(models: Sequence[EmotionModel], images: NDArray[np.uint8]) -> list[float]:
    """The median time that each model takes for these images, all taking turns."""
    batch: Batch = images.astype(np.float32)
    for model in models:
        model.read(batch)
    times = np.empty((ROUNDS, len(models)))
    for turn in range(ROUNDS):
        for index, model in enumerate(models):
            start = time.perf_counter()
            model.read(batch)
            times[turn, index] = 1000 * (time.perf_counter() - start)
    return [float(value) for value in np.median(times, axis=0)]


def as_table(rows: Sequence[Precision]) -> str:
    """The comparison as a Markdown table, ratios of time against float32."""
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
    """The comparison for the card, by precision; times are left out, since they are of one machine."""
    return {
        row.name: {"bytes": row.size, "accuracy": round(row.accuracy, 4), "largest_difference": round(row.largest, 6)}
        for row in rows
    }
