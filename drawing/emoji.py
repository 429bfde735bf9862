"""Emojis: a drawn face for each expression, to cover a person's face."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from drawing.palette import BRIGHT, INK, Colour
from faces import Image

SIZES = 768, 384, 192, 96, 48
"""Sizes of an emoji in pixels: drawn in the first, cached in the others, from which any size is scaled quickly."""
WHITE: Colour = (250, 250, 250)
TONGUE: Colour = (140, 120, 240)
TEAR: Colour = (250, 215, 150)

Points = NDArray[np.float64]
"""(N, 2), x and y, from -1 at the left and top of the face to 1."""


@dataclass(frozen=True, slots=True)
class Features:
    """The features of an expression, in units of the face.

    `inner` and `outer` raise the ends of the brows, `tilt` raises the right brow, `bend` is their curvature. `eyes` is
    their height: 1 for normal, 0 for squeezed shut; `staring` eyes show their white. `mouth` names a drawing function.
    """

    mouth: str
    inner: float = 0.0
    outer: float = 0.0
    eyes: float = 1.0
    staring: bool = False
    tear: bool = False
    tilt: float = 0.0
    bend: float = 0.0


FEATURES = {
    "angry": Features("frown", inner=-0.2, outer=0.06, eyes=0.8),
    "disgust": Features("tongue", inner=-0.12, outer=-0.04, eyes=0.0),
    "fear": Features("teeth", inner=0.2, outer=0.02, staring=True),
    "happy": Features("laugh"),
    "sad": Features("frown", inner=0.16, outer=-0.08, tear=True),
    "surprise": Features("round", inner=0.16, outer=0.16, staring=True, bend=1.6),
    "neutral": Features("line"),
}
"""Features by expression; an unknown expression is drawn as neutral."""
UNSURE = Features("slant", tilt=0.16)


def emoji(expression: str, colour: Colour, side: int) -> tuple[Image, Image]:
    """Draw an emoji of an expression; an empty one is drawn as unsure.

    Returns:
        The picture, (side, side, 3) uint8 BGR, and its alpha channel, (side, side) uint8.
    """
    size = min((known for known in SIZES[1:] if known >= side), default=SIZES[1])
    image, cover = (_resized(part, side, cv2.INTER_LINEAR) for part in _drawn(expression, colour, size))
    return image, cover


@lru_cache(maxsize=64)
def _drawn(expression: str, colour: Colour, size: int) -> tuple[Image, Image]:
    if size < SIZES[1]:
        image, cover = (_resized(part, size) for part in _drawn(expression, colour, size * 2))
        return image, cover
    canvas = _Canvas(colour)
    features = FEATURES.get(expression, FEATURES["neutral"]) if expression else UNSURE
    _draw_eyes(canvas, features)
    _draw_brows(canvas, features)
    _MOUTHS[features.mouth](canvas)
    return _resized(canvas.image, size), _resized(canvas.cover, size)


def _resized(part: Image, side: int, interpolation: int = cv2.INTER_AREA) -> Image:
    return np.asarray(cv2.resize(part, (side, side), interpolation=interpolation), np.uint8)


class _Canvas:
    """A disc to draw on, in units of the face: the `image` and its alpha channel `cover`."""

    def __init__(self, colour: Colour) -> None:
        side = SIZES[0]
        self._half = side / 2
        rim = tuple(round(0.8 * part) for part in colour)
        self.image: Image = np.full((side, side, 3), rim, np.uint8)
        self.cover: Image = np.zeros((side, side), np.uint8)
        middle, radius = (side // 2, side // 2), side // 2 - 1
        cv2.circle(self.cover, middle, radius, (255,), cv2.FILLED)
        cv2.circle(self.image, middle, round(0.94 * radius), colour, cv2.FILLED)

    def _pixels(self, points: Points) -> NDArray[np.int32]:
        return np.asarray(np.round((points + 1) * self._half), np.int32)

    def fill(self, points: Points, colour: Colour) -> None:
        cv2.fillPoly(self.image, [self._pixels(points)], colour)

    def line(self, points: Points, width: float = 0.09, colour: Colour = INK) -> None:
        cv2.polylines(self.image, [self._pixels(points)], False, colour, round(width * self._half))


def _arc(x: float, y: float, across: float, high: float, begin: float = 0, end: float = 360) -> Points:
    """Points of an elliptic arc around (x, y), in degrees, clockwise from the right."""
    angle = np.radians(np.linspace(begin, end, 65))
    return np.stack([x + across * np.cos(angle), y + high * np.sin(angle)], axis=1)


def _draw_eyes(canvas: _Canvas, features: Features) -> None:
    for side in (-1, 1):
        x, y = 0.36 * side, -0.18
        if features.mouth == "laugh":
            canvas.line(_arc(x, y + 0.06, 0.15, 0.17, 190, 350))
        elif not features.eyes:  # squeezed shut
            canvas.line(np.array([(x + 0.15 * side, y - 0.12), (x - 0.12 * side, y), (x + 0.15 * side, y + 0.12)]))
        elif features.staring:
            canvas.fill(_arc(x, y, 0.2, 0.24), WHITE)
            canvas.fill(_arc(x, y + 0.02, 0.09, 0.1), INK)
        else:
            canvas.fill(_arc(x, y, 0.11, 0.15 * features.eyes), INK)
        if features.tear and side > 0:
            drop = np.concatenate([[(x + 0.06, y + 0.18)], _arc(x + 0.06, y + 0.46, 0.1, 0.12, -40, 220)])
            canvas.fill(drop, TEAR)


def _draw_brows(canvas: _Canvas, features: Features) -> None:
    if features.mouth == "laugh" or features == FEATURES["neutral"]:
        return
    for side in (-1, 1):
        height = -0.5 - (features.tilt if side > 0 else 0.0)
        share = np.linspace(0, 1, 33)
        rise = features.inner + share * (features.outer - features.inner) + 0.24 * features.bend * share * (1 - share)
        canvas.line(np.stack([(0.16 + 0.4 * share) * side, height - rise], axis=1), 0.08)


def _laugh(canvas: _Canvas) -> None:
    canvas.fill(_arc(0, 0.18, 0.52, 0.5, 0, 180), INK)
    canvas.fill(np.array([(-0.47, 0.18), (0.47, 0.18), (0.43, 0.32), (-0.43, 0.32)]), WHITE)
    canvas.fill(_arc(0, 0.58, 0.25, 0.1), TONGUE)


def _frown(canvas: _Canvas) -> None:
    canvas.line(_arc(0, 0.68, 0.36, 0.26, 200, 340))


def _tongue(canvas: _Canvas) -> None:
    canvas.fill(np.concatenate([[(0.02, 0.4), (0.34, 0.34)], _arc(0.2, 0.56, 0.15, 0.16, -10, 190)]), TONGUE)
    x = np.linspace(-0.42, 0.42, 65)
    canvas.line(np.stack([x, 0.4 + 0.05 * np.sin(1 + 9 * x)], axis=1))


def _teeth(canvas: _Canvas) -> None:
    canvas.fill(np.array([(-0.36, 0.32), (0.36, 0.32), (0.44, 0.64), (-0.44, 0.64)]), INK)
    canvas.fill(np.array([(-0.31, 0.38), (0.31, 0.38), (0.36, 0.58), (-0.36, 0.58)]), BRIGHT)
    for x in (-0.2, 0.0, 0.2):
        canvas.line(np.array([(0.93 * x, 0.38), (1.1 * x, 0.58)]), 0.03)
    canvas.line(np.array([(-0.34, 0.48), (0.34, 0.48)]), 0.03)


def _round(canvas: _Canvas) -> None:
    canvas.fill(_arc(0, 0.5, 0.22, 0.28), INK)


def _line(canvas: _Canvas) -> None:
    canvas.line(np.array([(-0.32, 0.44), (0.32, 0.44)]))


def _slant(canvas: _Canvas) -> None:
    canvas.line(np.array([(-0.28, 0.52), (0.3, 0.38)]))


_MOUTHS = {
    "laugh": _laugh,
    "frown": _frown,
    "tongue": _tongue,
    "teeth": _teeth,
    "round": _round,
    "line": _line,
    "slant": _slant,
}
