"""Haar face detection in still pictures at a fifth of the usual cost, for many pictures a second."""

from collections.abc import Sequence

import cv2
import numpy as np

from camera import CASCADE_SIDE, load_cascade, reduction
from faces import Box, Image, joined

STEP = 1.2
"""Between the face sizes that are looked for."""
LOOK_SIDE = 72
"""Pixels to which a find is brought for it: all sizes looked for are then above twice the cascade's own."""
LOOK_CHANGE = 1.35
"""The greatest change of size, either way."""
LOOK_MARGIN = 0.25
"""How far round a find is looked, as a share of its size."""


class OctaveSearch:
    """Viola and Jones' cascade (2001), searched octave by octave, from the largest faces to the smallest.

    For each octave the picture is reduced until the faces sought are 24 to 48 pixels: there OpenCV steps by two pixels,
    which is a quarter of the windows. What was found is blotted out for the octaves of smaller faces, since faces take
    the cascade longest. One window makes a find; a second look at it alone, pixel by pixel, sorts out chance and
    tells where the face is.

    Args:
        width: pixels to which wider pictures are reduced.
        min_face: smallest face searched for, as a share of the picture's shorter side.
        neighbours: overlapping finds that make a face in the second look.

    Not to be shared between threads: the cascade keeps its buffers.
    """

    def __init__(self, width: int, min_face: float = 0.1, neighbours: int = 3) -> None:
        self._width = width
        self._min_face = min_face
        self._neighbours = neighbours
        self._cascade = load_cascade()

    def detect(self, image: Image) -> list[Box]:
        """The faces of a (height, width) uint8 picture."""
        scale = reduction(image, self._width)
        grey = _resized(image, scale)
        smallest = max(CASCADE_SIDE, self._min_face * min(grey.shape))
        found: list[Box] = []
        for octave in _octaves(CASCADE_SIDE / smallest, min(grey.shape)):
            for box in self._search(_resized(grey, octave), scale * octave, found):
                face = self._look(image, box)
                if face is not None:
                    found = joined(found, [face])
        return found

    def _search(self, level: Image, scale: float, known: Sequence[Box]) -> list[Box]:
        """The finds of one octave, those of most windows first, in pixels of the whole picture."""
        for box in known:
            left, top, right, bottom = (
                max(0, round(edge * scale)) for edge in (box.x, box.y, box.x + box.width, box.y + box.height)
            )
            level[top:bottom, left:right] = 128
        sides = (CASCADE_SIDE, CASCADE_SIDE), (2 * CASCADE_SIDE, 2 * CASCADE_SIDE)
        windows = self._cascade.detectMultiScale(level, STEP, 0, minSize=sides[0], maxSize=sides[1])
        if not len(windows):
            return []
        boxes, counts = cv2.groupRectangles(np.asarray(windows).tolist(), 1, 0.2)
        order = np.argsort(-np.ravel(counts), kind="stable")
        return [Box(*(round(float(edge) / scale) for edge in boxes[index])) for index in order]

    def _look(self, image: Image, find: Box) -> Box | None:
        """The face that a find shows; None where a second look shows none."""
        margin = round(find.width * LOOK_MARGIN)
        left, top = max(0, find.x - margin), max(0, find.y - margin)
        patch = image[top : find.y + find.height + margin, left : find.x + find.width + margin]
        scale = LOOK_SIDE / find.width
        smallest, largest = round(LOOK_SIDE / LOOK_CHANGE), round(LOOK_SIDE * LOOK_CHANGE)
        boxes, counts = self._cascade.detectMultiScale2(
            _resized(patch, scale),
            STEP,
            self._neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        if not len(boxes):
            return None
        x, y, width, height = (float(edge) / scale for edge in boxes[int(np.argmax(counts))])
        return Box(left + round(x), top + round(y), max(1, round(width)), max(1, round(height)))


def _octaves(largest: float, side: int) -> list[float]:
    """Scales, each half of the next one, up to `largest`, at which the shorter side still holds a face."""
    scales = []
    while largest * side >= CASCADE_SIDE:
        scales.append(largest)
        largest /= 2
    return scales[::-1]


def _resized(image: Image, scale: float) -> Image:
    """A copy in another size."""
    if scale == 1:
        return image.copy()
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    height, width = (max(1, round(side * scale)) for side in image.shape)
    return np.asarray(cv2.resize(image, (width, height), interpolation=how), np.uint8)
