"""Frame and faces in, drawn copy out; and the drawn notices that stand in for a picture that is missing."""

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np

from faces import Face, Image
from lettering import Colour, paste, plate

COLOURS: dict[str, Colour] = {
    "angry": (60, 70, 235),
    "disgust": (60, 150, 80),
    "fear": (200, 90, 150),
    "happy": (40, 200, 250),
    "sad": (215, 130, 60),
    "surprise": (50, 140, 255),
    "neutral": (190, 190, 190),
}
"""One colour an expression, in OpenCV's blue, green, red order."""
OTHER: Colour = (200, 200, 120)
UNSURE: Colour = (150, 150, 150)
INK: Colour = (24, 20, 18)
GROUND: Colour = (38, 33, 30)
BRIGHT: Colour = (235, 235, 235)
DIM: Colour = (170, 170, 170)


def annotate(image: Image, faces: Sequence[Face], threshold: float = 0.35) -> Image:
    """A copy of a picture with a box, an expression and its probability on every face.

    Args:
        image: (height, width, 3) uint8 BGR; left as it is.
        faces: what to draw; boxes may reach over the edge.
        threshold: probability below which the expression is called unsure.
    """
    drawn = image.copy()
    for face in faces:
        _draw_face(drawn, face, threshold)
    return drawn


def caption(face: Face, threshold: float) -> str:
    """The words on a face: the expression and its probability in per cent, or unsure; empty if never classified."""
    if face.expression is None:
        return ""
    word = face.expression if face.confidence >= threshold else "unsure"
    return f"{word} {face.confidence:.0%}"


def _draw_face(image: Image, face: Face, threshold: float) -> None:
    colour = COLOURS.get(face.expression or "", OTHER) if face.confidence >= threshold else UNSURE
    box, side = face.box, min(image.shape[:2])
    line = max(2, round(side / 240))
    cv2.rectangle(image, (box.x, box.y), (box.x + box.width, box.y + box.height), colour, line, cv2.LINE_AA)
    text = caption(face, threshold)
    if text:
        label = plate(text, max(13, round(side / 30)), INK, colour, padding=max(4, side // 120))
        height, width = label.shape[:2]
        x = min(max(box.x - line // 2, 0), image.shape[1] - width)  # pushed into the picture where it would leave it
        paste(image, label, x, max(box.y - height, 0))


def notice(title: str, words: str, width: int = 1280, height: int = 720) -> Image:
    """A drawn picture, (height, width, 3) uint8 BGR, that says why there is none from the camera."""
    image = np.full((height, width, 3), GROUND, np.uint8)
    size = max(12, round(min(width / 1.6, height) / 26))
    y = round(height * 0.42)
    lines = [(title, 2 * size, BRIGHT)] + [(line, size, DIM) for line in textwrap.wrap(words, 70)[:6]]
    for text, letters, ink in lines:
        line = plate(text, letters, ink, GROUND)
        paste(image, line, (width - line.shape[1]) // 2, y)
        y += round(letters * 1.6)
    return image
