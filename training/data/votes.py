"""The FER+ votes: ten people's opinions of each image of FER-2013 (Barsoum et al., 2016)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import DataError
from training.data.dataset import NO_FACE, Dataset, Split
from training.data.fer2013 import USAGES, rows

COLUMNS = {
    "neutral": "neutral",
    "happiness": "happy",
    "surprise": "surprise",
    "sadness": "sad",
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "nf": NO_FACE,
}
"""The columns that can be a label of a network, with the label's name."""
OTHERS = ("contempt", "unknown")

Votes = dict[str, NDArray[np.float32]]
"""For each split, (N, columns) counts of votes, in the order of `COLUMNS` and then `OTHERS`."""


def read_votes(path: Path, dataset: Dataset) -> Votes:
    """Read the votes for the splits of a whole fer2013.csv; fer2013new.csv has the same order of rows.

    Raises:
        DataError: the votes do not match the images, or are no numbers.
    """
    names = (*COLUMNS, *OTHERS)
    found: dict[str, list[list[float]]] = {name: [] for name in USAGES.values()}
    for line, row in rows(path, {"usage", *names}):
        split = USAGES.get(row["usage"])
        if split is None:
            raise DataError(f"{path}, line {line}: unknown usage {row['usage']!r}. Expected one of {', '.join(USAGES)}")
        found[split].append([_count(row[name], name, f"{path}, line {line}") for name in names])
    for name, images in dataset.splits.items():
        count = len(found.get(name, []))
        if count != len(images):
            raise DataError(
                f"{path}: votes for {count} {name} images, but the data has {len(images)}. "
                "Give the votes and the fer2013.csv that belong together"
            )
    return {name: np.array(found[name], np.float32) for name in dataset.splits}


def mix_votes(dataset: Dataset, votes: Votes, share: float) -> Dataset:
    """Mix the votes into the training targets.

    Args:
        dataset: the one that the votes were read for.
        votes: of that dataset.
        share: weight of the votes against the data's own label, from 0 to 1. Votes for other classes are ignored; an
            image without any other votes keeps its own label.
    """
    training = dataset.part("training")
    counts = _by_label(votes["training"], dataset.labels)
    total = counts.sum(axis=1, keepdims=True)
    opinion = np.where(total > 0, counts / np.maximum(total, 1), training.targets)
    targets = ((1 - share) * training.targets + share * opinion).astype(np.float32)
    return Dataset(dataset.labels, {**dataset.splits, "training": replace(training, targets=targets)})


def with_majority_truth(dataset: Dataset, votes: Votes) -> Dataset:
    """Return the data with the majority's vote as truth in all splits but training, see `by_majority`.

    Beside each split there is one named "..._agreed", of the images on which more than half of the votes agree.
    """
    splits = dict(dataset.splits)
    for name in set(splits) - {"training"}:
        whole = splits[name]
        splits[name] = by_majority(whole, votes[name], dataset.labels)
        splits[f"{name}_agreed"] = by_majority(whole, votes[name], dataset.labels, agreed=True)
    return Dataset(dataset.labels, splits)


def by_majority(split: Split, votes: NDArray[np.float32], labels: Sequence[str], agreed: bool = False) -> Split:
    """Return the images whose most frequent vote is one of the labels, with that as their truth.

    Images on which two opinions tie are left out. `NO_FACE` counts as a label only if it is one of `labels`.

    Args:
        split: whose votes they are.
        votes: (N, columns) counts.
        labels: of the data.
        agreed: take only images on which more than half of the votes agree.
    """
    most = votes.max(axis=1)
    clear = 2 * most > votes.sum(axis=1) if agreed else (votes == most[:, None]).sum(axis=1) == 1
    counts = _by_label(votes, labels)
    chosen = np.flatnonzero(clear & (counts.max(axis=1) == most))
    truth = counts[chosen].argmax(axis=1).astype(np.int64)
    return Split(split.images[chosen], truth, np.eye(len(labels), dtype=np.float32)[truth])


def _by_label(votes: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
    """Return (N, labels) counts; labels that nobody could vote for have none."""
    counts = np.zeros((len(votes), len(labels)), np.float32)
    for column, name in enumerate(COLUMNS.values()):
        if name in labels:
            counts[:, list(labels).index(name)] = votes[:, column]
    return counts


def _count(text: str, column: str, where: str) -> float:
    if not text.isdigit():
        raise DataError(f"{where}: {text!r} votes for {column}. Expected a whole number")
    return float(text)
