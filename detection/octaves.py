"""Haar face detection in still pictures at a fifth of the usual cost, for many pictures a second."""

from collections.abc import Sequence

import cv2
import numpy as np

from camera import CASCADE_SIDE, FaceDetector, certainty, load_cascade, reduction
from faces import SAME_FACE, Box, Detection, Image

WIDTH = 1280
"""Pixels to which wider pictures are reduced, more than live frames."""
STEP = 1.2
"""Ratio between consecutive face sizes."""
VERIFY_SIDE = 72
"""Pixels to which a candidate is scaled for verification; all sizes searched are then above twice the cascade's own."""
VERIFY_SCALE = 1.35
"""Largest change of size in verification, up or down."""
VERIFY_MARGIN = 0.25
"""Margin around a candidate in verification, as a share of its size."""


class OctaveSearch:
    """Viola and Jones' cascade (2001), searched octave by octave, from the largest faces to the smallest.

    For each octave the picture is reduced until the faces sought are 24 to 48 pixels: there OpenCV steps by two
    pixels, which is a quarter of the windows. Faces that were found are painted over for the octaves of smaller
    ones, since faces cost the cascade most. One window makes a candidate; a second search of the candidate alone,
    pixel by pixel, rejects false ones and locates the face.

    Args:
        width: pixels to which wider pictures are reduced.
        min_face: smallest face searched for, as a share of the picture's shorter side.
        neighbours: overlapping windows that make a face in verification.

    Not to be shared between threads: the cascade keeps its buffers.
    """

    def __init__(self, width: int, min_face: float = 0.1, neighbours: int = 3) -> None:
        self._width = width
        self._min_face = min_face
        self._neighbours = neighbours
        self._cascade = load_cascade()

    def detect(self, image: Image) -> list[Detection]:
        """Return the faces of a (height, width) uint8 picture."""
        scale = reduction(image, self._width)
        grey = _resized(image, scale)
        smallest = max(CASCADE_SIDE, self._min_face * min(grey.shape))
        found: list[Detection] = []
        for octave in _octaves(CASCADE_SIDE / smallest, min(grey.shape)):
            known = [face.box for face in found]
            for box in self._search(_resized(grey, octave), scale * octave, known):
                face = self._verify(image, box)
                if face is not None and all(face.box.overlap(other.box) < SAME_FACE for other in found):
                    found.append(face)
        return found

    def _search(self, level: Image, scale: float, known: Sequence[Box]) -> list[Box]:
        """Return one octave's candidates in pixels of the whole picture, those with most windows first."""
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

    def _verify(self, image: Image, candidate: Box) -> Detection | None:
        """Return the face within a candidate; None if a second search finds none."""
        margin = round(candidate.width * VERIFY_MARGIN)
        left, top = max(0, candidate.x - margin), max(0, candidate.y - margin)
        patch = image[top : candidate.y + candidate.height + margin, left : candidate.x + candidate.width + margin]
        scale = VERIFY_SIDE / candidate.width
        smallest, largest = round(VERIFY_SIDE / VERIFY_SCALE), round(VERIFY_SIDE * VERIFY_SCALE)
        boxes, counts = self._cascade.detectMultiScale2(
            _resized(patch, scale),
            STEP,
            self._neighbours,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        if not len(boxes):
            return None
        best = int(np.argmax(counts))
        x, y, width, height = (float(edge) / scale for edge in boxes[best])
        box = Box(left + round(x), top + round(y), max(1, round(width)), max(1, round(height)))
        return Detection(box, certainty(int(counts[best])))


class HaarPictureDetector:
    """Finds the faces of still pictures by Haar's cascade; not to be shared between threads.

    Args:
        min_face: smallest face searched for, as a share of the picture's shorter side.
        scale_factor: step between face sizes of the slower search.
        neighbours: overlapping windows that make a face live; one or two fewer do here.
    """

    def __init__(self, min_face: float = 0.1, scale_factor: float = 1.1, neighbours: int = 5) -> None:
        self._octaves = OctaveSearch(WIDTH, min_face, max(1, neighbours - 2))
        self._closer = FaceDetector(WIDTH, min_face, scale_factor, max(1, neighbours - 1))

    def detect(self, image: Image) -> list[Detection]:
        """Return the faces of a (height, width, 3) uint8 BGR or (height, width) grey picture, from left to right.

        Most pictures show one face. If there are several, or none, a slower search adds those that are harder to find.
        """
        grey = image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
        found = self._octaves.detect(grey)
        if len(found) != 1:
            known = [face.box for face in found]
            more = self._closer.detect_new(grey, known=known)
            found += [face for face in more if all(face.box.overlap(box) < SAME_FACE for box in known)]
        return sorted(found, key=lambda face: face.box.x)


def _octaves(largest: float, side: int) -> list[float]:
    """Return scales, each half of the next one, up to `largest`, at which the shorter side still holds a face."""
    scales = []
    while largest * side >= CASCADE_SIDE:
        scales.append(largest)
        largest /= 2
    return scales[::-1]


def _resized(image: Image, scale: float) -> Image:
    """Return a copy in another size."""
    if scale == 1:
        return image.copy()
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    height, width = (max(1, round(side * scale)) for side in image.shape)
    return np.asarray(cv2.resize(image, (width, height), interpolation=interpolation), np.uint8)
