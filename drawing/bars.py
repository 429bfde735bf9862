"""Bars: the probabilities of all expressions beside a face, where they cover neither a face nor a label."""

from collections.abc import Sequence

import numpy as np

from drawing.lettering import paste, text_image, text_size
from drawing.palette import BRIGHT, COLOURS, DIM, GROUND, OTHER
from drawing.placement import Kept, Rect, Sides, Size, Wanted, arrange
from drawing.style import Style
from faces import Box, Face, Image

INSIDE = 2
"""How many times as large as its bars a face must be for the bars to lie inside its box, as a last resort."""


def draw_bars(image: Image, faces: Sequence[Face], style: Style, taken: Sequence[Rect], kept: Kept) -> None:
    """Draw the bars of each face for which there is room, the largest faces first.

    Args:
        image: (height, width, 3) uint8 BGR; written to.
        faces: the faces.
        style: the picture's style.
        taken: the labels, which must stay free as the faces must.
        kept: where bars were in the frame before; updated.
    """
    fonts, room = (style.small_letters, max(11, round(0.75 * style.small_letters))), (image.shape[1], image.shape[0])
    wanted = [Wanted(face.box, _sizes(face, fonts, style.line, room[0]), face.track) for face in faces]
    places = arrange(wanted, taken, room, _around(style), kept)
    for face, place in zip(faces, places, strict=True):
        if place:
            chart = _chart(face, fonts[place.size], place.rect.right - place.rect.left)
            paste(image, chart, place.rect.left, place.rect.top, face.fade)


def _around(style: Style) -> Sides:
    """The places of bars around a box: below, right, left, above or below the label; inside it if it is large."""
    line, words = style.line, round(1.6 * style.letters) + style.line

    def sides(box: Box, size: Size, room: Size) -> tuple[tuple[int, int] | None, ...]:
        (wide, high), bottom = size, box.y + box.height
        left = min(max(box.x - line // 2, 0), room[0] - wide)
        middle = min(max(box.y + (box.height - high) // 2, 0), room[1] - high)
        return (
            (left, bottom + line),
            (box.x + box.width + line, middle),
            (box.x - line - wide, middle),
            (left, box.y - words - high),
            (left, bottom + words),
            (left, min(bottom, room[1]) - high) if box.area >= INSIDE * wide * high else None,
        )

    return sides


def _columns(face: Face, size: int) -> tuple[int, int, int, int]:
    """The heights of a row and a gap, and the widths of names and figures, in pixels."""
    return round(size * 1.4), size // 2, max(text_size(label, size)[0] for label in face.labels), round(2.4 * size)


def _sizes(face: Face, fonts: Sequence[int], line: int, widest: int) -> tuple[Size, ...]:
    """Widths and heights of a chart by font size: as wide as the box, but no narrower than its text asks for."""
    sizes = []
    for font in fonts if face.probabilities else ():
        row, gap, first, last = _columns(face, font)
        width = max(min(face.box.width + line, widest), first + last + 4 * gap + 2 * font)
        sizes.append((width, row * len(face.labels) + gap))
    return tuple(sizes)


def _chart(face: Face, size: int, width: int) -> Image:
    """Draw a bar chart, `width` pixels wide, with a row for each label: name, bar and per cent."""
    row, gap, first, last = _columns(face, size)
    longest = width - first - last - 4 * gap
    chart = np.full((row * len(face.labels) + gap, width, 3), GROUND, np.uint8)
    for index, (label, probability) in enumerate(zip(face.labels, face.probabilities, strict=True)):
        name, figure = text_image(label, size, BRIGHT, GROUND), text_image(f"{probability:.0%}", size, DIM, GROUND)
        y, x = gap // 2 + index * row, 2 * gap + first
        paste(chart, name, gap, y + (row - name.shape[0]) // 2)
        colour = COLOURS.get(label, OTHER)
        chart[y + row // 4 : y + row - row // 4, x : x + max(1, round(longest * probability))] = colour
        paste(chart, figure, x + longest + gap, y + (row - figure.shape[0]) // 2)
    return chart
