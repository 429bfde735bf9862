"""Face detection in still pictures: every face, small, tilted or in a picture that lies on its side."""

from collections.abc import Sequence

import numpy as np

from detection.alignment import detections
from detection.finds import joined
from detection.glances import CERTAIN, CLEAR, Network, from_afar, glances, is_clear, large, look, look_closer
from faces import Box, Detection, Image

SMALLEST = 20.0
"""Side in pixels of the smallest face that is looked for, whatever the picture's size."""
HINTS = 0.07
"""Score from which a glance's find is looked at more closely."""
LOOKS = 400
"""Most closer looks at one picture; a crowd of hundreds takes fewer, as neighbours share a look."""
TILTED = 50.0
"""Degrees of tilt from which a face is no sign that the picture stands upright."""
SIGN = 0.65
"""Score from which an upright face is such a sign."""


class PictureDetector:
    """Finds the faces of still pictures. Safe to share between threads.

    Args:
        network: sees the faces of a window.
        min_face: the smallest face to detect, as a share of the picture's shorter side; 0 for all of 20 pixels.
    """

    def __init__(self, network: Network, min_face: float = 0.0) -> None:
        self._network = network
        self._min_face = min_face

    def detect(self, image: Image) -> list[Detection]:
        """Return the faces of a (height, width, 3) uint8 BGR or (height, width) grey picture, from left to right.

        A picture without a clear face that stands upright, more or less, is also searched lying on its other sides.
        """
        found = self._search(image)
        if not any(abs(face.angle) <= TILTED and face.certainty >= SIGN for face in found):
            others = (self._turned(image, quarters) for quarters in (1, 3, 2))
            found = max(found, *(each for each in others if _is_clear(each)), [], key=_certainty)
        return sorted(found, key=lambda face: face.box.x)

    def _turned(self, image: Image, quarters: int) -> list[Detection]:
        """Search the picture turned by quarters of a circle, counterclockwise."""
        height, width = image.shape[:2]
        turned = self._search(np.ascontiguousarray(np.rot90(image, quarters)))
        return [_turned_back(face, quarters, width, height) for face in turned]

    def _search(self, image: Image) -> list[Detection]:
        height, width = image.shape[:2]
        smallest = max(SMALLEST, self._min_face * min(width, height))
        everything, parts = glances(width, height, smallest)
        seen = [look(self._network, image, everything, HINTS).merged()]
        clear = seen[0].only(is_clear(everything, seen[0]))
        if not len(clear):
            far = from_afar(everything)
            seen.append(look(self._network, image, far, HINTS).merged())
            clear = seen[1].only(is_clear(far, seen[1]))
        rest = joined([*seen, *(look(self._network, image, window, HINTS) for window in parts)])
        hints = rest.without(clear).merged()
        closer = look_closer(self._network, image, large(hints, smallest), LOOKS)
        faces = joined([clear, closer.only(closer.scores >= CERTAIN).without(clear)])
        return detections(large(faces, smallest))


def _is_clear(found: Sequence[Detection]) -> bool:
    """Whether a face is clear: a weaker one is no sign of the right direction, as a picture is seen in four."""
    return any(face.certainty >= CLEAR for face in found)


def _certainty(found: Sequence[Detection]) -> float:
    """How much speaks for a direction: the sum over its faces, of upright ones most."""
    return sum(face.certainty * (1 - abs(face.angle) / 360) for face in found)


def _turned_back(face: Detection, quarters: int, width: int, height: int) -> Detection:
    """Convert a detection in a picture turned counterclockwise back; `width`, `height` are those of the original."""
    box, (x, y) = face.box, (face.box.x, face.box.y)
    side = box.width
    x, y = {1: (width - y - side, x), 2: (width - x - side, height - y - side), 3: (y, height - x - side)}[quarters]
    angle = (face.angle + 90 * quarters + 180) % 360 - 180
    return Detection(Box(x, y, side, side), face.certainty, angle)
