"""Knowledge distillation (Hinton et al., 2015): existing networks' probabilities become a part of each image's target.

The teachers see the same augmented image as the student (Beyer et al., 2022): they judge what is left of a face that
was cut, blurred or darkened, which a fixed label cannot.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from errors import DataError
from inference.preprocess import InputSpec
from model import EmotionModel
from training.data.dataset import NO_FACE


class Teachers:
    """Bundles whose mean probabilities are mixed into the targets."""

    def __init__(self, folders: Sequence[Path], share: float, labels: Sequence[str], spec: InputSpec) -> None:
        """Load the bundles.

        Args:
            folders: of the bundles; none for no teachers.
            share: weight of their mean probabilities against the target, from 0 to 1.
            labels: of the targets, in order.
            spec: of the images.

        Raises:
            BundleError: a bundle cannot be read.
            DataError: a bundle's labels or image size differ from the data's.
        """
        self._share = share if folders else 0.0
        self._models = [EmotionModel.load(folder) for folder in folders]
        self._labels = [label for label in labels if label != NO_FACE]
        self._tells_faces = NO_FACE in labels
        for folder, model in zip(folders, self._models, strict=True):
            if set(model.labels) != set(self._labels):
                raise DataError(
                    f"{folder}: knows {', '.join(model.labels)}, but the data has {', '.join(self._labels)}. "
                    "Teach with a bundle of the same labels"
                )
            if model.spec.shape != spec.shape:
                raise DataError(f"{folder}: takes images of {model.spec.shape}, not {spec.shape}. Train at its size")

    def distill(self, images: NDArray[np.float32], targets: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mix the teachers' probabilities for (N, height, width, channels) images into their (N, labels) targets.

        The target's probability of "no face" stays; the rest is divided among the expressions.
        """
        if not self._share:
            return targets
        opinion = np.mean([self._opinion(model, images) for model in self._models], axis=0)
        if self._tells_faces:
            absent = targets[:, -1:]
            opinion = np.concatenate([opinion * (1 - absent), absent], axis=1)
        return np.asarray((1 - self._share) * targets + self._share * opinion, np.float32)

    def _opinion(self, model: EmotionModel, images: NDArray[np.float32]) -> NDArray[np.float32]:
        order = [model.labels.index(label) for label in self._labels]
        return np.asarray(model.probabilities(images)[:, order], np.float32)
