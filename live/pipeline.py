"""The steps from a frame to an annotated frame, in order, for one camera; the parts are handed in."""

import math
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np

from delivery.view_options import ViewOptions
from drawing.annotate import annotate
from drawing.privacy import hide
from faces import Frame, Image
from inference.preprocess import InputSpec, crop_faces
from inference.runtimes import Batch
from model import Prediction
from tracking.following import reduced
from tracking.searching import Search
from tracking.tracker import Tracker

READ_EVERY = 0.1
"""Seconds after which a face's expression is read again: faces take longer than that to change."""
SHARE = 0.2
"""Share of the time that reading expressions may take where it is paced."""
WIDTH = 480
"""Pixels of the reduced frame, at least: narrower ones make followed faces uncertain."""


class Classifier(Protocol):
    """What reads expressions."""

    labels: tuple[str, ...]
    spec: InputSpec

    def predict(self, batch: Batch) -> Prediction:
        """What is seen in (N, height, width, channels) float32 crops, as `preprocess.crop_faces` makes them."""
        ...


class Pipeline:
    """Finds, follows, reads and draws the faces of one camera's frames, which must come in their order.

    Args:
        search: finds faces.
        classifier: reads expressions; may be shared.
        tracker: remembers this camera's faces.
        look: how `process` draws.
        paced: read expressions the less often the longer it takes, so that slow machines keep their frame rate.
            Without it, what comes out does not depend on the machine.
        every: seconds between two readings of a face's expression; 0 for every frame.
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
        self._look = view or ViewOptions()
        self._paced = paced
        self._width = max(search.width, WIDTH)
        self._every = self._usual = every
        self._searched_at = -math.inf

    def process(self, frame: Frame) -> Frame:
        """The frame with its faces, drawn on a copy of its picture; `timings` gains detect, classify and draw."""
        seen = self.analyze(frame)
        start = time.perf_counter()
        image = render(seen, self._look)
        return replace(seen, image=image, timings={**seen.timings, "draw": time.perf_counter() - start})

    def analyze(self, frame: Frame, smoothings: Collection[float] = ()) -> Frame:
        """The frame with its faces, its picture left as it is; `timings` gains detect and classify.

        `smoothings` are further time constants, in seconds, with which the faces are wanted for this frame.
        """
        start = time.perf_counter()
        self._find(frame)
        detected = time.perf_counter()
        self._read(frame)
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

    def _find(self, frame: Frame) -> None:
        """Follow the known faces into this frame, and take in what the search has found."""
        grey = reduced(frame.image, frame.position, self._width)
        self._tracker.follow(grey)
        finds = self._search.find(grey, self._tracker.known(frame.position))
        if finds is not None:
            self._tracker.update(finds, grey)
            if finds.searched:
                self._searched_at = finds.grey.position

    def _read(self, frame: Frame) -> None:
        """Read all faces in one batch, when it is time."""
        tracks = self._tracker.due_for_prediction(frame.position, self._every)
        if not tracks:
            return
        start = time.perf_counter()
        crops = crop_faces(frame.image, [track.box for track in tracks], self._classifier.spec)
        reading = self._classifier.predict(crops)
        self._tracker.add_predictions(tracks, reading.probabilities, reading.no_face)
        if self._paced:
            self._every = max(self._usual, (time.perf_counter() - start) / SHARE)

    def close(self) -> None:
        """Give back what the search holds."""
        self._search.close()


def render(frame: Frame, view: ViewOptions) -> Image:
    """The picture of a frame whose faces were found, in a look and the frame's own size; the frame is left as it is."""
    image, faces = frame.image, frame.faces_over(view.smoothing)
    if view.privacy != "off":
        image = image.copy()
        hide(image, faces, frame.doubtful, view.privacy, view.threshold)
    if view.mirror:  # before words are drawn, so that they can be read
        image = np.asarray(cv2.flip(image, 1), np.uint8)
        faces = tuple(replace(face, box=face.box.mirrored(image.shape[1])) for face in faces)
    covered = view.privacy == "emoji"  # by discs of the boxes' own colours
    return annotate(image, faces, view.threshold, view.bars, boxes=not covered) if faces else image
