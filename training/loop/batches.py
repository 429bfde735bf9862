"""Training images in shuffled, augmented batches."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from training.data.augment import Augmentation
from training.data.dataset import Split, sampling_rates
from training.loop.teachers import Teachers


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # keras comes without types
    """Batches of (N, height, width, channels) float32 images, values 0..255, and (N, labels) float32 targets.

    Order and augmentation depend only on the seed, the epoch and the number of the batch, so that a resumed run
    continues exactly. An incomplete last batch is left out: batch normalisation needs many images. An epoch shows as
    many images as there are, each about as often as `dataset.sampling_rates` says.
    """

    def __init__(
        self,
        split: Split,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
        balance: float = 0.0,
        teachers: Teachers | None = None,
    ) -> None:
        super().__init__(workers=2, max_queue_size=8)
        self._split, self._size, self._seed = split, min(batch_size, len(split)), seed
        self._augmentation, self._teachers = augmentation, teachers
        self._rates = sampling_rates(split, balance)
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Shuffle for an epoch; the first is 0."""
        self._epoch = epoch
        rng = np.random.default_rng((self._seed, epoch))
        self._order = rng.permutation(_sample(self._rates, rng))

    def __len__(self) -> int:
        return len(self._split) // self._size

    def __getitem__(self, index: int) -> tuple[NDArray[np.float32], NDArray[Any]]:
        chosen = self._order[index * self._size : (index + 1) * self._size]
        rng = np.random.default_rng((self._seed, self._epoch, index))
        images, targets = self._augmentation.apply(self._split.images[chosen], rng), self._split.targets[chosen]
        return images, self._teachers.distill(images, targets) if self._teachers else targets


def _sample(shares: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return each index about as many times as its rate says: its whole part, and one more with the fraction's chance.

    Systematic sampling: len(shares) indices in all, and equal shares of 1 give each index once.
    """
    marks = np.cumsum(shares)
    marks *= len(shares) / marks[-1]
    return np.searchsorted(marks, np.arange(len(shares)) + rng.random(), side="right")
