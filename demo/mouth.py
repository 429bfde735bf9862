"""The mouth: its shape by the action units, and its drawing."""

import numpy as np
from numpy.typing import NDArray

from demo.brush import Brush, Colour, Points, moved, shaded, taper
from demo.expression import Action
from demo.sitter import Sitter
from faces import Image

TEETH: Colour = (222, 232, 236)
CAVITY: Colour = (26, 20, 48)
TONGUE: Colour = (72, 66, 150)

ACROSS = np.linspace(-1, 1, 41)
"""Places along the mouth, from its left to its right corner."""
ARCH = 1 - ACROSS**2
ROUND = np.sqrt(ARCH)
INNER = slice(8, -8)
"""The places away from the corners."""
FADE = taper(25, 0.0, 0.0)
"""Relative width of a stroke along the inner places that thins out to nothing."""


class Mouth:
    """The shape that an action gives a person's mouth.

    Attributes:
        drop: how far the chin has come down, in face units.
        corner: the right corner of the mouth, x and y.
    """

    def __init__(self, action: Action, sitter: Sitter) -> None:
        a = action
        self.action, self.lips, self.full = action, sitter.lips, sitter.lip
        self.drop = 0.23 * a.jaw + 0.02 * a.part - 0.015 * a.chin
        width = 0.268 + 0.085 * a.corner_up + 0.07 * a.stretch + 0.02 * a.corner_down + 0.015 * a.upper_lip
        width -= 0.10 * a.pucker + 0.03 * a.jaw
        height = 0.555 + 0.40 * self.drop - 0.085 * a.corner_up + 0.075 * a.corner_down
        height += 0.02 * a.stretch - 0.01 * a.chin
        self.corner = (width, height)
        self.middle = 0.555 + 0.012 * a.corner_up - 0.075 * a.upper_lip - 0.015 * a.part - 0.028 * a.chin
        self.middle -= 0.03 * a.jaw + 0.02 * a.nose_wrinkle
        self._shape()

    def _shape(self) -> None:
        """Set the four edges of the lips, from top to bottom, as heights at the places in ACROSS."""
        a = self.action
        height = self.corner[1]
        gap = 0.075 * a.part + 0.97 * max(self.drop, 0) + 0.03 * a.lower_lip + 0.045 * a.upper_lip * min(1, 2 * a.part)
        gap *= min(1, 4 * (a.part + a.jaw))
        square = 0.6 * a.stretch + 0.3 * a.upper_lip  # bared teeth make the mouth square, a pucker makes it round
        circle = min(0.6 * a.pucker + 0.6 * a.jaw, 1)
        flat = ARCH if self.middle > height else 1 - np.abs(ACROSS) ** (2 + 2.5 * square)
        above = flat * (1 - circle) + ROUND * circle
        below = (1 - np.abs(ACROSS) ** (2.4 + 2 * square)) * (1 - circle) + ROUND * circle
        self.inner_top = height + (self.middle - height) * above
        self.inner_bottom = np.maximum(height + (self.middle + gap - height) * below, self.inner_top)
        self.gap = float((self.inner_bottom - self.inner_top).max())
        upper = 0.062 * self.full * (1 - 0.65 * a.press) * (1 - 0.3 * a.corner_up + 0.25 * a.pucker - 0.2 * a.stretch)
        lower = 0.088 * self.full * (1 - 0.6 * a.press)
        lower *= 1 - 0.12 * a.corner_up + 0.15 * a.pucker + 0.1 * a.chin - 0.15 * a.stretch
        bow = 1 - 0.22 * np.exp(-((ACROSS / 0.13) ** 2)) + 0.10 * np.exp(-(((np.abs(ACROSS) - 0.25) / 0.16) ** 2))
        self.outer_top = self.inner_top - upper * ARCH**0.55 * bow
        self.outer_bottom = self.inner_bottom + lower * ARCH**0.62
        self._thick = (upper, lower)

    def _line(self, heights: NDArray[np.float64], inset: float = 1.0) -> Points:
        return np.stack([self.corner[0] * inset * ACROSS, heights], axis=1)

    def draw(self, brush: Brush) -> None:
        """Draw the lips, and the visible teeth and tongue."""
        reach = self.corner[0] + 0.1
        place = brush.window((-reach, self.outer_top.min() - 0.1), (reach, self.outer_bottom.max() + 0.14))
        self._draw_lips(place)
        if self.gap > 0.012:
            opening = place.grey(0)
            opening.fill(np.concatenate([self._line(self.inner_top), self._line(self.inner_bottom)[::-1]]), 255)
            place.paste(self._inside(place), opening.image)
        seam = 0.020 * taper(len(ACROSS), 0.35, 0.35) + 0.006 * np.abs(ACROSS)
        place.stroke(self._line(self.inner_top + 0.002, 1.03), seam, shaded(self.lips, 0.33))

    def _draw_lips(self, place: Brush) -> None:
        bottom = self._line(self.outer_bottom)
        shadow = place.grey()
        shadow.stroke(moved(bottom[INNER], 0, 0.03), 0.05 * taper(25), 96)
        place.light_skin(shadow.blur(0.02).image)
        lips = place.plain(self.lips)
        top = self._line(self.outer_top)
        lips.fill(np.concatenate([top, self._line(self.inner_top + 0.004)[::-1]]), shaded(self.lips, 0.80))
        upper, lower = self._thick
        tone = place.grey()
        shine = self._line(0.55 * self.inner_bottom + 0.45 * self.outer_bottom)[INNER]
        tone.stroke(shine, 0.45 * lower * FADE, 168)
        tone.stroke(self._line(0.35 * self.inner_top + 0.65 * self.outer_top)[INNER], 0.3 * upper * FADE, 142)
        tone.stroke(bottom, 0.02, 92)
        lips.light(tone.blur(0.014).image)
        mask = place.grey(0)
        mask.fill(np.concatenate([top, bottom[::-1]]), 235)
        place.paste(lips.image, mask.blur(0.008).image)

    def _inside(self, place: Brush) -> Image:
        inside = place.plain(CAVITY)
        if self.gap > 0.12:
            low = float(self.inner_bottom.max())
            inside.spot((0, low - 0.01), (0.58 * self.corner[0], 0.45 * (self.gap - 0.12)), TONGUE)
        edge = np.minimum((0.085 - 0.05 * self.action.pucker) * (1 - 0.35 * ACROSS**2), 0.9 * self.gap + 0.02)
        teeth = self._line(self.inner_top + edge)
        inside.fill(np.concatenate([self._line(self.inner_top - 0.03), teeth[::-1]]), TEETH)
        lower = 0.055 * self.action.lower_lip
        if lower > 0.01:
            row = self._line(self.inner_bottom - lower * (1 - 0.4 * ACROSS**2), 0.85)
            inside.fill(np.concatenate([self._line(self.inner_bottom + 0.03, 0.85), row[::-1]]), shaded(TEETH, 0.88))
        between = teeth[5:36:5]
        inside.hairs(np.stack([moved(between, 0, -0.12), moved(between, 0, -0.006)], axis=1), shaded(TEETH, 0.86))
        tone = place.grey()
        tone.stroke(self._line(self.inner_top), 0.035, 66)
        tone.both().spot(self.corner, (0.09, 0.12), 50)
        inside.light(tone.blur(0.02).image)
        return inside.image
