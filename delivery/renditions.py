"""A camera's newest picture for each set of view options: drawn and encoded once, shared by all its viewers."""

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
    """A drawn picture before scaling and encoding; its fields are `Picture`'s, with the image in place of the JPEG."""

    image: Image
    number: int
    captured_at: float
    position: float = 0.0
    faces: tuple[Face, ...] = ()
    notice: bool = False


Renderer = Callable[[ViewOptions], Drawing | None]
"""Draws a camera's current picture with some view options, full size; None for nothing. Called by any thread."""


class Renditions:
    """One hub for each set of view options. Any thread may enter and leave; one publishes."""

    def __init__(self, quality: int) -> None:
        self._quality = quality
        self._lock = threading.Lock()
        self._hubs: dict[ViewOptions, Hub[Outgoing]] = {}
        self._users: dict[ViewOptions, int] = {}
        self._newest: Renderer | None = None
        self._closed = False

    def enter(self, view: ViewOptions) -> Hub[Outgoing]:
        """Return the hub of some view options; each call needs one of `leave`."""
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
        """Give a new hub the newest picture, since the next may be long in coming if this one is a notice."""
        if self._newest is None:
            return
        try:
            _Renderings(self._newest, self._quality).publish(view, hub)
        except Exception:  # the viewer waits for the next picture, whose thread shows all viewers what is wrong
            log.exception("the newest picture could not be drawn for a new viewer")

    def leave(self, view: ViewOptions) -> None:
        """Release the hub of some view options; it goes with its last user."""
        with self._lock:
            self._users[view] -= 1
            if not self._users[view]:
                del self._users[view], self._hubs[view]

    def publish(self, renderer: Renderer) -> dict[str, float]:
        """Draw and encode a picture for all view options in use, none twice; return the seconds of `draw` and `encode`.

        Full-size pictures, which most viewers watch, come first.
        """
        with self._lock:
            self._newest = renderer
            hubs = dict(self._hubs)
        renderings = _Renderings(renderer, self._quality)
        for view in sorted(hubs, key=lambda view: (view.width > 0, -view.width)):
            renderings.publish(view, hubs[view])
        return renderings.timings

    def put(self, view: ViewOptions, outgoing: Outgoing) -> None:
        """Publish a picture that was made elsewhere to the viewers of its view options, if there are any."""
        with self._lock:
            self._newest = None
            hub = self._hubs.get(view)
        if hub is not None:
            hub.publish(outgoing)

    @property
    def views(self) -> set[ViewOptions]:
        """The view options in use."""
        with self._lock:
            return set(self._hubs)

    def clear(self) -> None:
        """Forget the newest picture, so that no viewer is shown an old one later."""
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


class _Renderings:
    """The renderings of one picture: drawn once for view options that differ only in width, each encoded once."""

    def __init__(self, renderer: Renderer, quality: int) -> None:
        self._renderer = renderer
        self._quality = quality
        self._drawings: dict[ViewOptions, Drawing | None] = {}
        self._encoded: dict[tuple[ViewOptions, int], Outgoing] = {}
        self.timings = {"draw": 0.0, "encode": 0.0}

    def publish(self, view: ViewOptions, hub: Hub[Outgoing]) -> None:
        """Publish the picture for some view options to its hub, if there is one; it is never scaled up."""
        drawing = self._drawing(view.full_size)
        if drawing is None:
            return
        full_width = int(drawing.image.shape[1])
        key = view.full_size, min(view.width or full_width, full_width)
        if key not in self._encoded:
            self._encoded[key] = self._encode(drawing, key[1])
        hub.publish(self._encoded[key])

    def _drawing(self, view: ViewOptions) -> Drawing | None:
        if view not in self._drawings:
            start = time.perf_counter()
            self._drawings[view] = self._renderer(view)
            self.timings["draw"] += time.perf_counter() - start
        return self._drawings[view]

    def _encode(self, drawing: Drawing, width: int) -> Outgoing:
        start = time.perf_counter()
        jpeg = encode(_scaled_down(drawing.image, width), self._quality)
        self.timings["encode"] += time.perf_counter() - start
        size = int(drawing.image.shape[1]), int(drawing.image.shape[0])
        picture = Picture(
            jpeg, drawing.number, drawing.captured_at, drawing.notice, drawing.faces, drawing.position, size
        )
        return Outgoing(picture, picture.part())


def _scaled_down(image: Image, width: int) -> Image:
    if width == image.shape[1]:
        return image
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    return np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def encode(image: Image, quality: int) -> bytes:
    """Encode a (height, width, 3) uint8 BGR picture as JPEG.

    Raises:
        ValueError: OpenCV could not encode it.
    """
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError(f"could not encode a picture of shape {image.shape} as JPEG")
    return data.tobytes()
