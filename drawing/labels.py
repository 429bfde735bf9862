"""Labels of faces: as much as there is room for, from expression and probability down to the expression alone."""

from collections.abc import Sequence
from functools import lru_cache

from drawing.lettering import paste, text_image, text_size
from drawing.palette import INK
from drawing.placement import Kept, Place, Sides, Size, Wanted, arrange
from drawing.style import Style
from faces import Box, Face, Image

INSIDE = 6
"""How many times as high as its label a face must be for the label to lie inside its box, as a last resort."""


def caption(face: Face, threshold: float) -> str:
    """The label of a face: the expression or "unsure", and the probability in per cent; empty if never classified."""
    if face.expression is None:
        return ""
    return f"{_word(face, threshold)} {face.confidence:.0%}"


def _word(face: Face, threshold: float) -> str:
    return face.expression if face.expression and face.confidence >= threshold else "unsure"


def place_labels(faces: Sequence[Face], style: Style, room: Size, kept: Kept) -> list[Place | None]:
    """Place the labels of all faces; None for a face without one.

    Args:
        faces: the faces.
        style: the picture's style.
        room: width and height of the picture in pixels.
        kept: where labels were in the frame before; updated.
    """
    wanted = [
        Wanted(face.box, _sizes(_word(face, style.threshold), style.side) if face.expression else (), face.track)
        for face in faces
    ]
    return arrange(wanted, (), room, _around(style), kept)


def draw_label(image: Image, face: Face, style: Style, place: Place) -> None:
    """Draw a face's label in its place, as near to the left edge of its box as the place allows."""
    letters, padding, whole = _forms(style.side)[place.size]
    text = caption(face, style.threshold) if whole else _word(face, style.threshold)
    label = text_image(text, letters, INK, style.colour_of(face), padding)
    left = min(max(_left(face.box, style), place.rect.left), place.rect.right - label.shape[1])
    paste(image, label, left, place.rect.top, face.fade)


@lru_cache(maxsize=16)
def _forms(side: int) -> tuple[tuple[int, int, bool], ...]:
    """The forms of a label, the preferred first: font size, padding in pixels, whether it tells the probability."""
    style = Style(side)
    large, small = style.letters, style.small_letters
    forms = (large, True), ((large + small) // 2, True), (small, True), (small, False)
    return tuple((letters, max(2, max(4, side // 120) * letters // large), whole) for letters, whole in forms)


@lru_cache(maxsize=256)
def _sizes(word: str, side: int) -> tuple[Size, ...]:
    """The sizes of a label's forms; room is kept for the longest probability, so that figures may change."""
    return tuple(
        text_size(f"{word} 100%" if whole else word, letters, padding) for letters, padding, whole in _forms(side)
    )


def _left(box: Box, style: Style) -> int:
    return box.x - style.line // 2


def _around(style: Style) -> Sides:
    """The places of labels around a box: above, below, right, left; inside it if it is large."""

    def sides(box: Box, size: Size, room: Size) -> tuple[tuple[int, int] | None, ...]:
        (width, height), right, bottom = size, box.x + box.width, box.y + box.height
        left = min(max(_left(box, style), 0), room[0] - width)
        flush = max(min(right + style.line // 2 - width, room[0] - width), 0)
        top, low = min(max(box.y, 0), room[1] - height), min(max(bottom - height, 0), room[1] - height)
        seen = min(right, room[0]) - max(box.x, 0), min(bottom, room[1]) - max(box.y, 0)
        inside = seen[0] >= width and seen[1] >= INSIDE * height
        return (
            (left, box.y - height),
            (flush, box.y - height),
            (left, bottom),
            (flush, bottom),
            (right, top),
            (box.x - width, top),
            (right, low),
            (box.x - width, low),
            (left, max(box.y, 0)) if inside else None,
        )

    return sides
