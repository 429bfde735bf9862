"""The faces of a still picture, searched more thoroughly than a live frame."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import cv2
import numpy as np

from camera import FaceDetector
from config.settings import Settings
from faces import Box, Face, Image, joined
from inference.preprocess import crop_faces, fit_image
from live.batching import Batcher
from media.pictures.octaves import OctaveSearch
from model import EmotionModel

STILL_WIDTH = 1280
"""Pixels to which a still picture is reduced, more than a live frame."""
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
        self._idle: list[tuple[OctaveSearch, FaceDetector]] = []

    def faces(self, image: Image) -> tuple[Face, ...]:
        """Return the faces of a (height, width, 3) uint8 BGR picture with their expressions, left to right."""
        return self.read(image, self.find(image))

    def find(self, image: Image) -> list[Box]:
        """Return where faces may be, left to right; the network has not seen them yet.

        Most pictures show one face. If there are several, or none, a slower search adds those that are harder to find.
        """
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        with self._detectors() as (octaves, closer):
            boxes = octaves.detect(grey)
            if len(boxes) != 1:
                boxes = joined(boxes, [box for box, _ in closer.detect_new(grey, known=boxes)])
        return sorted(boxes, key=lambda box: box.x)

    def read(self, image: Image, boxes: Sequence[Box]) -> tuple[Face, ...]:
        """Return the faces among candidate boxes, with their expressions, in the same order."""
        model, limit = self.model, self.model.no_face_threshold
        if not boxes:
            return ()
        reading = self._batching.predict(crop_faces(image, boxes, model.spec))
        candidates = zip(boxes, reading.probabilities.tolist(), reading.no_face, strict=True)
        return tuple(
            Face(box, model.labels, tuple(row)) for box, row, none in candidates if limit is None or none <= limit
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
    def _detectors(self) -> Iterator[tuple[OctaveSearch, FaceDetector]]:
        """Lend the detectors to one thread; loading the cascade's file takes as long as a search."""
        try:
            pair = self._idle.pop()
        except IndexError:
            pair = self._make_detectors()
        yield pair
        self._idle.append(pair)  # not after an error, which may have left them in an unknown state

    def _make_detectors(self) -> tuple[OctaveSearch, FaceDetector]:
        settings = self._settings
        octaves = OctaveSearch(STILL_WIDTH, settings.min_face, max(1, settings.neighbours - 2))
        closer = FaceDetector(STILL_WIDTH, settings.min_face, settings.scale_factor, max(1, settings.neighbours - 1))
        return octaves, closer
