"""The room behind the people: a calm wall with a window and a shelf, out of focus as behind a portrait."""

import numpy as np
from numpy.typing import NDArray

from demo.brush import Brush, Colour, Grid, moved, shaded
from faces import Image

WALL: Colour = (176, 188, 190)
FRAME: Colour = (226, 234, 236)
WOOD: Colour = (78, 112, 152)
TREE: Colour = (132, 172, 150)
LEAF: Colour = (84, 132, 98)
POT: Colour = (112, 130, 196)
BOOKS: tuple[tuple[float, Colour], ...] = (
    (0.110, (96, 88, 150)),
    (0.125, (150, 128, 80)),
    (0.098, (170, 190, 208)),
    (0.118, (92, 128, 92)),
    (0.104, (84, 132, 190)),
    (0.122, (120, 92, 84)),
)
"""Height, as a share of the picture's, and colour of the books on the shelf."""


def room(width: int, height: int) -> Image:
    """Draw the empty room: (height, width, 3) uint8 BGR. Lengths below are shares of the picture's height."""
    wide = width / height
    brush = Brush(_wall(width, height), Grid(height, (0.0, 0.0)))
    _window(brush, 0.035, 0.10, 0.30 * wide, 0.70)
    _shelf(brush, 0.74 * wide, 0.98 * wide, 0.36, seed=1)
    _shelf(brush, 0.74 * wide, 0.98 * wide, 0.66, seed=2)
    _picture(brush, 0.655 * wide, 0.09)
    brush.blur(0.009)
    light = np.asarray(brush.image, np.float32)
    light += np.random.default_rng(0).normal(0, 1.2, (height, width, 1))  # noise against banding in the soft gradients
    return np.asarray(np.clip(light * _vignette(width, height), 0, 255), np.uint8)


def _wall(width: int, height: int) -> Image:
    x, y = np.linspace(0, 1, width)[None, :, None], np.linspace(0, 1, height)[:, None, None]
    daylight = 0.16 * np.exp(-(((x - 0.30) / 0.35) ** 2) - ((y - 0.35) / 0.6) ** 2)
    return np.clip(np.array(WALL) * (0.94 + daylight - 0.10 * y - 0.08 * x), 0, 255).astype(np.uint8)


def _vignette(width: int, height: int) -> NDArray[np.float32]:
    x, y = np.linspace(-1, 1, width)[None, :, None], np.linspace(-1, 1, height)[:, None, None]
    return np.asarray(1 - 0.12 * np.clip(x**2 + y**2 - 0.4, 0, 2), np.float32)


def _box(brush: Brush, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
    brush.fill([(left, top), (right, top), (right, bottom), (left, bottom)], colour)


def _window(brush: Brush, left: float, top: float, right: float, bottom: float) -> None:
    _box(brush, left - 0.02, top - 0.02, right + 0.02, bottom + 0.02, FRAME)
    pane = brush.window((left, top), (right, bottom))
    share = np.linspace(0, 1, pane.image.shape[0])[:, None, None]
    pane.image[:] = np.array((242, 228, 206)) * (1 - share) + np.array((238, 240, 238)) * share
    rng = np.random.default_rng(4)
    for tone in (1.22, 1.08, 0.95):
        for x in np.arange(left, right + 0.08, 0.09):
            ground = bottom - 0.02 + 0.10 * (1.22 - tone)
            radius = float(rng.uniform(0.06, 0.11))
            crown = (x + float(rng.normal(0, 0.02)), ground - 0.35 * (tone - 0.95))
            pane.spot(crown, (radius, 1.3 * radius), shaded(TREE, tone))
    middle, bar = (left + right) / 2, 0.010
    _box(brush, middle - bar, top, middle + bar, bottom, FRAME)
    _box(brush, left, (top + bottom) / 2 - bar, right, (top + bottom) / 2 + bar, FRAME)
    _box(brush, left - 0.035, bottom + 0.015, right + 0.035, bottom + 0.04, (214, 222, 224))


def _shelf(brush: Brush, left: float, right: float, top: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    _box(brush, left + 0.01, top + 0.02, right + 0.01, top + 0.045, (148, 158, 160))  # its shadow on the wall
    x = left + 0.03
    for i in rng.permutation(len(BOOKS)):
        tall, colour = BOOKS[i]
        thick = 0.020 + 0.012 * float(rng.random())
        _box(brush, x, top - tall, x + thick, top, colour)
        x += thick + 0.003
    _plant(brush, min(x + 0.09, right - 0.06), top, rng)
    _box(brush, left, top, right, top + 0.02, WOOD)


def _plant(brush: Brush, x: float, bottom: float, rng: np.random.Generator) -> None:
    for angle in np.linspace(-70, 70, 9) + rng.normal(0, 5, 9):
        lean = np.deg2rad(angle)
        middle = (x + 0.039 * float(np.sin(lean)), bottom - 0.055 - 0.039 * float(np.cos(lean)))
        brush.spot(middle, (0.014, 0.045), shaded(LEAF, float(rng.uniform(0.8, 1.25))), angle=float(angle))
    brush.fill([(x - 0.034, bottom - 0.06), (x + 0.034, bottom - 0.06), (x + 0.026, bottom), (x - 0.026, bottom)], POT)


def _picture(brush: Brush, x: float, top: float) -> None:
    _box(brush, x - 0.095, top, x + 0.105, top + 0.16, (156, 166, 168))
    _box(brush, x - 0.10, top - 0.005, x + 0.10, top + 0.15, (92, 120, 148))
    _box(brush, x - 0.09, top + 0.005, x + 0.09, top + 0.14, (214, 224, 228))
    canvas = brush.window((x - 0.075, top + 0.02), (x + 0.075, top + 0.125))
    canvas.image[:] = (206, 196, 164)
    hills = [(-0.10, 0.11), (-0.03, 0.06), (0.03, 0.10), (0.20, 0.20), (-0.10, 0.20)]
    canvas.fill(moved(np.array(hills), x, top), (150, 150, 108))
    canvas.spot((x + 0.035, top + 0.045), (0.014, 0.014), (150, 206, 240))
