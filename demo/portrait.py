"""One person's head, drawn by its action units.

Skin is modelled as by a painter: a resting face with its light and shade is painted once, and the effects of action
units, such as the bulge of a raised cheek or the fold beside the nose, are multiplied into it. Eyes, brows, nostrils
and mouth are drawn for every frame.
"""

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.brush import Brush, Colour, Grid, Points, moved, ribbon, shaded, smooth, taper
from demo.expression import Action
from demo.mouth import Mouth
from demo.sitter import Sitter
from demo.skin import model_skin
from demo.sprite import Sprite, body_sprite, head_sprite
from faces import Image

EYE = (0.375, -0.285)
"""The middle of the eye on the viewer's right."""
SCLERA: Colour = (226, 230, 234)
PUPIL: Colour = (16, 14, 14)


class Portrait:
    """A person's head and body at one size.

    Args:
        sitter: who it is.
        scale: pixels a face unit.
        reach: how far down the body is needed, in face units.
    """

    def __init__(self, sitter: Sitter, scale: float, reach: float = 4.4) -> None:
        self.sitter = sitter
        self.scale = scale
        self.body = body_sprite(sitter, scale, reach)
        # White hair comes with darker brows.
        brow = sitter.hair_colour if sum(sitter.hair_colour) < 400 else (110.0, 114.0, 120.0)
        self._brow_colour = shaded(brow, 0.62)
        self._lash_colour = shaded(brow, 0.28)
        self._jaw = _JawDrop(head_sprite(sitter, scale))

    def head(self, action: Action) -> Sprite:
        """Return the head with the face of an action."""
        mouth = Mouth(action, self.sitter)
        head = self._jaw.apply(mouth.drop)
        brush = Brush(head.image, Grid(head.scale, head.origin))
        model_skin(brush, action, mouth, self.sitter.age)
        self._eyes(brush.both(), action)
        self._brows(brush.both(), action)
        self._nose(brush.both(), action)
        mouth.draw(brush)
        if self.sitter.glasses:
            _glasses(brush.both())
        return head

    def _eyes(self, brush: Brush, action: Action) -> None:
        upper, lower, crease = (moved(line * self.sitter.eye, *EYE) for line in _lids(action))
        eyes = brush.window((-0.66, -0.53), (0.66, -0.11))
        skin = eyes.grey()
        skin.stroke(crease, 0.028 * taper(len(crease)), 66)
        skin.stroke(moved(lower, 0, 0.022), 0.02 * taper(len(lower)), 104)
        eyes.light_skin(skin.blur(0.010).image)
        opening = eyes.grey(0)
        opening.fill(np.concatenate([upper, lower[::-1]]), 255)
        eyes.paste(self._eyeballs(eyes, action, upper), opening.image)
        eyes.stroke(lower[8:], 0.010 * taper(len(lower) - 8), shaded(self.sitter.skin, 0.36))
        lashes = np.concatenate([upper, moved(upper[-1:], 0.022, -0.014)])
        width = np.interp(np.linspace(0, 1, len(lashes)), [0, 0.7, 1], [0.012, 0.036, 0.008])
        eyes.stroke(lashes, width, self._lash_colour)

    def _eyeballs(self, eyes: Brush, action: Action, upper: Points) -> Image:
        balls = eyes.plain(SCLERA)
        x, y = EYE
        balls.spot((x - 0.185, y + 0.02), (0.05, 0.05), (188, 190, 222))
        balls.spot((x + 0.185, y), (0.05, 0.06), (200, 200, 216))
        radius, iris = 0.094 * self.sitter.eye, self.sitter.iris
        single = balls.single()  # eyes are mirrored, their gaze is not
        pupils = [(side * x + 0.045 * action.gaze_x, y + 0.035 * action.gaze_y - 0.008) for side in (-1, 1)]
        for across, down in pupils:
            single.spot((across, down), (radius, radius), shaded(iris, 0.45))
            single.spot((across, down), (0.86 * radius, 0.86 * radius), iris)
            single.spot((across, down + 0.03), (0.6 * radius, 0.45 * radius), shaded(iris, 1.5))
            single.spot((across, down), (0.46 * radius, 0.46 * radius), PUPIL)
        shadow = eyes.grey()
        shadow.stroke(moved(upper, 0, 0.012), 0.06, 70)
        balls.light(shadow.blur(0.016).image)
        for across, down in pupils:
            single.spot((across - 0.030, down - 0.032), (0.020, 0.020), (255, 255, 255))
            single.spot((across + 0.030, down + 0.030), (0.009, 0.009), (210, 210, 210))
        return balls.image

    def _brows(self, brush: Brush, action: Action) -> None:
        curve = _brow_line(action)
        along = np.linspace(0, 1, len(curve))
        width = 0.072 * self.sitter.brow * np.minimum(1, 0.55 + 3 * along) * np.clip((1.02 - along) / 0.62, 0, 1) ** 0.7
        high, low = float(curve[:, 1].min()), float(curve[:, 1].max())
        brows = brush.window((-0.70, high - 0.07), (0.70, low + 0.07))
        mask = brows.grey(0)
        mask.stroke(curve, width, 205)
        mask.blur(0.014)
        edges = ribbon(curve, 1.02 * width)
        below, above = edges[: len(curve)], edges[: len(curve) - 1 : -1]
        mask.hairs(np.stack([below[:-5], above[4:-1]], axis=1), 228)
        mask.blur(0.005)
        brows.paste(brows.plain(self._brow_colour).image, mask.image)

    def _nose(self, brush: Brush, action: Action) -> None:
        lift = 0.035 * action.nose_wrinkle + 0.012 * action.upper_lip - 0.01 * action.corner_up
        broad = 0.12 * action.nose_wrinkle + 0.10 * action.corner_up + 0.05 * action.stretch
        wide = self.sitter.nose * (1 + broad)
        nose = brush.window((-0.32, -0.02), (0.32, 0.42))
        tone = nose.grey()
        wing = np.array([(0.125, 0.10), (0.175, 0.16), (0.18, 0.225), (0.135, 0.262)]) - (0, lift)
        base = np.array([(0.13, 0.262), (0.075, 0.245), (0.03, 0.285), (0.0, 0.292)])
        base[:, 1] -= lift * np.array([1.0, 0.7, 0.4, 0.3])
        tone.crease(wing * (wide, 1), 0.026, 74)
        tone.crease(base * (wide, 1), 0.026, 84)
        tone.spot((wide * 0.078, 0.252 - 0.8 * lift), (0.040 * wide, 0.021), 34, angle=-14)
        nose.light_skin(tone.blur(0.010).image)


class _JawDrop:
    """Moves the chin of a resting head down: skin below the nose stretches, hair beside the face stays."""

    def __init__(self, rest: Sprite) -> None:
        left, top = rest.origin
        low = round((1.40 - top) * rest.scale)
        more = max(low - len(rest.image), 0)
        self._rest = replace(rest, image=np.pad(rest.image, [(0, more), (0, 0), (0, 0)]))
        self._place = (
            slice(round((0.28 - top) * rest.scale), low),
            slice(round((-0.98 - left) * rest.scale), round((0.98 - left) * rest.scale)),
        )
        rows, columns = np.mgrid[self._place].astype(np.float32)
        x, y = (columns + 0.5) / rest.scale + left, (rows + 0.5) / rest.scale + top
        # Fully at the chin; not at all at the hair, beside the face and far below the chin.
        beside = np.interp(y, [0.3, 0.9], [0.96, 0.76]) - np.abs(x)
        share = _ease((y - 0.30) / 0.70) * _ease(beside / 0.32) * np.clip((1.40 - y) / 0.16, 0, 1)
        self._rows, self._columns, self._share = rows, columns, np.float32(rest.scale * share)

    def apply(self, drop: float) -> Sprite:
        """Return the head with its chin `drop` face units lower, as a copy."""
        image = self._rest.image.copy()
        if abs(drop) * self._rest.scale > 0.05:
            source = self._rows - np.float32(drop) * self._share
            image[self._place] = cv2.remap(self._rest.image, self._columns, source, cv2.INTER_LINEAR)
        return replace(self._rest, image=image)


def _ease(t: NDArray[np.float32]) -> NDArray[np.float32]:
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def _lids(a: Action) -> tuple[Points, Points, Points]:
    """Return upper lid, lower lid and crease, from the inner to the outer corner of the right eye, around (0, 0)."""
    opening = 0.92 + 0.62 * a.upper_lid - 0.38 * a.lid_tight - 0.30 * a.droop - 0.18 * a.cheek
    top = 0.098 * max(opening, 0.12) * (1 - a.blink)
    low = 0.052 * (1 - 0.45 * a.cheek - 0.45 * a.lid_tight + 0.18 * a.upper_lid)
    sag = (0.02 + 0.012 * a.inner_brow) * a.droop
    outer = sag - 0.012
    upper = smooth([(-0.185, 0.022), (-0.11, -0.66 * top), (-0.01, -top), (0.10, sag - 0.74 * top), (0.185, outer)])
    lower = smooth([(-0.185, 0.022), (-0.09, 0.75 * low + 0.01), (0.02, low), (0.12, 0.7 * low), (0.185, outer)])
    upper += (lower - upper) * a.blink
    fold = 0.055 - 0.02 * a.lid_tight
    rise = top + fold
    crease = smooth([(-0.195, 0), (-0.11, -0.7 * rise), (0, -rise), (0.115, sag - 0.76 * rise), (0.205, sag - 0.03)])
    return upper, lower, crease


def _brow_line(a: Action) -> Points:
    """Return the middle of the right brow, from its inner end."""
    up_in, up_out, down = a.inner_brow, a.outer_brow, 0.085 * a.brow_lower + 0.04 * a.nose_wrinkle
    knit = a.brow_lower
    return smooth(
        [
            (0.155 - 0.045 * knit, -0.455 - 0.115 * up_in + 1.15 * down + 0.02 * up_in * knit),
            (0.26 - 0.03 * knit, -0.500 - 0.085 * up_in - 0.04 * up_out + 0.95 * down),
            (0.40 - 0.01 * knit, -0.525 - 0.045 * up_in - 0.10 * up_out + 0.5 * down + 0.02 * a.droop),
            (0.52, -0.505 - 0.11 * up_out + 0.2 * down + 0.02 * a.droop),
            (0.625, -0.435 + 0.015 * up_in - 0.085 * up_out + 0.1 * down + 0.03 * a.droop),
        ]
    )


def _glasses(brush: Brush) -> None:
    frame: Colour = (36, 34, 40)
    angle = np.linspace(0, 2 * np.pi, 49)
    cos, sin = np.cos(angle), np.sin(angle)
    # A superellipse, between an oval and a rectangle.
    x = 0.385 + 0.285 * np.sign(cos) * np.abs(cos) ** 0.8
    y = -0.25 + 0.215 * np.sign(sin) * np.abs(sin) ** 0.8
    brush.stroke(np.stack([x, y], axis=1), 0.022, frame)
    brush.stroke(np.array([(0.67, -0.30), (0.80, -0.33)]), 0.026, frame)
    brush.stroke(smooth([(0, -0.31), (0.05, -0.30), (0.10, -0.27)]), 0.024, frame)
