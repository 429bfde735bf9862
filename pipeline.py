"""The steps from a frame to an annotated frame, in order, for one camera; the parts are handed in."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from annotate import annotate
from faces import Box, Frame, Image, joined
from tracking import Tracker


class Detector(Protocol):
    """What finds faces in a picture."""

    def detect(self, image: Image) -> list[Box]:
        """All faces of a (height, width, 3) uint8 BGR picture."""
        ...

    def detect_near(self, image: Image, known: Sequence[Box]) -> list[Box]:
        """The faces that are still near where they were."""
        ...


class Classifier(Protocol):
    """What reads expressions."""

    labels: tuple[str, ...]

    def classify(self, image: Image, boxes: Sequence[Box]) -> NDArray[np.float32]:
        """Probabilities, (N, len(labels)) float32, of all faces of a picture in one batch."""
        ...


class Pipeline:
    """Finds, follows, classifies and draws the faces of one camera's frames, which must come in their order.

    Args:
        detector: finds faces; used by this pipeline alone.
        classifier: reads expressions; may be shared.
        tracker: remembers this camera's faces.
        threshold: probability below which an expression is drawn as unsure.
        search_every: seconds between searches of the whole frame; 0 for every frame.
    """

    def __init__(
        self,
        detector: Detector,
        classifier: Classifier,
        tracker: Tracker,
        threshold: float = 0.35,
        search_every: float = 0.4,
    ) -> None:
        self._detector = detector
        self._classifier = classifier
        self._tracker = tracker
        self._threshold = threshold
        self._search_every = search_every
        self._searched_at = -math.inf

    def process(self, frame: Frame) -> Frame:
        """The frame with its faces, drawn on a copy of its picture; `timings` gains detect, classify and draw."""
        start = time.perf_counter()
        boxes = self._find(frame)
        detected = time.perf_counter()
        tracks = self._tracker.follow(boxes, frame.position)
        probabilities = self._classifier.classify(frame.image, [track.box for track in tracks])
        faces = self._tracker.settle(tracks, probabilities, self._classifier.labels, frame.position)
        classified = time.perf_counter()
        image = annotate(frame.image, faces, self._threshold)
        drawn = time.perf_counter()
        timings = {"detect": detected - start, "classify": classified - detected, "draw": drawn - classified}
        return replace(frame, image=image, faces=faces, timings={**frame.timings, **timings})

    def _find(self, frame: Frame) -> list[Box]:
        """Known faces near where they were in every frame, new ones in the whole frame now and then."""
        boxes = self._detector.detect_near(frame.image, self._tracker.boxes)
        if frame.position - self._searched_at >= self._search_every:
            self._searched_at = frame.position
            boxes = joined(boxes, self._detector.detect(frame.image))
        return boxes
