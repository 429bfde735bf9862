"""Faces made unrecognisable, or covered, before a picture leaves the server."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import cv2
import numpy as np

from delivery.view_options import Privacy
from drawing.emoji import emoji
from drawing.palette import COLOURS, OTHER, UNSURE
from faces import Box, Face, Image

CELLS = 3
"""Patches across a face: people need some eight to tell who somebody is."""
BESIDE, ABOVE, BELOW = 0.45, 0.6, 0.4
"""How far round a box is hidden, as shares of its size: ears, hair and chin tell people apart too."""
BLOCK = 8
"""Pixels of the blocks that are averaged first."""
FEATHER = 0.08
"""Share of the hidden oval over which it passes into the picture; the box lies inside of that."""
COVER = 1.3
"""Diameter of the drawn face that covers a person's, in widths of its box."""


def hide(image: Image, faces: Sequence[Face], doubtful: Sequence[Box], how: Privacy, threshold: float) -> None:
    """Hide faces in a picture.

    Args:
        image: (height, width, 3) uint8 BGR; written to.
        faces: those that are shown; where they are lost, what covers them fades, but what makes them unrecognisable
            stays.
        doubtful: where else faces may be; these are only made unrecognisable.
        how: "off" for nothing, "blur" or "emoji".
        threshold: probability below which an expression is called unsure.
    """
    if how == "off":
        return
    for box in (*(face.box for face in faces), *doubtful):
        _smear(image, box)
    for face in faces if how == "emoji" else ():
        _cover(image, face, threshold)


def _smear(image: Image, box: Box) -> None:
    """Leave a few soft patches of colour of what is in a box and around it.

    Pixels are averaged over whole patches first: what lies between is lost for good, however it is sharpened later.
    """
    x, y = round(box.x - BESIDE * box.width), round(box.y - ABOVE * box.height)
    width, height = round(box.width * (1 + 2 * BESIDE)), round(box.height * (1 + ABOVE + BELOW))
    part, seen = _visible(image, x, y, width, height)
    if not part.size:
        return
    patches = [max(1, round(side * CELLS / box.width)) for side in part.shape[1::-1]]
    few = cv2.resize(_averaged(part), patches, interpolation=cv2.INTER_AREA)
    smeared = cv2.resize(few, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    _mix(part, smeared, cv2.resize(_oval(), (width, height), interpolation=cv2.INTER_LINEAR)[seen])


def _averaged(part: Image) -> Any:
    """A picture reduced by whole blocks, several times as quick as by any other size; small ones as they are."""
    rows, columns = (side // BLOCK for side in part.shape[:2])
    if min(rows, columns) < BLOCK:
        return part
    return cv2.resize(part[: rows * BLOCK, : columns * BLOCK], (columns, rows), interpolation=cv2.INTER_AREA)


def _cover(image: Image, face: Face, threshold: float) -> None:
    sure = face.expression is not None and face.confidence >= threshold
    expression = face.expression if sure and face.expression else ""
    colour = COLOURS.get(expression, OTHER) if sure else UNSURE
    side, box = round(COVER * max(face.box.width, face.box.height)), face.box
    part, seen = _visible(image, box.x + (box.width - side) // 2, box.y + (box.height - side) // 2, side, side)
    if part.size:
        picture, cover = emoji(expression, colour, side)
        _mix(part, picture[seen], cv2.convertScaleAbs(cover[seen], alpha=face.fade))


def _visible(image: Image, x: int, y: int, width: int, height: int) -> tuple[Image, tuple[slice, slice]]:
    """The part of a picture that another with its corner at (x, y) would take, and where that is in the other."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = max(left, min(width, image.shape[1] - x)), max(top, min(height, image.shape[0] - y))
    return image[y + top : y + bottom, x + left : x + right], (slice(top, bottom), slice(left, right))


def _mix(part: Image, above: Any, cover: Any) -> None:
    """Lay a picture over another of its size, as far as each of its pixels covers that, 0 to 255."""
    share = cv2.merge([cover] * 3)
    below = cv2.multiply(part, cv2.bitwise_not(share), scale=1 / 255)
    cv2.add(below, cv2.multiply(above, share, scale=1 / 255), dst=part)


@cache
def _oval() -> Image:
    """A cover, (64, 64) uint8: 255 in an oval that touches the edges, and less towards its rim."""
    across = (np.arange(64) - 31.5) / 32
    distance = np.hypot(across[:, None], across[None, :])
    return np.asarray(np.round(255 * np.clip((1 - distance) / FEATHER, 0, 1)), np.uint8)
