"""The steps from a frame to an annotated frame, in order, for one camera; the parts are handed in."""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from annotate import annotate
from faces import Box, Frame, Image, joined
from searching import Detector, Search
from tracking import Tracker


class Classifier(Protocol):
    """What reads expressions."""

    labels: tuple[str, ...]

    def classify(self, image: Image, boxes: Sequence[Box]) -> NDArray[np.float32]:
        """Probabilities, (N, len(labels)) float32, of all faces of a picture in one batch."""
        ...


class Pipeline:
    """Finds, follows, classifies and draws the faces of one camera's frames, which must come in their order.

    Args:
        detector: finds known faces again; used by this pipeline alone.
        search: finds new ones; its detector is another, where it has a thread of its own.
        classifier: reads expressions; may be shared.
        tracker: remembers this camera's faces.
        threshold: probability below which an expression is drawn as unsure.
    """

    def __init__(
        self, detector: Detector, search: Search, classifier: Classifier, tracker: Tracker, threshold: float = 0.35
    ) -> None:
        self._detector = detector
        self._search = search
        self._classifier = classifier
        self._tracker = tracker
        self._threshold = threshold

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
        """Known faces near where they were, and new ones, which are at home in the frame once they are known."""
        known = joined(self._tracker.boxes, self._search.find(frame))
        return self._detector.detect_near(frame.image, known)

    def close(self) -> None:
        """Give back what the search holds."""
        self._search.close()
