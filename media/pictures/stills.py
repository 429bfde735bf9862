"""The faces of a still picture and their expressions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np

from config.settings import Settings
from detection.choice import Detector, picture_detector
from faces import Box, Detection, Face, Image
from inference.preprocess import crop_faces, fit_image
from live.batching import Batcher
from model import EmotionModel

WHOLE_SIDE = 1024
"""Pixels to which the longer side is reduced of a picture that is read as one face."""


class StillReader:
    """Finds and reads the faces of still pictures.

    Safe to share between threads. Pictures that are read at the same time go through the network together.
    """

    def __init__(self, model: EmotionModel, settings: Settings) -> None:
        self.model = model
        self._settings = settings
        self._batching = Batcher(model.predict)
        self._idle: list[Detector] = []

    def faces(self, image: Image) -> tuple[Face, ...]:
        """Return the faces of a (height, width, 3) uint8 BGR picture with their expressions, left to right."""
        return self.read(image, self.find(image))

    def find(self, image: Image) -> list[Detection]:
        """Return where faces may be, left to right; the network of expressions has not seen them yet."""
        with self._detector() as detector:
            return detector.detect(image)

    def read(self, image: Image, found: Sequence[Detection]) -> tuple[Face, ...]:
        """Classify detections; return those that the network does not call "no face", in the same order."""
        model, limit = self.model, self.model.no_face_threshold
        if not found:
            return ()
        crops = crop_faces(image, [each.box for each in found], model.spec, [each.angle for each in found])
        reading = self._batching.predict(crops)
        candidates = zip(found, reading.probabilities.tolist(), reading.no_face, strict=True)
        return tuple(
            Face(each.box, model.labels, tuple(row), detection=each.certainty, angle=each.angle)
            for each, row, none in candidates
            if limit is None or none <= limit
        )

    def whole(self, image: Image) -> Face:
        """Read a picture as one face, whatever it shows; the box is the whole picture."""
        height, width = image.shape[:2]
        scale = min(1.0, WHOLE_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        batch = fit_image(reduced, self.model.spec)[None]
        probabilities = self._batching.predict(batch).probabilities[0]
        return Face(Box(0, 0, width, height), self.model.labels, tuple(probabilities.tolist()))

    @contextmanager
    def _detector(self) -> Iterator[Detector]:
        """Lend a detector to one thread; making one takes as long as a search."""
        try:
            detector = self._idle.pop()
        except IndexError:
            detector = picture_detector(self._settings)
        yield detector
        self._idle.append(detector)  # not after an error, which may have left it in an unknown state
