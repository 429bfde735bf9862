"""FER-2013 as the file that everybody has, fer2013.csv, and its FER+ votes."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from errors import DataError
from faces import EXPRESSIONS, Image
from preprocess import InputSpec
from training.records import WHOLE, Dataset, fitted, place_of, split_of

USAGES = {"Training": "training", "PublicTest": "validation", "PrivateTest": "test"}
VOTES = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
}
"""The FER+ columns that are one of the seven expressions."""


def read_csv(path: Path, spec: InputSpec, labels: Sequence[str] | None) -> Dataset:
    """Read a CSV file with the columns emotion (0 to 6), pixels (a square of grey values) and, where it has one, Usage.

    Raises:
        DataError: a line that cannot be used, with its number.
    """
    order = tuple(labels or EXPRESSIONS)
    places = {str(number): place_of(name, order, path) for number, name in enumerate(EXPRESSIONS)}
    found: dict[str, tuple[list[Image], list[int]]] = {}
    side: int | None = None
    for line, row in tqdm(_images(path), desc="reading", unit=" images", disable=None):
        where = f"{path}, line {line}"
        if row["emotion"] not in places:
            raise DataError(f"{where}: unknown label {row['emotion']!r}. Expected 0 to {len(EXPRESSIONS) - 1}")
        usage = USAGES.get(row["usage"], WHOLE if row["usage"] == "" else None)
        if usage is None:
            raise DataError(f"{where}: unknown usage {row['usage']!r}. Expected one of {', '.join(USAGES)}")
        image = _pixels(row["pixels"], where, side)
        side = len(image)
        images, truth = found.setdefault(usage, ([], []))
        images.append(fitted(image, spec))
        truth.append(places[row["emotion"]])
    if not found:
        raise DataError(f"{path}: no images. Expected a line emotion,pixels,Usage and one line an image")
    return Dataset(
        order, {name: split_of(*found[name], len(order)) for name in (*USAGES.values(), WHOLE) if name in found}
    )


def _images(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for line, row in _rows(path, {"emotion", "pixels"}):
        yield line, {"usage": "", **row}


def _rows(path: Path, needed: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line number. Copies of FER-2013 differ in the case, order and spaces of their columns."""
    csv.field_size_limit(1 << 24)
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        names = [name.strip().lower() for name in next(rows, [])]
        missing = needed - set(names)
        if missing:
            raise DataError(
                f"{path}, line 1: no column {', '.join(sorted(missing))}. Found {', '.join(names) or 'none'}"
            )
        for values in rows:
            if len(values) != len(names):
                raise DataError(f"{path}, line {rows.line_num}: expected {len(names)} values, got {len(values)}")
            yield rows.line_num, dict(zip(names, map(str.strip, values), strict=True))


def _pixels(text: str, where: str, side: int | None) -> Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of what is no number
            values = np.fromstring(text, np.int64, sep=" ")
    except (ValueError, DeprecationWarning):
        raise DataError(f"{where}: pixels that are no numbers. Expected grey values from 0 to 255") from None
    expected = side or int(np.sqrt(len(values)))
    if len(values) == 0 or len(values) != expected**2:
        raise DataError(
            f"{where}: {len(values)} pixels. Expected a square image" + (f" of {side}x{side}" if side else "")
        )
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel of {values.min()} to {values.max()}. Expected grey values from 0 to 255")
    return values.astype(np.uint8).reshape(expected, expected)


def with_votes(dataset: Dataset, path: Path, share: float) -> Dataset:
    """Mix the FER+ votes (Barsoum et al., 2016) into the training targets of a whole fer2013.csv.

    Args:
        dataset: read from the fer2013.csv whose rows the votes follow.
        path: fer2013new.csv; its rows are those of fer2013.csv, in the same order.
        share: weight of the votes against the data's own label, from 0 to 1. Votes for contempt, unknown and no face
            are left out; an image without any other votes keeps its own label.

    Raises:
        DataError: votes that do not match the images.
    """
    training = dataset.part("training")
    chosen = [(line, row) for line, row in _rows(path, {"usage", *VOTES}) if row["usage"] == "Training"]
    if len(chosen) != len(training):
        raise DataError(
            f"{path}: votes for {len(chosen)} training images, but the data has {len(training)}. "
            "Give the votes and the fer2013.csv that belong together"
        )
    counts = np.array([_counted(row, f"{path}, line {line}", dataset.labels) for line, row in chosen], np.float32)
    total = counts.sum(axis=1, keepdims=True)
    opinion = np.where(total > 0, counts / np.maximum(total, 1), training.targets)
    mixed = ((1 - share) * training.targets + share * opinion).astype(np.float32)
    return Dataset(dataset.labels, {**dataset.splits, "training": replace(training, targets=mixed)})


def _counted(row: dict[str, str], where: str, labels: Sequence[str]) -> list[float]:
    votes = [0.0] * len(labels)
    for column, name in VOTES.items():
        if not row[column].isdigit():
            raise DataError(f"{where}: {row[column]!r} votes for {column}. Expected a whole number")
        votes[place_of(name, labels, where)] += float(row[column])
    return votes
