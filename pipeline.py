"""The steps from a frame to an annotated frame, in order, for one camera; the parts are handed in."""

import time
from dataclasses import replace
from typing import Protocol

from annotate import annotate
from faces import Frame
from model import Batch, Reading
from preprocess import InputSpec, crop_faces
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

    def read(self, batch: Batch) -> Reading:
        """What is seen in (N, height, width, channels) float32 crops, as `preprocess.crop_faces` makes them."""
        ...


class Pipeline:
    """Finds, follows, reads and draws the faces of one camera's frames, which must come in their order.

    Args:
        search: finds faces.
        classifier: reads expressions; may be shared.
        tracker: remembers this camera's faces.
        threshold: probability below which an expression is drawn as unsure.
        paced: read expressions the less often the longer it takes, so that slow machines keep their frame rate.
            Without it, what comes out does not depend on the machine.
        bars: draw the probabilities of all expressions.
        every: seconds between two readings of a face's expression; 0 for every frame.
    """

    def __init__(
        self,
        search: Search,
        classifier: Classifier,
        tracker: Tracker,
        threshold: float = 0.35,
        paced: bool = False,
        bars: bool = False,
        every: float = READ_EVERY,
    ) -> None:
        self._search = search
        self._classifier = classifier
        self._tracker = tracker
        self._threshold = threshold
        self._paced = paced
        self._bars = bars
        self._width = max(search.width, WIDTH)
        self._every = self._usual = every

    def process(self, frame: Frame) -> Frame:
        """The frame with its faces, drawn on a copy of its picture; `timings` gains detect, classify and draw."""
        seen = self.see(frame)
        start = time.perf_counter()
        image = annotate(seen.image, seen.faces, self._threshold, self._bars)
        return replace(seen, image=image, timings={**seen.timings, "draw": time.perf_counter() - start})

    def see(self, frame: Frame) -> Frame:
        """The frame with its faces, its picture left as it is; `timings` gains detect and classify."""
        start = time.perf_counter()
        self._find(frame)
        detected = time.perf_counter()
        self._read(frame)
        faces = self._tracker.faces(self._classifier.labels)
        timings = {"detect": detected - start, "classify": time.perf_counter() - detected}
        return replace(frame, faces=faces, timings={**frame.timings, **timings})

    def _find(self, frame: Frame) -> None:
        """Follow the known faces into this frame, and take in what the search has found."""
        grey = reduced(frame.image, frame.position, self._width)
        self._tracker.follow(grey)
        finds = self._search.find(grey, self._tracker.known(frame.position))
        if finds is not None:
            self._tracker.take(finds, grey)

    def _read(self, frame: Frame) -> None:
        """Read all faces in one batch, when it is time."""
        tracks = self._tracker.unread(frame.position, self._every)
        if not tracks:
            return
        start = time.perf_counter()
        crops = crop_faces(frame.image, [track.box for track in tracks], self._classifier.spec)
        reading = self._classifier.read(crops)
        self._tracker.read(tracks, reading.probabilities, reading.no_face)
        if self._paced:
            self._every = max(self._usual, (time.perf_counter() - start) / SHARE)

    def close(self) -> None:
        """Give back what the search holds."""
        self._search.close()
