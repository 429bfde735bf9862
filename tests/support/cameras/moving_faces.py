"""Drawn heads that go where a test sends them: for finding, following and telling them apart."""

from copy import copy

import cv2
import numpy as np

from demo import Demo
from faces import Box, Image


class Head:
    """One person's head, cut out of the drawn demo."""

    def __init__(self, person: int, people: int = 3, size: float = 1.0) -> None:
        image, faces = Demo(960, 540, people=people).draw(90)
        box = faces[person].box
        grown = round(box.width * 0.22)
        part = image[box.y - grown : box.y + box.height + grown, box.x - grown : box.x + box.width + grown]
        self.picture = np.asarray(cv2.resize(part, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.uint8)
        self.grown = round(grown * size)
        high, wide = self.picture.shape[:2]
        mask = np.zeros((high, wide), np.float32)
        cv2.ellipse(mask, (wide // 2, high // 2), (round(wide * 0.44), round(high * 0.49)), 0, 0, 360, 1, -1)
        self.mask = cv2.GaussianBlur(mask, (9, 9), 0)[..., None]

    def scaled(self, size: float) -> "Head":
        """The same head, larger or smaller."""
        other = copy(self)
        other.picture = np.asarray(cv2.resize(self.picture, None, fx=size, fy=size), np.uint8)
        other.mask = cv2.resize(self.mask, other.picture.shape[1::-1])[..., None]
        other.grown = round(self.grown * size)
        return other

    def place(self, image: Image, x: float, y: float) -> Box:
        """Lay it on an image with the middle of the face at (x, y); returns its box."""
        high, wide = self.picture.shape[:2]
        left, top = round(x - wide / 2), round(y - high / 2)
        x0, y0, x1, y1 = max(0, left), max(0, top), min(image.shape[1], left + wide), min(image.shape[0], top + high)
        if x1 > x0 and y1 > y0:
            inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
            under, share = image[y0:y1, x0:x1], self.mask[inside]
            image[y0:y1, x0:x1] = np.round(under * (1 - share) + self.picture[inside] * share).astype(np.uint8)
        grown = self.grown
        return Box(left + grown, top + grown, wide - 2 * grown, high - 2 * grown)


def wall(width: int = 960, height: int = 540) -> Image:
    """A plain wall with some light from the side."""
    slope = np.linspace(150, 190, width)[None, :, None]
    return np.broadcast_to(slope, (height, width, 3)).astype(np.uint8).copy()
