"""Annotations on pictures (boxes, labels and bars), and notices in place of a missing picture."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from drawing.lettering import paste, text_image
from drawing.palette import BRIGHT, COLOURS, DIM, GROUND, INK, OTHER, UNSURE, Colour
from faces import Box, Face, Image


def annotate(
    image: Image, faces: Sequence[Face], threshold: float = 0.35, bars: bool = False, boxes: bool = True
) -> Image:
    """Return a copy of a picture with a box, an expression and its probability on every face.

    Args:
        image: (height, width, 3) uint8 BGR; left unchanged.
        faces: the faces; boxes may reach over the edge. Fading faces are drawn semi-transparent.
        threshold: probability below which the expression is shown as unsure.
        bars: draw the probabilities of all expressions as bars beside each face.
        boxes: draw the boxes as well as the labels.
    """
    drawn, style = image.copy(), _Style(min(image.shape[:2]), threshold, boxes)
    taken = [face.box for face in faces]
    for face in faces if bars else ():  # below all boxes and labels
        taken += _draw_bars(drawn, face, [box for box in taken if box is not face.box], style)
    for face in faces:
        _draw_face(drawn, face, style)
    return drawn


@dataclass(frozen=True, slots=True)
class _Style:
    """The style of annotations; font size and line width follow `side`, the picture's shorter side in pixels."""

    side: int
    threshold: float
    boxes: bool

    @property
    def line(self) -> int:
        return max(2, round(self.side / 180))

    @property
    def letters(self) -> int:
        return max(13, round(self.side / 30))


def caption(face: Face, threshold: float) -> str:
    """The label of a face: the expression or "unsure", and the probability in per cent; empty if never classified."""
    if face.expression is None:
        return ""
    word = face.expression if face.confidence >= threshold else "unsure"
    return f"{word} {face.confidence:.0%}"


def _draw_face(image: Image, face: Face, style: _Style) -> None:
    colour = COLOURS.get(face.expression or "", OTHER) if face.confidence >= style.threshold else UNSURE
    box, line = face.box, style.line
    left, top = max(0, box.x - line), max(0, box.y - line)
    part = image[top : max(0, box.y + box.height + line + 1), left : max(0, box.x + box.width + line + 1)]
    below = part.copy() if face.fade < 1 else None
    if style.boxes:
        _outline(image, box, line, colour)
    if below is not None and below.size:
        cv2.addWeighted(part, face.fade, below, 1 - face.fade, 0, dst=part)
    text = caption(face, style.threshold)
    if text:
        label = text_image(text, style.letters, INK, colour, padding=max(4, style.side // 120))
        x = min(
            max(box.x - line // 2, 0), image.shape[1] - label.shape[1]
        )  # pushed in where it would leave the picture
        paste(image, label, x, max(box.y - label.shape[0], 0), face.fade)


def _outline(image: Image, box: Box, line: int, colour: Colour) -> None:
    """Draw the box as four filled bars: the same picture as four thick lines, in a tenth of the time."""
    half = line // 2
    left, top, right, bottom = box.x - half, box.y - half, box.x + box.width - half, box.y + box.height - half
    far = line - 1
    for x0, y0, x1, y1 in (
        (left, top, right + far, top + far),
        (left, bottom, right + far, bottom + far),
        (left, top, left + far, bottom + far),
        (right, top, right + far, bottom + far),
    ):
        cv2.rectangle(image, (x0, y0), (x1, y1), colour, cv2.FILLED)


def _draw_bars(image: Image, face: Face, taken: Sequence[Box], style: _Style) -> list[Box]:
    """Draw bars below the face or where there is room, preferably free; return the area that they take."""
    if not face.probabilities:
        return []
    box, line = face.box, style.line
    chart = _chart(face, max(11, round(style.side / 45)), box.width + line)
    (high, wide), (rows, columns) = chart.shape[:2], image.shape[:2]
    left, bottom = box.x - line // 2, box.y + box.height + line
    middle = box.y + (box.height - high) // 2
    above = box.y - round(1.6 * style.letters) - high
    wanted = [(left, bottom), (box.x + box.width + line, middle), (box.x - line - wide, middle), (left, above)]
    fitting = [(x, y) for x, y in wanted if 0 <= x <= columns - wide and 0 <= y <= rows - high]
    free = [(x, y) for x, y in fitting if not any(Box(x, y, wide, high).overlap(other) for other in taken)]
    x, y = (free or fitting or [(min(max(left, 0), columns - wide), rows - high)])[0]
    paste(image, chart, x, y, face.fade)
    return [Box(x, y, wide, high)]


def _chart(face: Face, size: int, width: int) -> Image:
    """Draw a bar chart with a row for each label: name, bar and per cent; at least `width` pixels wide."""
    names = [text_image(label, size, BRIGHT, GROUND) for label in face.labels]
    figures = [text_image(f"{probability:.0%}", size, DIM, GROUND) for probability in face.probabilities]
    row, gap = round(size * 1.4), size // 2
    first, last = max(name.shape[1] for name in names), round(2.4 * size)
    longest = max(2 * size, width - first - last - 4 * gap)
    chart = np.full((row * len(names) + gap, first + longest + last + 4 * gap, 3), GROUND, np.uint8)
    for index, (name, figure, probability) in enumerate(zip(names, figures, face.probabilities, strict=True)):
        y, x = gap // 2 + index * row, 2 * gap + first
        paste(chart, name, gap, y + (row - name.shape[0]) // 2)
        colour = COLOURS.get(face.labels[index], OTHER)
        chart[y + row // 4 : y + row - row // 4, x : x + max(1, round(longest * probability))] = colour
        paste(chart, figure, x + longest + gap, y + (row - figure.shape[0]) // 2)
    return chart


def notice(title: str, message: str, width: int = 1280, height: int = 720) -> Image:
    """Draw a picture, (height, width, 3) uint8 BGR, that says why there is none from the camera."""
    image = np.empty((height, width, 3), np.uint8)
    cv2.rectangle(image, (0, 0), (width, height), GROUND, cv2.FILLED)  # a tenth of the time of np.full
    size = max(12, round(min(width / 1.6, height) / 26))
    y = round(height * 0.42)
    lines = [(title, 2 * size, BRIGHT)] + [(line, size, DIM) for line in textwrap.wrap(message, 70)[:6]]
    for text, letters, ink in lines:
        line = text_image(text, letters, ink, GROUND)
        paste(image, line, (width - line.shape[1]) // 2, y)
        y += round(letters * 1.6)
    return image
