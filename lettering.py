"""Words as small pictures: smooth type, rendered once and kept."""

from functools import lru_cache

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from faces import Image

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255 each, as OpenCV has it."""


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # the typeface that Pillow brings along, so that none need be installed


@lru_cache(maxsize=512)
def plate(text: str, size: int, ink: Colour, paper: Colour, padding: int = 0) -> Image:
    """A line of text on a plain ground, as a (height, width, 3) uint8 BGR picture that must not be written to.

    Args:
        text: what it says; letters that the typeface lacks come out as empty boxes.
        size: of the type, in pixels.
        ink: colour of the letters.
        paper: colour of the ground.
        padding: pixels round the text.
    """
    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    width, height = max(1, round(right - left)) + 2 * padding, round(size * 1.25) + padding
    picture = Pillow.new("RGB", (width, height), paper[::-1])
    place = (padding - left, height / 2)
    ImageDraw.Draw(picture).text(place, text, fill=ink[::-1], font=font, anchor="lm")
    made = np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])
    made.setflags(write=False)
    return made


def paste(image: Image, small: Image, x: int, y: int) -> None:
    """Lay a small BGR picture on a larger one with its top left corner at (x, y); what reaches over the edge is cut."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = image.shape[1] - x, image.shape[0] - y
    if right > left and bottom > top:
        visible = small[top:bottom, left:right]
        height, width = visible.shape[:2]
        image[y + top : y + top + height, x + left : x + left + width] = visible
