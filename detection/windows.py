"""Square windows of a picture, scaled and turned, as a network is shown them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from detection.blazeface import SIDE
from detection.finds import Finds
from faces import Image


@dataclass(frozen=True, slots=True)
class Window:
    """A square of a picture, shown as 192x192 pixels.

    `x`, `y`: its middle, in pixels of the picture; it may reach over the edge, where it is black. `scale`: pixels of
    the window per pixel of the picture. `angle`: degrees by which it is turned clockwise, so that a face tilted by as
    much stands upright in it.
    """

    x: float
    y: float
    scale: float
    angle: float = 0.0

    @property
    def reach(self) -> float:
        """Half of its side, in pixels of the picture."""
        return SIDE / 2 / self.scale

    def cut(self, image: Image) -> Image:
        """Cut it out of a (height, width) or (height, width, 3) uint8 picture: (192, 192) or (192, 192, 3) uint8.

        What is reduced is averaged by whole pixels, which is fast, and the rest interpolated linearly.
        """
        reach = self.reach * (1 if not self.angle else math.sqrt(2)) + 1
        left, top = max(0, int(self.x - reach)), max(0, int(self.y - reach))
        part = image[top : max(0, int(self.y + reach) + 1), left : max(0, int(self.x + reach) + 1)]
        if not part.size:
            return np.zeros((SIDE, SIDE, *image.shape[2:]), np.uint8)
        factor = max(1, min(int(1 / self.scale), *part.shape[:2]))
        if factor > 1:
            height, width = part.shape[0] // factor, part.shape[1] // factor
            whole = part[: height * factor, : width * factor]
            part = np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        middle = (self.x - left) / factor - 0.5, (self.y - top) / factor - 0.5
        matrix = np.asarray(cv2.getRotationMatrix2D(middle, self.angle, self.scale * factor), np.float64)
        matrix[:, 2] += (SIDE - 1) / 2 - np.array(middle)
        return np.asarray(cv2.warpAffine(part, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR), np.uint8)

    def placed(self, finds: Finds) -> Finds:
        """Convert finds from pixels of the window to pixels of the picture."""
        turn = math.radians(self.angle)
        rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]], np.float32)
        middle = np.array([self.x, self.y], np.float32)

        def place(points: np.ndarray) -> np.ndarray:
            return np.asarray((points - SIDE / 2) @ rotation / self.scale + middle, np.float32)

        return Finds(finds.scores, place(finds.centres), finds.sides / self.scale, place(finds.landmarks))

    def inside(self, finds: Finds, margin: float = 0.0) -> np.ndarray:
        """Whether each find of the picture lies in the window with its whole square times 1 + margin: (N,) bool."""
        turn = math.radians(self.angle)
        rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]], np.float32)
        away = np.abs((finds.centres - (self.x, self.y)) @ rotation).max(axis=1)
        return np.asarray(away + finds.sides * (0.5 + margin / 2) <= self.reach)


def whole(width: int, height: int) -> Window:
    """The window that shows all of a picture."""
    return Window(width / 2, height / 2, SIDE / max(width, height))


def tiles(width: int, height: int, scale: float, overlap: float) -> Iterator[Window]:
    """Windows side by side that show all of a picture at a scale, row by row.

    Args:
        width, height: the picture's, in pixels.
        scale: pixels of the windows per pixel of the picture.
        overlap: pixels of the windows that neighbours share at least.
    """
    for y in _middles(height, SIDE / scale, overlap / scale):
        for x in _middles(width, SIDE / scale, overlap / scale):
            yield Window(x, y, scale)


def _middles(length: float, side: float, overlap: float) -> list[float]:
    """The middles of the fewest windows that cover a length, evenly spread."""
    if length <= side:
        return [length / 2]
    steps = math.ceil((length - side) / (side - overlap))
    return [side / 2 + step * (length - side) / steps for step in range(steps + 1)]
