"""What training data is once it is read: images and labels in splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import DataError
from faces import Image
from preprocess import InputSpec, fit_image

WHOLE = "all"
"""The name of the only split of data that came undivided."""
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
    """Images that belong together, with what they show.

    `images`: (N, height, width, channels) uint8, grey or red, green, blue. `truth`: (N,) int64, indices into the
    labels. `targets`: (N, labels) float32, what to train towards; each row sums to 1.
    """

    images: NDArray[np.uint8]
    truth: NDArray[np.int64]
    targets: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, chosen: NDArray[np.int64] | NDArray[np.bool_]) -> "Split":
        """The chosen images, by index or by mask."""
        return Split(self.images[chosen], self.truth[chosen], self.targets[chosen])


@dataclass(frozen=True, slots=True)
class Dataset:
    """Splits by name ("training", "validation", "test", or only "all"), and the labels that they share."""

    labels: tuple[str, ...]
    splits: dict[str, Split]

    def part(self, name: str) -> Split:
        """One split.

        Raises:
            DataError: no such split; names those that there are.
        """
        if name not in self.splits:
            raise DataError(f"the data has no {name} split, only {', '.join(self.splits)}. Choose one of these")
        return self.splits[name]


def divide(dataset: Dataset, share: float | None, seed: int) -> Dataset:
    """Make sure that there is a training and a validation split; cut off the latter, class by class, if asked to.

    Args:
        dataset: as read.
        share: the share of the undivided or training images to set aside, from 0 to 1; None uses the data's own split.
        seed: of the random choice.

    Raises:
        DataError: no validation split and no share, or a share that leaves a side empty.
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


def class_weights(split: Split) -> dict[int, float]:
    """Each class's weight in the loss, inversely proportional to its images (King and Zeng, 2001).

    The mean over the images is 1, so that the learning rate need not change. Classes without images get 1.
    """
    counts = np.bincount(split.truth, minlength=split.targets.shape[1])
    present = int((counts > 0).sum())
    return {label: len(split) / (present * int(count)) if count else 1.0 for label, count in enumerate(counts)}


def duplicates(split: Split, other: Split) -> NDArray[np.bool_]:
    """(N,) mask: the images of `split` that are pixel for pixel in `other` too."""
    known = {image.tobytes() for image in other.images}
    return np.array([image.tobytes() in known for image in split.images], np.bool_)


def split_of(images: list[Image], truth: list[int], classes: int) -> Split:
    """Put images and the indices of their labels together, with one-hot targets."""
    indices = np.array(truth, np.int64)
    return Split(np.stack(images), indices, np.eye(classes, dtype=np.float32)[indices])


def fitted(image: Image, spec: InputSpec) -> Image:
    """A picture at the network's size and colours, as bytes: a quarter of the memory of what `fit_image` gives."""
    return fit_image(image, spec).round().astype(np.uint8)


def place_of(name: str, labels: Sequence[str], where: Path | str) -> int:
    """The index of a label by its name, in any case, or by the noun in place of the adjective.

    Raises:
        DataError: the name is none of the labels; says where it was found.
    """
    known = {label.lower(): index for index, label in enumerate(labels)}
    lowered = name.lower()
    for candidate in (lowered, SYNONYMS.get(lowered, lowered)):
        if candidate in known:
            return known[candidate]
    raise DataError(f"{where}: class {name!r} is none of the labels {', '.join(labels)}. Rename it, or take it away")
