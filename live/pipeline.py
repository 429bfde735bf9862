"""The pipeline of one camera: detect, track, classify and draw, with parts that are passed in."""

import math
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from delivery.view_options import ViewOptions
from drawing.annotate import annotate
from drawing.placement import Memory
from drawing.privacy import hide
from faces import Frame, Image
from inference.preprocess import InputSpec, crop_faces
from inference.runtimes import Batch
from model import Prediction
from tracking.following import reduced
from tracking.searching import Search
from tracking.tracker import Tracker

READ_EVERY = 0.1
"""Seconds between predictions of a face's expression: faces take longer than that to change."""
SHARE = 0.2
"""The greatest share of the time for predictions when they are paced."""
WIDTH = 480
"""The least width of the reduced frame in pixels: in narrower ones faces cannot be followed reliably."""


class Classifier(Protocol):
    """A classifier of expressions."""

    labels: tuple[str, ...]
    spec: InputSpec

    def predict(self, batch: Batch) -> Prediction:
        """Predict (N, height, width, channels) float32 crops, as `preprocess.crop_faces` makes them."""
        ...


class Pipeline:
    """Detects, follows, classifies and draws the faces of one camera's frames, which must come in order.

    Args:
        search: finds faces.
        classifier: predicts expressions; may be shared.
        tracker: keeps this camera's faces.
        view: the view options with which `process` draws.
        paced: predict less often the longer predictions take, so that slow machines keep their frame rate. Without it
            the result does not depend on the machine.
        every: seconds between two predictions of a face's expression; 0 for every frame.
    """

    def __init__(
        self,
        search: Search,
        classifier: Classifier,
        tracker: Tracker,
        view: ViewOptions | None = None,
        paced: bool = False,
        every: float = READ_EVERY,
    ) -> None:
        self._search = search
        self._classifier = classifier
        self._tracker = tracker
        self._view = view or ViewOptions()
        self._memory = Memory()
        self._paced = paced
        self._width = max(search.width, WIDTH)
        self._every = self._usual = every
        self._searched_at = -math.inf

    def process(self, frame: Frame) -> Frame:
        """Return the frame with its faces drawn on a copy of its picture; `timings` gains detect, classify and draw."""
        analyzed = self.analyze(frame)
        start = time.perf_counter()
        image = render(analyzed, self._view, self._memory)
        return replace(analyzed, image=image, timings={**analyzed.timings, "draw": time.perf_counter() - start})

    def analyze(self, frame: Frame, smoothings: Collection[float] = ()) -> Frame:
        """Return the frame with its faces, its picture unchanged; `timings` gains detect and classify.

        `smoothings` are further time constants, in seconds, for the faces of this frame.
        """
        start = time.perf_counter()
        self._detect(frame)
        detected = time.perf_counter()
        self._classify(frame)
        labels = self._classifier.labels
        faces = self._tracker.faces(labels)
        smoothed = self._tracker.smoothed(labels, smoothings)
        timings = {"detect": detected - start, "classify": time.perf_counter() - detected}
        return replace(
            frame,
            faces=faces,
            smoothed=smoothed,
            doubtful=self._tracker.doubtful(),
            searched_at=self._searched_at,
            timings={**frame.timings, **timings},
        )

    def _detect(self, frame: Frame) -> None:
        """Follow the known faces into this frame, and update them with the search's result."""
        grey = reduced(frame.image, frame.position, self._width)
        self._tracker.follow(grey)
        result = self._search.find(grey, self._tracker.known(frame.position, self._search.check_every))
        if result is not None:
            self._tracker.update(result, grey)
            if result.searched:
                self._searched_at = result.grey.position

    def _classify(self, frame: Frame) -> None:
        """Predict all faces in one batch, when it is time."""
        tracks = self._tracker.due_for_prediction(frame.position, self._every)
        if not tracks:
            return
        start = time.perf_counter()
        boxes, angles = [track.box for track in tracks], [track.angle for track in tracks]
        crops = crop_faces(frame.image, boxes, self._classifier.spec, angles)
        prediction = self._classifier.predict(crops)
        self._tracker.add_predictions(tracks, prediction.probabilities, prediction.no_face)
        if self._paced:
            self._every = max(self._usual, (time.perf_counter() - start) / SHARE)

    def close(self) -> None:
        """Release what the search holds."""
        self._search.close()


def render(frame: Frame, view: ViewOptions, memory: Memory | None = None) -> Image:
    """Draw an analyzed frame with some view options, in the frame's own size; the frame is left unchanged.

    `memory` holds where this view's labels were in the frame before, and is updated.
    """
    image, faces = frame.image, frame.faces_over(view.smoothing)
    if view.privacy != "off":
        image = image.copy()
        hide(image, faces, frame.doubtful, view.privacy, view.threshold)
    if view.mirror:  # before text is drawn, so that it stays legible
        image = np.asarray(cv2.flip(image, 1), np.uint8)
        faces = tuple(face.mirrored(image.shape[1]) for face in faces)
    covered = view.privacy == "emoji"  # by discs of the boxes' own colours
    return annotate(image, faces, view.threshold, view.bars, not covered, memory) if faces else image
