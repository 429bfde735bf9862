"""The model: loads a weights bundle and predicts the expressions of faces.

Importing this module is cheap: LiteRT is imported when a bundle is loaded, TensorFlow only for the Keras runtime.
"""

import importlib.util
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import BundleError
from faces import Box, Image
from inference.bundle import (
    ARCHITECTURE,
    CARD,
    COMPILED,
    WEIGHTS,
    locate_bundle,
    read_card,
    read_verified,
    sha256,
    spec_of,
    verified_path,
)
from inference.preprocess import crop_faces
from inference.runtimes import Batch, Runtime, keras_runtime, litert_runtime, load_keras_network

RUNTIMES = ("auto", "keras", "litert")
LARGEST_BATCH = 128
"""The most crops of one batch; more go in several batches, so that memory stays bounded."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A network's prediction for N crops.

    `probabilities`: (N, labels) float32, each row sums to 1, given that the crop is a face. `no_face`: (N,) float32,
    the probability that it is none; 0 for a bundle without that output.
    """

    probabilities: Batch
    no_face: Batch


class EmotionModel:
    """A network that predicts a probability per label for each face. Thread-safe.

    Attributes:
        labels: the labels, in the order of the probabilities.
        spec: the network's input and how faces are cropped for it.
        card: the bundle's card.json.
        name: the name of the bundle.
        runtime: "keras" or "litert".
        no_face_threshold: probability of "no face" above which a crop should get no box; None for a network without
            that output.
    """

    def __init__(self, card: dict[str, Any], runtime: str, network: Runtime) -> None:
        self.card = card
        self.name = str(card["name"])
        self.labels: tuple[str, ...] = tuple(card["labels"])
        self.spec = spec_of(card)
        self.runtime = runtime
        self.no_face_threshold: float | None = card["no_face"]["threshold"] if "no_face" in card else None
        self._network = network

    @classmethod
    def load(cls, folder: Path | str, runtime: str = "auto", threads: int | None = None) -> "EmotionModel":
        """Load a bundle and try the network once.

        Args:
            folder: the bundle: model.json, model.weights.h5, model.tflite, card.json.
            runtime: "litert", "keras", or "auto": LiteRT if its file exists and was made from the card's weights, else
                Keras.
            threads: CPU threads for one batch (LiteRT only); None takes two, or one on a single core.

        Raises:
            BundleError: a file is missing, damaged, or does not fit the others; names it and the remedy.
        """
        folder = locate_bundle(folder)
        card = read_card(folder)
        chosen = _chosen(runtime, folder, card)
        if chosen == "litert":
            network = litert_runtime(folder / COMPILED, read_verified(folder, COMPILED, card), threads)
        else:
            architecture = verified_path(folder, ARCHITECTURE, card)
            network = keras_runtime(load_keras_network(architecture, verified_path(folder, WEIGHTS, card)))
        model = cls(card, chosen, network)
        model._try(folder)
        return model

    @classmethod
    def from_file(cls, compiled: Path, card: dict[str, Any], threads: int = 1) -> "EmotionModel":
        """Load a LiteRT file by itself, to be evaluated as the network of a card.

        Raises:
            BundleError: LiteRT cannot read the file.
        """
        return cls(card, "litert", litert_runtime(compiled, compiled.read_bytes(), threads))

    def classify(self, image: Image, boxes: Sequence[Box]) -> Batch:
        """Crop every box of a picture and predict its probabilities, all in one batch.

        Args:
            image: (height, width, 3) uint8 in blue, green, red order, or (height, width) grey.
            boxes: face boxes in pixels of `image`; they may reach over its edge.

        Returns:
            (N, labels) float32; each row sums to 1. (0, labels) for no boxes.

        Raises:
            ImageError: the array is no picture.
        """
        return self.probabilities(crop_faces(image, boxes, self.spec))

    def probabilities(self, batch: Batch) -> Batch:
        """Predict the probabilities of every crop: `predict` without `no_face`."""
        return self.predict(batch).probabilities

    def predict(self, batch: Batch) -> Prediction:
        """Predict every crop.

        Args:
            batch: (N, height, width, channels) float32, values 0 to 255, as `preprocess.crop_faces` makes it; N may
                be 0.

        Raises:
            ValueError: the batch has another shape.
        """
        if batch.shape[1:] != self.spec.shape:
            raise ValueError(f"expected a batch of shape (N, *{self.spec.shape}), got {batch.shape}")
        batch = np.ascontiguousarray(batch, np.float32)
        parts = [self._network(batch[i : i + LARGEST_BATCH]) for i in range(0, len(batch), LARGEST_BATCH)]
        outputs = np.concatenate(parts) if parts else np.zeros((0, self._width), np.float32)
        if self.no_face_threshold is None:
            return Prediction(outputs, np.zeros(len(outputs), np.float32))
        # When nothing is left for the expressions, any row would do; this one is uniform.
        faces = np.maximum(outputs[:, :-1], 1e-9)
        return Prediction(faces / faces.sum(axis=1, keepdims=True), outputs[:, -1])

    @property
    def _width(self) -> int:
        """The number of the network's outputs: one per label, and one more for "no face"."""
        return len(self.labels) + (self.no_face_threshold is not None)

    def _try(self, folder: Path) -> None:
        try:
            result = self._network(np.zeros((2, *self.spec.shape), np.float32))
        except Exception as error:  # each runtime has its own error for an input of the wrong shape
            raise BundleError(
                f"{folder / CARD}: the network refused an input of {self.spec.shape} (height, width, channels): "
                f"{error}. Correct the card's input, or write the bundle again with python -m training.train"
            ) from error
        if result.shape != (2, self._width) or not np.allclose(result.sum(1), 1, atol=1e-3):
            further = "" if self.no_face_threshold is None else " and no_face"
            raise BundleError(
                f"{folder / CARD}: {len(self.labels)} labels{further}, but the network gives {result.shape[-1]} values "
                f"that sum to {result[0].sum():.3f}. List one label an output, and end the network in softmax"
            )


def _chosen(runtime: str, folder: Path, card: dict[str, Any]) -> str:
    if runtime not in RUNTIMES:
        raise BundleError(f"unknown runtime {runtime!r}. Choose one of {', '.join(RUNTIMES)}")
    obstacle = None if runtime == "keras" else _obstacle(folder, card)
    if obstacle and runtime == "litert":
        raise BundleError(obstacle)
    if obstacle and importlib.util.find_spec("keras") is None:
        raise BundleError(f"{obstacle}. Keras could run the network instead, but is not installed: make train-setup")
    if obstacle:
        logger.warning("%s. Until then Keras runs the network: it starts slower and takes more memory", obstacle)
    return "keras" if obstacle or runtime == "keras" else "litert"


def _obstacle(folder: Path, card: dict[str, Any]) -> str | None:
    """Why LiteRT cannot replace the card's weights, and the remedy; None if it can."""
    path, again = folder / COMPILED, f"Make it again: python -m training.export --weights {folder}"
    if importlib.util.find_spec("ai_edge_litert") is None:
        return "LiteRT is not installed. Install it: pip install ai-edge-litert"
    if not path.is_file():
        return f"{path}: missing. {again}"
    if sha256(path) != card["files"].get(COMPILED):
        return f"{path}: damaged or replaced, its SHA-256 is not the card's. {again}"
    if card.get("litert", {}).get("made_from") != card["files"].get(WEIGHTS):
        return f"{path}: made from other weights than the card's. {again}"
    return None
