"""A camera's newest picture in each look that somebody watches: drawn and encoded once, shared by all its viewers."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from delivery.stream import Hub, Outgoing, Picture
from delivery.view_options import ViewOptions
from faces import Face, Image

log = logging.getLogger("renditions")


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture in one look, not reduced and encoded yet; its fields are `Picture`'s, with the image for the JPEG."""

    image: Image
    number: int
    captured_at: float
    position: float = 0.0
    faces: tuple[Face, ...] = ()
    notice: bool = False


Renderer = Callable[[ViewOptions], Drawing | None]
"""Draws what a camera shows now, in a look and the camera's own size, or nothing; called by any thread."""


class Renditions:
    """One hub for each look. Any thread may enter and leave; one publishes."""

    def __init__(self, quality: int) -> None:
        self._quality = quality
        self._lock = threading.Lock()
        self._hubs: dict[ViewOptions, Hub[Outgoing]] = {}
        self._users: dict[ViewOptions, int] = {}
        self._newest: Renderer | None = None
        self._closed = False

    def enter(self, view: ViewOptions) -> Hub[Outgoing]:
        """The hub of a look; each call wants one of `leave`."""
        with self._lock:
            hub = self._hubs.get(view)
            if hub is None:
                hub = self._hubs[view] = Hub()
                self._show_newest(view, hub)
                if self._closed:
                    hub.close()
            self._users[view] = self._users.get(view, 0) + 1
            return hub

    def _show_newest(self, view: ViewOptions, hub: Hub[Outgoing]) -> None:
        """Have a new hub begin with what there is, which may stand for long, where it is a notice."""
        if self._newest is None:
            return
        try:
            _Studio(self._newest, self._quality).publish(view, hub)
        except Exception:  # who enters waits for the next picture; the thread that draws that tells all what is wrong
            log.exception("the newest picture could not be drawn for who came")

    def leave(self, view: ViewOptions) -> None:
        """Give a look up; its hub goes with the last who wanted it."""
        with self._lock:
            self._users[view] -= 1
            if not self._users[view]:
                del self._users[view], self._hubs[view]

    def publish(self, scene: Renderer) -> dict[str, float]:
        """Draw and encode a scene in every look that is wanted, none twice; returns the seconds of `draw` and `encode`.

        Pictures in the camera's own size, which most viewers watch, come first.
        """
        with self._lock:
            self._newest = scene
            hubs = dict(self._hubs)
        studio = _Studio(scene, self._quality)
        for view in sorted(hubs, key=lambda view: (view.width > 0, -view.width)):
            studio.publish(view, hubs[view])
        return studio.timings

    def put(self, view: ViewOptions, outgoing: Outgoing) -> None:
        """Show a picture that was made elsewhere to all who watch its look, if there are any."""
        with self._lock:
            self._newest = None
            hub = self._hubs.get(view)
        if hub is not None:
            hub.publish(outgoing)

    @property
    def views(self) -> set[ViewOptions]:
        """The looks that are wanted."""
        with self._lock:
            return set(self._hubs)

    def clear(self) -> None:
        """Forget the newest picture, so that nobody is shown an old one later."""
        with self._lock:
            self._newest = None
            for hub in self._hubs.values():
                hub.clear()

    def close(self) -> None:
        """End every stream for good."""
        with self._lock:
            self._closed = True
            for hub in self._hubs.values():
                hub.close()


class _Studio:
    """Makes the pictures of one scene: draws it once for looks that differ in their width only, encodes none twice."""

    def __init__(self, scene: Renderer, quality: int) -> None:
        self._scene = scene
        self._quality = quality
        self._drawings: dict[ViewOptions, Drawing | None] = {}
        self._made: dict[tuple[ViewOptions, int], Outgoing] = {}
        self.timings = {"draw": 0.0, "encode": 0.0}

    def publish(self, view: ViewOptions, hub: Hub[Outgoing]) -> None:
        """Put the picture of a look, never larger than the camera gives, into its hub, where there is one to show."""
        drawing = self._drawing(view.full_size)
        if drawing is None:
            return
        own = int(drawing.image.shape[1])
        key = view.full_size, min(view.width or own, own)
        if key not in self._made:
            self._made[key] = self._encoded(drawing, key[1])
        hub.publish(self._made[key])

    def _drawing(self, view: ViewOptions) -> Drawing | None:
        if view not in self._drawings:
            start = time.perf_counter()
            self._drawings[view] = self._scene(view)
            self.timings["draw"] += time.perf_counter() - start
        return self._drawings[view]

    def _encoded(self, drawn: Drawing, width: int) -> Outgoing:
        start = time.perf_counter()
        jpeg = encode(_reduced(drawn.image, width), self._quality)
        self.timings["encode"] += time.perf_counter() - start
        size = int(drawn.image.shape[1]), int(drawn.image.shape[0])
        picture = Picture(jpeg, drawn.number, drawn.captured_at, drawn.notice, drawn.faces, drawn.position, size)
        return Outgoing(picture, picture.part())


def _reduced(image: Image, width: int) -> Image:
    if width == image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def encode(image: Image, quality: int) -> bytes:
    """A (height, width, 3) uint8 BGR picture as JPEG.

    Raises:
        ValueError: OpenCV could not encode it.
    """
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError(f"could not encode a picture of shape {image.shape} as JPEG")
    return data.tobytes()
