"""The faces of a still picture: a closer look than a live frame has time for."""

from collections.abc import Sequence

import cv2
import numpy as np

from camera import FaceDetector
from faces import Box, Face, Image, joined
from model import EmotionModel
from preprocess import crop_faces, fit_image
from settings import Settings

STILL_WIDTH = 1280
"""Pixels to which a still picture is reduced for a closer look than the live one."""
WHOLE_SIDE = 1024
"""Pixels to which the longer side of a picture is reduced that is read as one face."""


class Stills:
    """Finds and reads the faces of still pictures.

    Safe to share between threads: each call makes its own detectors.
    """

    def __init__(self, model: EmotionModel, settings: Settings) -> None:
        self.model = model
        self._settings = settings

    def faces(self, image: Image) -> tuple[Face, ...]:
        """The faces of a (height, width, 3) uint8 BGR picture with their expressions, left one first."""
        chosen = self._settings
        live = FaceDetector(chosen.search_width, chosen.min_face, chosen.scale_factor, chosen.neighbours)
        closer = FaceDetector(STILL_WIDTH, chosen.min_face, chosen.scale_factor, max(1, chosen.neighbours - 1))
        boxes = joined(live.detect(image), closer.detect(image))  # each finds faces that the other misses
        return self._read(image, sorted(boxes, key=lambda box: box.x))

    def whole(self, image: Image) -> Face:
        """A picture read as if it were one face, whatever it shows; the box is the whole picture."""
        height, width = image.shape[:2]
        scale = min(1.0, WHOLE_SIDE / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        reduced = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        batch = fit_image(reduced, self.model.spec)[None]
        return Face(
            Box(0, 0, width, height), self.model.labels, tuple(self.model.read(batch).probabilities[0].tolist())
        )

    def _read(self, image: Image, boxes: Sequence[Box]) -> tuple[Face, ...]:
        """The faces among the finds, with their expressions."""
        model, limit = self.model, self.model.no_face_threshold
        reading = model.read(crop_faces(image, boxes, model.spec))
        finds = zip(boxes, reading.probabilities.tolist(), reading.no_face, strict=True)
        return tuple(Face(box, model.labels, tuple(row)) for box, row, none in finds if limit is None or none <= limit)
