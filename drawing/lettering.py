"""Text as small pictures: antialiased, rendered once and cached."""

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from drawing.palette import Colour
from faces import Image


@lru_cache(maxsize=16)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)  # Pillow's own font, so that none must be installed


@lru_cache(maxsize=1024)
def text_size(text: str, size: int, padding: int = 0) -> tuple[int, int]:
    """Width and height of `text_image`, in pixels, without drawing it."""
    left, _, right, _ = _font(size).getbbox(text)
    return max(1, round(right - left)) + 2 * padding, round(size * 1.25) + padding


@lru_cache(maxsize=4096)
def _cover(text: str, size: int) -> Image:
    """Render a line of text as an alpha channel, (height, width) uint8; rendering is what takes long."""
    font = _font(size)
    left, _, right, _ = font.getbbox(text)
    picture = Pillow.new("L", (max(1, round(right - left)), round(size * 1.25)))
    ImageDraw.Draw(picture).text((-left, picture.height / 2), text, fill=255, font=font, anchor="lm")
    return np.asarray(picture, np.uint8)


@lru_cache(maxsize=512)
def text_image(text: str, size: int, ink: Colour, paper: Colour, padding: int = 0) -> Image:
    """Draw a line of text on a plain ground, as a read-only (height, width, 3) uint8 BGR picture.

    Args:
        text: the text; letters that the font lacks appear as empty boxes.
        size: font size in pixels.
        ink: colour of the letters.
        paper: colour of the ground.
        padding: pixels around the text.
    """
    cover = _cover(text, size)
    shades = np.round(np.linspace(paper, ink, 256)).astype(np.uint8)
    above = padding // 2
    made = np.empty((cover.shape[0] + padding, cover.shape[1] + 2 * padding, 3), np.uint8)
    made[:] = paper
    made[above : above + cover.shape[0], padding : padding + cover.shape[1]] = shades[cover]
    made.setflags(write=False)
    return made


def paste(image: Image, small: Image, x: int, y: int, opacity: float = 1.0) -> None:
    """Paste a small BGR picture on a larger one with its top left corner at (x, y), cut off at the edge.

    `opacity` goes from 0 (invisible) to 1 (opaque).
    """
    left, top = max(0, -x), max(0, -y)
    right, bottom = image.shape[1] - x, image.shape[0] - y
    if right > left and bottom > top:
        visible = small[top:bottom, left:right]
        height, width = visible.shape[:2]
        part = image[y + top : y + top + height, x + left : x + left + width]
        if opacity >= 1:
            part[:] = visible
        else:
            cv2.addWeighted(visible, opacity, part, 1 - opacity, 0, dst=part)
