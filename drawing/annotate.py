"""Annotations on pictures (boxes, labels and bars), and notices in place of a missing picture."""

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from drawing.bars import draw_bars
from drawing.labels import draw_label, place_labels
from drawing.lettering import paste, text_image
from drawing.palette import BRIGHT, DIM, GROUND, Colour
from drawing.placement import Memory
from drawing.style import Style
from faces import Box, Face, Image


def annotate(
    image: Image,
    faces: Sequence[Face],
    threshold: float = 0.35,
    bars: bool = False,
    boxes: bool = True,
    memory: Memory | None = None,
) -> Image:
    """Return a copy of a picture with a box, an expression and its probability on every face.

    Labels and bars cover no face and no other label; among many faces they are smaller, shorter or left out.

    Args:
        image: (height, width, 3) uint8 BGR; left unchanged.
        faces: the faces; boxes may reach over the edge. Fading faces are drawn semi-transparent.
        threshold: probability below which the expression is shown as unsure.
        bars: draw the probabilities of all expressions as bars beside each face.
        boxes: draw the boxes as well as the labels.
        memory: where labels and bars were in the frame before; updated. None for a picture without one.
    """
    drawn, style = image.copy(), Style(min(image.shape[:2]), threshold)
    memory = Memory() if memory is None else memory
    labels = place_labels(faces, style, (image.shape[1], image.shape[0]), memory.labels)
    if bars:  # below all boxes and labels
        draw_bars(drawn, faces, style, [place.rect for place in labels if place], memory.bars)
    for face in faces if boxes else ():
        _draw_box(drawn, face, style)
    for face, place in zip(faces, labels, strict=True):
        if place:
            draw_label(drawn, face, style, place)
    return drawn


def _draw_box(image: Image, face: Face, style: Style) -> None:
    box, line = face.box, style.line_of(face.box)
    left, top = max(0, box.x - line), max(0, box.y - line)
    part = image[top : max(0, box.y + box.height + line + 1), left : max(0, box.x + box.width + line + 1)]
    below = part.copy() if face.fade < 1 else None
    _outline(image, box, line, style.colour_of(face))
    if below is not None and below.size:
        cv2.addWeighted(part, face.fade, below, 1 - face.fade, 0, dst=part)


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
