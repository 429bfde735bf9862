"""A weights bundle from disk, and the probabilities of the expressions it sees in faces.

Importing this module costs next to nothing: LiteRT is imported when a bundle is loaded, TensorFlow only when the Keras
runtime is chosen.
"""

import hashlib
import importlib.util
import json
import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from architecture import check_weights, read_architecture
from errors import BundleError
from faces import Box, Image
from preprocess import InputSpec, crop_faces

Batch = NDArray[np.float32]
Runtime = Callable[[Batch], Batch]

RUNTIMES = ("auto", "keras", "litert")
ARCHITECTURE, WEIGHTS, COMPILED, CARD = "model.json", "model.weights.h5", "model.tflite", "card.json"
LARGEST_BATCH = 128
"""Crops that go through the network at once; more go in several batches, so that memory stays bounded."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a network reads in N crops.

    `probabilities`: (N, labels) float32, each row sums to 1, as if each crop were a face. `no_face`: (N,) float32, the
    probability that it is none; 0 throughout for a bundle that does not tell.
    """

    probabilities: Batch
    no_face: Batch


class EmotionModel:
    """A network that gives each face a probability per label. Safe to call from several threads.

    Attributes:
        labels: the labels, in the order of the probabilities.
        spec: what the network takes and how faces are cut out for it.
        card: the bundle's card.json as read.
        name: the name of the bundle.
        runtime: "keras" or "litert".
        no_face_threshold: probability of "no face" above which a crop should get no box; None for a bundle whose
            network does not tell faces from what only looks like one to a detector.
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
            runtime: "litert", "keras", or "auto": LiteRT when its file is there and was made from the card's weights,
                else Keras.
            threads: CPU threads for one batch (LiteRT only); None takes two, or one on a single core.

        Raises:
            BundleError: a file that is missing, damaged, or does not fit the others; names it and the remedy.
        """
        folder = Path(folder)
        card = read_card(folder)
        chosen = _chosen(runtime, folder, card)
        if chosen == "litert":
            network = _litert(verified(folder, COMPILED, card), threads)
        else:
            network = _traced(keras_network(verified(folder, ARCHITECTURE, card), verified(folder, WEIGHTS, card)))
        model = cls(card, chosen, network)
        model._try(folder)
        return model

    @classmethod
    def from_file(cls, compiled: Path, card: dict[str, Any], threads: int = 1) -> "EmotionModel":
        """A LiteRT file by itself, to be measured as the network of a card.

        Raises:
            BundleError: a file that LiteRT cannot read.
        """
        return cls(card, "litert", _litert(compiled, threads))

    def classify(self, image: Image, boxes: Sequence[Box]) -> Batch:
        """Give every box of a picture its probabilities, all in one batch.

        Args:
            image: (height, width, 3) uint8 in blue, green, red order, or (height, width) grey.
            boxes: face boxes in pixels of `image`; they may reach over its edge.

        Returns:
            (N, labels) float32; each row sums to 1. (0, labels) for no boxes.

        Raises:
            ImageError: an array that is no picture.
        """
        return self.probabilities(crop_faces(image, boxes, self.spec))

    def probabilities(self, batch: Batch) -> Batch:
        """Give every crop its probabilities: `read` without the probability that it shows no face."""
        return self.read(batch).probabilities

    def read(self, batch: Batch) -> Reading:
        """Read every crop.

        Args:
            batch: (N, height, width, channels) float32, values 0 to 255, as `preprocess.crop_faces` makes it; N may
                be 0.

        Raises:
            ValueError: a batch of another shape.
        """
        if batch.shape[1:] != self.spec.shape:
            raise ValueError(f"expected a batch of shape (N, *{self.spec.shape}), got {batch.shape}")
        batch = np.ascontiguousarray(batch, np.float32)
        parts = [self._network(batch[i : i + LARGEST_BATCH]) for i in range(0, len(batch), LARGEST_BATCH)]
        outputs = np.concatenate(parts) if parts else np.zeros((0, self._width), np.float32)
        if self.no_face_threshold is None:
            return Reading(outputs, np.zeros(len(outputs), np.float32))
        # Where nothing is left for the expressions, any row would do; this one is all alike.
        faces = np.maximum(outputs[:, :-1], 1e-9)
        return Reading(faces / faces.sum(axis=1, keepdims=True), outputs[:, -1])

    @property
    def _width(self) -> int:
        """How many values the network gives: one a label, and one more where it tells non-faces."""
        return len(self.labels) + (self.no_face_threshold is not None)

    def _try(self, folder: Path) -> None:
        try:
            result = self._network(np.zeros((2, *self.spec.shape), np.float32))
        except Exception as error:  # each runtime has its own errors for one cause: the network takes another shape
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


def read_card(folder: Path | str) -> dict[str, Any]:
    """Read and check a bundle's card.json.

    Raises:
        BundleError: no folder, no card, or a card that lacks something.
    """
    path = Path(folder) / CARD
    if not path.parent.is_dir():
        raise BundleError(f"{path.parent}: no such folder. Name a weights bundle, such as weights/fer2013")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BundleError(f"{path}: missing. Restore it, or train a bundle with python -m training.train") from None
    except ValueError as error:
        raise BundleError(f"{path}: damaged, no JSON ({error}). Restore it from where the bundle came from") from error
    problem = _problem(card)
    if problem:
        raise BundleError(f"{path}: {problem}. Correct it, or restore it from where the bundle came from")
    return dict(card)


def spec_of(card: dict[str, Any]) -> InputSpec:
    """The network's input as a card tells it."""
    size, crop = card["input"], card["preprocessing"]
    return InputSpec(size["width"], size["height"], size["channels"], crop["crop_scale"], crop["crop_shift"])


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(card: Any) -> str | None:
    if not isinstance(card, dict):
        return f"expected an object, got {type(card).__name__}"
    missing = [key for key in ("name", "labels", "input", "preprocessing", "files") if key not in card]
    if missing:
        return f"lacks {', '.join(missing)}"
    labels = card["labels"]
    if not isinstance(labels, list) or len(labels) < 2 or len(set(map(str, labels))) < len(labels):
        return f"expected at least two different labels, got {labels!r}"
    threshold = card["no_face"].get("threshold") if isinstance(card.get("no_face"), dict) else 0.5
    if ("no_face" in card and not isinstance(card["no_face"], dict)) or not isinstance(threshold, float):
        return f"expected no_face to give a threshold from 0 to 1, got {card['no_face']!r}"
    if not isinstance(card["files"], dict):
        return f"expected files to give the SHA-256 of each file, got {card['files']!r}"
    try:
        spec_of(card)
    except (KeyError, TypeError, ValueError) as error:
        return f"input or preprocessing is wrong ({error!r})"
    return None


def _chosen(runtime: str, folder: Path, card: dict[str, Any]) -> str:
    if runtime not in RUNTIMES:
        raise BundleError(f"unknown runtime {runtime!r}. Choose one of {', '.join(RUNTIMES)}")
    obstacle = None if runtime == "keras" else _obstacle(folder, card)
    if obstacle and runtime == "litert":
        raise BundleError(obstacle)
    if obstacle:
        logger.warning("%s. Until then Keras runs the network: it starts slower and takes more memory", obstacle)
    return "keras" if obstacle or runtime == "keras" else "litert"


def _obstacle(folder: Path, card: dict[str, Any]) -> str | None:
    """Why LiteRT cannot stand for the card's weights, and the remedy; None when it can."""
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


def verified(folder: Path, name: str, card: dict[str, Any]) -> Path:
    """The path of one file of a bundle, once its SHA-256 is found to be the card's.

    Raises:
        BundleError: the file is missing, damaged or replaced.
    """
    path = folder / name
    remedy = "Restore it from where the bundle came from, or train again with python -m training.train"
    if not path.is_file():
        raise BundleError(f"{path}: missing. {remedy}")
    found, expected = sha256(path), card["files"].get(name)
    if found != expected:
        raise BundleError(f"{path}: damaged or replaced, its SHA-256 is {found}, the card says {expected}. {remedy}")
    return path


def _litert(path: Path, threads: int | None) -> Runtime:
    from ai_edge_litert.interpreter import Interpreter

    content = path.read_bytes()  # not by its path: LiteRT would map the file, and die with it when it is cut short
    try:
        interpreter = Interpreter(model_content=content, num_threads=threads or min(2, os.cpu_count() or 1))
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise BundleError(
            f"{path}: LiteRT cannot read it ({error}). Make it again: python -m training.export --weights {path.parent}"
        ) from error
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    lock = threading.Lock()  # an interpreter holds the tensors of one call
    ready: int | None = None

    def run(batch: Batch) -> Batch:
        nonlocal ready
        with lock:
            if len(batch) != ready:
                interpreter.resize_tensor_input(taken, batch.shape)
                interpreter.allocate_tensors()
                ready = len(batch)
            interpreter.set_tensor(taken, batch)
            interpreter.invoke()
            return np.array(interpreter.get_tensor(given), np.float32)

    return run


def keras_network(architecture: Path, weights: Path) -> Any:
    """Build the Keras network of a bundle, which can hold no code, and load its weights.

    Raises:
        BundleError: a file that Keras cannot read, something else than plain layers, or weights of another network.
    """
    plan = read_architecture(architecture)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        import keras
    except ImportError as error:
        raise BundleError(f"the Keras runtime cannot start ({error}). Install it: pip install tensorflow") from error

    try:
        network = keras.saving.deserialize_keras_object(plan, safe_mode=True)
    except (ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{architecture}: Keras {keras.__version__} cannot build it ({error}). "
            "Restore it, or train again with python -m training.train"
        ) from error
    check_weights(weights)
    try:
        network.load_weights(weights)
    except (ValueError, OSError, KeyError) as error:
        raise BundleError(
            f"{weights}: does not fit {architecture.name} ({error}). "
            "Restore both from one bundle, or train again with python -m training.train"
        ) from error
    return network


def _traced(network: Any) -> Runtime:
    """The network as one compiled function: `predict` would spend far longer on set-up than on a few faces."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return lambda batch: np.asarray(keras.ops.convert_to_numpy(network(batch, training=False)), np.float32)
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *network.input_shape[1:]), tf.float32)]
    function = tf.function(lambda batch: network(batch, training=False), input_signature=signature)
    return lambda batch: np.asarray(function(batch), np.float32)
