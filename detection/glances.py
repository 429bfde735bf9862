"""Where BlazeFace looks: first glances at the whole picture, in which a small face is only a hint, then a closer look.

At 7 of the 192 pixels the network sees hardly a face for certain, but scores it far above the background. So few
glances cover a large picture; each hint is then looked at from so near that its face is 48 pixels, turned upright. If
that is not clear either, a second look from another distance, mirrored, decides with it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from detection.alignment import angles
from detection.blazeface import SIDE
from detection.finds import Finds, joined
from detection.windows import Window, tiles, whole
from faces import Image

HINT = 7
"""Pixels of a face in a window from which it is at least a hint."""
CLOSE = 48
"""Pixels that a face has in the window of a closer look."""
FITTING = (20, 120)
"""Pixels of a face in that window between which it counts; others have looks of their own."""
COVERED = (28, 100)
"""The same for other hints, which then need no look of their own."""
MARGIN = 0.2
"""Margin round a face that must lie in the window as well, as a share of its side."""
FINER = 1.2
"""How much finer the glances at parts must be than that at the whole picture to be worth it."""
TURNED = 8
"""Degrees of tilt from which a closer look is turned."""
STRAIGHT = 20
"""Degrees of tilt up to which the landmarks of a glance tell as much as those of a turned look."""
POSSIBLE = 0.3
"""Score of a closer look below which nothing is kept."""
CERTAIN = 0.6
"""Score from which it is a face."""
CLEAR = 0.75
"""Score from which one look is enough."""
SECOND = 32
"""Pixels that a face has in the window of a second look."""
LEAST = 0.01
"""Lowest score asked for in a second look."""
NEARBY = 0.4
"""How far from where it was a face may be seen in a second look, as a share of its side."""
BARE = 0.05
"""Contrast up to which a place is bare: 71 faces at 8 to 48 pixels, in an eighth of the light too, had 0.13 or more."""
LARGEST = 32
"""Most of a window that a face may be to be seen whole in one of two neighbours, in pixels."""


class Network(Protocol):
    """Sees the faces of a window."""

    def look(self, window: Image, least: float) -> Finds:
        """Return the faces of a (192, 192) or (192, 192, 3) uint8 window with at least this score."""
        ...


def glances(width: int, height: int, smallest: float) -> tuple[Window, list[Window]]:
    """Return the windows in which every face is at least a hint: of the whole picture, and of its parts.

    Args:
        width, height: the picture's, in pixels.
        smallest: side of the smallest face, in pixels of the picture.
    """
    everything = whole(width, height)
    scale = min(1.0, HINT / smallest)
    if scale < everything.scale * FINER:
        return everything, []
    shared = max(LARGEST, 1.5 * HINT / everything.scale * scale)  # what is larger, the glance at everything shows
    return everything, list(tiles(width, height, scale, min(shared, 96.0)))


def large(finds: Finds, smallest: float) -> Finds:
    """Leave out what is smaller than was asked for, in pixels, by more than the network errs."""
    return finds.only(finds.sides >= 0.75 * smallest)


def from_afar(everything: Window) -> Window:
    """The window that shows a picture half as large, amid black: a face that fills the picture is seen only so.

    Of 1,208 faces that fill most of a square picture, 163 were missed without it.
    """
    return replace(everything, scale=everything.scale / 2)


def look(network: Network, image: Image, window: Window, least: float) -> Finds:
    """Return what the network sees in a window, in pixels of the picture; it takes bare walls for faint hints."""
    shown = window.cut(image)
    finds = network.look(shown, least)
    return window.placed(finds.only(_contrasts(shown, finds) > BARE))


def _contrasts(shown: Image, finds: Finds) -> NDArray[np.float64]:
    """The contrast of each find's square in a window: the deviation of its grey levels, relative to their mean."""
    grey = shown if shown.ndim == 2 else cv2.cvtColor(shown, cv2.COLOR_BGR2GRAY)
    tables = cv2.integral2(grey, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
    half = np.maximum(finds.sides / 2, 1)[:, None]
    left, top = np.clip(np.floor(finds.centres - half).astype(int), 0, SIDE - 1).T
    right, bottom = np.clip(np.ceil(finds.centres + half).astype(int), 1, SIDE).T

    level, square = (
        (table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left])
        / np.maximum((bottom - top) * (right - left), 1)
        for table in (np.asarray(each, np.float64) for each in tables)
    )
    return np.asarray(np.sqrt(np.maximum(square - level**2, 0)) / np.maximum(level, 1))


def look_closer(network: Network, image: Image, hints: Finds, most: int, least: float = POSSIBLE) -> Finds:
    """Look at hints from near; return the faces seen there, one find a face.

    Args:
        network: sees them.
        image: (height, width) or (height, width, 3) uint8 picture.
        hints: in its pixels, one find a face, the best first.
        most: how many looks are allowed.
        least: lowest score of a face.
    """
    found = list[Finds]()
    for window in _closer(hints, most):
        seen = look(network, image, window, least)
        sides = seen.sides * window.scale
        fitting = (sides >= FITTING[0]) & (sides <= FITTING[1]) & window.inside(seen, MARGIN / 2)
        found.append(seen.only(fitting).merged())
    return _confirmed(network, image, joined(found).merged())


def is_clear(window: Window, finds: Finds) -> NDArray[np.bool_]:
    """Whether each find of a glance is so clear, large and upright that a closer look would tell no more: (N,)."""
    sides = finds.sides * window.scale
    fitting = (sides >= COVERED[0]) & (sides <= FITTING[1]) & window.inside(finds, MARGIN / 2)
    return np.asarray(fitting & (finds.scores >= CLEAR) & (np.abs(angles(finds)) < STRAIGHT))


def _confirmed(network: Network, image: Image, faces: Finds) -> Finds:
    """Give what is not clear the mean of its score and that of a second look.

    Of 71 faces in 29 pictures five were not clear, and stayed above 0.6; of what was seen above 0.3 in 299 pictures
    without faces, three were above 0.6 at the first look, and none with the second.
    """
    scores, tilt = faces.scores.copy(), angles(faces)
    for index in np.flatnonzero(faces.scores < CLEAR):
        window = near(faces.only([index]), float(tilt[index]), SECOND)
        seen = network.look(np.ascontiguousarray(window.cut(image)[:, ::-1]), LEAST)
        here = np.hypot(*(seen.centres - SIDE / 2).T) < SECOND * NEARBY
        scores[index] = (scores[index] + seen.scores[here].max(initial=0)) / 2
    return Finds(scores, faces.centres, faces.sides, faces.landmarks)


def _closer(hints: Finds, most: int) -> Iterator[Window]:
    """The windows of closer looks: each of the best hint that none before has covered."""
    tilt = angles(hints)
    left = np.ones(len(hints), bool)
    for _ in range(most):
        if not left.any():
            return
        best = int(np.argmax(left))
        window = near(hints.only([best]), float(tilt[best]))
        sides = hints.sides * window.scale
        left &= ~((sides >= COVERED[0]) & (sides <= COVERED[1]) & window.inside(hints, MARGIN))
        left[best] = False
        yield window


def near(face: Finds, angle: float, pixels: float = CLOSE) -> Window:
    """The window in which one face with a tilt in degrees has that many pixels, turned where that matters."""
    (x, y), side = face.centres[0], float(face.sides[0])
    return Window(float(x), float(y), pixels / side, angle if abs(angle) >= TURNED else 0.0)
