"""A camera's newest picture in each size that somebody watches: encoded once a size, shared by all its viewers."""

import threading
from dataclasses import dataclass

import cv2
import numpy as np

from delivery.stream import Hub, Outgoing, Picture
from faces import Image


@dataclass(frozen=True, slots=True)
class Drawn:
    """An annotated picture before it is encoded; its fields are `Picture`'s, with the image for the JPEG."""

    image: Image
    number: int
    captured_at: float
    notice: bool = False


class Renditions:
    """One hub for each width. Any thread may enter and leave; one publishes."""

    def __init__(self, quality: int) -> None:
        self._quality = quality
        self._lock = threading.Lock()
        self._hubs: dict[int, Hub[Outgoing]] = {}
        self._users: dict[int, int] = {}
        self._newest: Drawn | None = None
        self._closed = False

    def enter(self, width: int = 0) -> Hub[Outgoing]:
        """The hub of a width in pixels, 0 for the camera's own; each call wants one of `leave`."""
        with self._lock:
            hub = self._hubs.get(width)
            if hub is None:
                hub = self._hubs[width] = Hub()
                if self._newest is not None:  # it may stand for long, where it is a notice
                    hub.publish(self._encoded(self._newest, width))
                if self._closed:
                    hub.close()
            self._users[width] = self._users.get(width, 0) + 1
            return hub

    def leave(self, width: int = 0) -> None:
        """Give a width up; its hub goes with the last who wanted it."""
        with self._lock:
            self._users[width] -= 1
            if not self._users[width]:
                del self._users[width], self._hubs[width]

    def publish(self, drawn: Drawn) -> None:
        """Encode a picture in every size that is wanted; largest first, and none twice."""
        with self._lock:
            self._newest = drawn
            hubs = dict(self._hubs)
        made: dict[int, Outgoing] = {}
        for width in sorted(hubs, key=lambda width: (width > 0, -width)):
            real = _fitting(width, drawn.image)
            if real not in made:
                made[real] = self._encoded(drawn, real)
            hubs[width].publish(made[real])

    def _encoded(self, drawn: Drawn, width: int) -> Outgoing:
        jpeg = encode(_reduced(drawn.image, _fitting(width, drawn.image)), self._quality)
        picture = Picture(jpeg, drawn.number, drawn.captured_at, drawn.notice)
        return Outgoing(picture, picture.part())

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


def _fitting(width: int, image: Image) -> int:
    """The width to encode: never more than the picture's own."""
    own = int(image.shape[1])
    return min(width or own, own)


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
