"""Privacy: faces are blurred or covered before a picture leaves the server."""

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
"""Patches across a blurred face: people need some eight to recognise somebody."""
BESIDE, ABOVE, BELOW = 0.45, 0.6, 0.4
"""Margins around a box that are hidden too, as shares of its size: ears, hair and chin identify people as well."""
BLOCK = 8
"""Pixels of the blocks that are averaged first."""
FEATHER = 0.08
"""Width of the hidden oval's soft edge, as a share of the oval; the box lies within it."""
COVER = 1.3
"""Diameter of an emoji, in widths of the box that it covers."""


def hide(image: Image, faces: Sequence[Face], doubtful: Sequence[Box], how: Privacy, threshold: float) -> None:
    """Hide faces in a picture.

    Args:
        image: (height, width, 3) uint8 BGR; written to.
        faces: the shown faces; the emoji of a lost face fades, its blur stays.
        doubtful: where else faces may be; these are only blurred.
        how: "off" for nothing, "blur" or "emoji".
        threshold: probability below which an expression is shown as unsure.
    """
    if how == "off":
        return
    for box in (*(face.box for face in faces), *doubtful):
        _blur(image, box)
    for face in faces if how == "emoji" else ():
        _cover(image, face, threshold)


def _blur(image: Image, box: Box) -> None:
    """Reduce a box and its surroundings to a few soft patches of colour.

    Pixels are first averaged over whole patches, so no later sharpening can restore the detail.
    """
    x, y = round(box.x - BESIDE * box.width), round(box.y - ABOVE * box.height)
    width, height = round(box.width * (1 + 2 * BESIDE)), round(box.height * (1 + ABOVE + BELOW))
    part, seen = _visible(image, x, y, width, height)
    if not part.size:
        return
    patches = [max(1, round(side * CELLS / box.width)) for side in part.shape[1::-1]]
    few = cv2.resize(_averaged(part), patches, interpolation=cv2.INTER_AREA)
    blurred = cv2.resize(few, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    _mix(part, blurred, cv2.resize(_oval(), (width, height), interpolation=cv2.INTER_LINEAR)[seen])


def _averaged(part: Image) -> Any:
    """Reduce a picture by whole blocks, which is several times faster than any other factor; small ones are kept."""
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
    """The part of a picture that another one at (x, y) covers, and the same part within the other one."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = max(left, min(width, image.shape[1] - x)), max(top, min(height, image.shape[0] - y))
    return image[y + top : y + bottom, x + left : x + right], (slice(top, bottom), slice(left, right))


def _mix(part: Image, above: Any, cover: Any) -> None:
    """Blend a picture over another of its size by an alpha channel, 0 to 255."""
    share = cv2.merge([cover] * 3)
    below = cv2.multiply(part, cv2.bitwise_not(share), scale=1 / 255)
    cv2.add(below, cv2.multiply(above, share, scale=1 / 255), dst=part)


@cache
def _oval() -> Image:
    """An alpha channel, (64, 64) uint8: 255 in an oval that touches the edges, less towards its rim."""
    across = (np.arange(64) - 31.5) / 32
    distance = np.hypot(across[:, None], across[None, :])
    return np.asarray(np.round(255 * np.clip((1 - distance) / FEATHER, 0, 1)), np.uint8)
