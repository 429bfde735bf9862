"""Training data in memory: images and labels in splits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import DataError
from faces import Image
from inference.preprocess import InputSpec, fit_image

WHOLE = "all"
"""The name of the only split of undivided data."""
NO_FACE = "no_face"
"""The label of images that only look like faces to a detector; it becomes the network's last output, not a label."""
SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


@dataclass(frozen=True, slots=True)
class Split:
    """Images that belong together, with their labels.

    `images`: (N, height, width, channels) uint8, grey or red, green, blue. `truth`: (N,) int64, indices into the
    labels. `targets`: (N, labels) float32, training targets; each row sums to 1. `weights`: (N,) float32, how often
    each is shown in training, relative to the others; None for all alike.
    """

    images: NDArray[np.uint8]
    truth: NDArray[np.int64]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Split":
        """Return the chosen images, by index or mask."""
        weights = None if self.weights is None else self.weights[chosen]
        return Split(self.images[chosen], self.truth[chosen], self.targets[chosen], weights)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Splits by name ("training", "validation", "test", or only "all"), and their common labels."""

    labels: tuple[str, ...]
    splits: dict[str, Split]

    def part(self, name: str) -> Split:
        """Return one split.

        Raises:
            DataError: there is no such split; the message lists the splits.
        """
        if name not in self.splits:
            raise DataError(f"the data has no {name} split, only {', '.join(self.splits)}. Choose one of these")
        return self.splits[name]


def divide(dataset: Dataset, share: float | None, seed: int) -> Dataset:
    """Make sure that there are a training and a validation split; set the latter aside, class by class, if asked to.

    Args:
        dataset: as read.
        share: the share of the undivided or training images to set aside, from 0 to 1; None uses the data's own split.
        seed: of the random choice.

    Raises:
        DataError: there is no validation split and no share, or the share leaves a side empty.
    """
    splits = dict(dataset.splits)
    if share is None:
        missing = {"training", "validation"} - set(splits)
        if missing:
            raise DataError(
                f"the data has no {' or '.join(sorted(missing))} split. Set one aside: --validation-split 0.2"
            )
        return dataset
    whole = splits.pop(WHOLE, None) or dataset.part("training")
    rng = np.random.default_rng(seed)
    aside = np.zeros(len(whole), np.bool_)
    for label in range(len(dataset.labels)):
        members = np.flatnonzero(whole.truth == label)
        count = round(share * len(members))
        if len(members) and not 0 < count < len(members):
            raise DataError(
                f"--validation-split {share:g} of the {len(members)} images of {dataset.labels[label]} leaves one side "
                "empty. Choose another share, or add images"
            )
        aside[rng.permutation(members)[:count]] = True
    return Dataset(dataset.labels, {**splits, "training": whole.take(~aside), "validation": whole.take(aside)})


def concatenate(first: Split, second: Split) -> Split:
    """Return the images of both splits, in this order."""
    weights = [np.ones(len(s), np.float32) if s.weights is None else s.weights for s in (first, second)]
    return Split(
        np.concatenate([first.images, second.images]),
        np.concatenate([first.truth, second.truth]),
        np.concatenate([first.targets, second.targets]),
        np.concatenate(weights),
    )


def with_label(dataset: Dataset, name: str) -> Dataset:
    """Return the data with one more label at the end, without images; unchanged if its last label is that one."""
    if dataset.labels[-1] == name:
        return dataset
    splits = {
        key: replace(split, targets=np.pad(split.targets, ((0, 0), (0, 1)))) for key, split in dataset.splits.items()
    }
    return Dataset((*dataset.labels, name), splits)


def faces_only(dataset: Dataset) -> Dataset:
    """Return the data without the label `NO_FACE` and its images; each row of targets still sums to 1."""
    if dataset.labels[-1] != NO_FACE:
        return dataset
    splits = {name: _faces_of(split, len(dataset.labels) - 1) for name, split in dataset.splits.items()}
    return Dataset(dataset.labels[:-1], splits)


def _faces_of(split: Split, labels: int) -> Split:
    faces = split.take(split.truth < labels)
    targets = faces.targets[:, :labels]
    one_hot = np.eye(labels, dtype=np.float32)[faces.truth]
    total = targets.sum(axis=1, keepdims=True)
    return replace(faces, targets=np.where(total > 0, targets / np.maximum(total, 1e-9), one_hot))


def sampling_rates(split: Split, balance: float) -> NDArray[np.float64]:
    """Return how often each image is shown in an epoch; the sum is the number of images.

    Args:
        split: with its weights.
        balance: 0 keeps the frequencies of the classes, 1 shows all equally often; between, a class of n images is
            shown in proportion to n to the power of 1 - balance (with 0.5, the square root). An image's class is its
            likeliest target.
    """
    weights = np.ones(len(split)) if split.weights is None else split.weights.astype(np.float64)
    kind = split.targets.argmax(axis=1)
    mass = np.bincount(kind, weights, minlength=split.targets.shape[1])
    weights = weights * np.maximum(mass, 1e-12)[kind] ** -balance
    return np.asarray(weights * (len(split) / weights.sum()))


def class_weights(split: Split) -> dict[int, float]:
    """Return each class's weight in the loss, inversely proportional to its images (King and Zeng, 2001).

    The mean over the images is 1, so that the learning rate need not change. Classes without images get 1.
    """
    counts = np.bincount(split.truth, minlength=split.targets.shape[1])
    present = int((counts > 0).sum())
    return {label: len(split) / (present * int(count)) if count else 1.0 for label, count in enumerate(counts)}


def duplicates(split: Split, other: Split) -> NDArray[np.bool_]:
    """Return an (N,) mask of the images of `split` that are also in `other`, pixel for pixel."""
    known = {image.tobytes() for image in other.images}
    return np.array([image.tobytes() in known for image in split.images], np.bool_)


def make_split(images: list[Image], truth: list[int], classes: int) -> Split:
    """Make a split of images and the indices of their labels, with one-hot targets."""
    indices = np.array(truth, np.int64)
    return Split(np.stack(images), indices, np.eye(classes, dtype=np.float32)[indices])


def fit_to_input(image: Image, spec: InputSpec) -> Image:
    """Return a picture at the network's size and colours, as bytes: a quarter of the memory of `fit_image`'s result."""
    return fit_image(image, spec).round().astype(np.uint8)


def label_index(name: str, labels: Sequence[str], where: Path | str) -> int:
    """Return the index of a label by its name, in any case, or by the noun in place of the adjective.

    Raises:
        DataError: there is no such label; the message says where the name was found.
    """
    known = {label.lower(): index for index, label in enumerate(labels)}
    lowered = name.lower()
    for candidate in (lowered, SYNONYMS.get(lowered, lowered)):
        if candidate in known:
            return known[candidate]
    raise DataError(f"{where}: class {name!r} is none of the labels {', '.join(labels)}. Rename it, or take it away")
