"""The parts of a person that do not change from frame to frame, painted once: head with hair, and body."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from demo.brush import PLAIN, Brush, Colour, Grid, Points, moved, ribbon, smooth, taper
from demo.sitter import Contour, Hair, Sitter
from faces import Image

Field = NDArray[np.floating[Any]]
"""One number a pixel: (H, W)."""

HEAD = (-1.5, -1.95, 1.5, 1.85)
"""Left, top, right and bottom, in face units, of the sheet that heads are painted on."""

MODELLING = (
    (0.00, -0.72, 0.50, 0.22, +0.10),  # forehead
    (0.00, -0.40, 0.10, 0.14, +0.03),  # between the brows
    (0.37, -0.34, 0.21, 0.13, -0.20),  # eye sockets
    (0.20, -0.26, 0.09, 0.13, -0.14),  # beside the bridge of the nose
    (0.38, -0.13, 0.20, 0.05, -0.05),  # under the eyes
    (0.40, 0.10, 0.22, 0.17, +0.12),  # cheeks
    (0.00, -0.05, 0.055, 0.24, +0.13),  # bridge of the nose
    (0.00, 0.17, 0.09, 0.08, +0.14),  # tip of the nose
    (0.12, -0.02, 0.05, 0.18, -0.08),  # sides of the nose
    (0.17, 0.20, 0.045, 0.06, -0.06),  # behind its wings
    (0.00, 0.315, 0.17, 0.045, -0.16),  # under it
    (0.00, 0.765, 0.20, 0.045, -0.13),  # under the lower lip
    (0.00, 0.88, 0.18, 0.08, +0.06),  # chin
    (0.72, -0.45, 0.14, 0.30, -0.10),  # temples
    (0.66, 0.40, 0.20, 0.30, -0.12),  # hollows of the cheeks
    (0.40, 0.85, 0.22, 0.12, -0.10),  # jaw
)
"""Light and shade of a resting face: x and y of a soft spot, its extent in x and y, and what it adds to the light.
Spots beside the middle are mirrored to the other side."""

SHOULDER: Contour = (
    (-1.90, 4.2), (-1.88, 3.2), (-1.78, 2.42), (-1.55, 1.96), (-1.16, 1.68), (-0.84, 1.50), (-0.62, 1.32),
)  # fmt: skip
ROUND_NECK: Contour = (
    (-0.62, 1.33), (-0.54, 1.58), (-0.28, 1.80), (0, 1.87), (0.28, 1.80), (0.54, 1.58), (0.62, 1.33),
)  # fmt: skip
OPEN_NECK: Contour = ((-0.40, 1.62), (-0.2, 1.95), (0, 2.25), (0.2, 1.95), (0.40, 1.62))

FOLDS = (
    ((-1.36, 2.1), (-1.28, 2.8), (-1.10, 3.6), 0.09, -26),
    ((1.36, 2.1), (1.28, 2.8), (1.10, 3.6), 0.11, -30),
    ((-0.70, 1.7), (-0.58, 2.15), (-0.35, 2.6), 0.07, -16),
    ((0.75, 1.7), (0.62, 2.2), (0.40, 2.7), 0.08, -20),
    ((-1.22, 2.5), (-1.14, 3.15), (-0.97, 3.9), 0.06, 18),
    ((1.18, 2.4), (1.10, 3.1), (0.94, 3.9), 0.05, 12),
    ((0.10, 2.3), (0.10, 3.15), (0.00, 4.0), 0.10, -10),
    ((-0.20, 2.5), (-0.32, 3.2), (-0.35, 4.0), 0.12, 10),
)
"""Folds of the cloth: three points, width, and what they add to the tone."""


@dataclass(frozen=True, slots=True)
class Sprite:
    """A picture with transparency.

    Attributes:
        image: (H, W, 4) uint8, blue, green, red, each multiplied by alpha, and alpha, 255 where it is opaque.
        scale: pixels a face unit.
        origin: its top left corner in face units.
    """

    image: Image
    scale: float
    origin: tuple[float, float]


def _single(values: ArrayLike) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


def mirrored(points: ArrayLike) -> Points:
    """Return the points on the other side of the face."""
    return np.asarray(points, np.float64) * [-1, 1]


class Sheet:
    """A picture with transparency that is painted in layers, from back to front.

    Args:
        box: left, top, right and bottom in face units.
        scale: pixels a face unit of the finished sprite.
        finer: factor by which the sheet is painted larger and then reduced, for a smoother result than antialiasing.
    """

    def __init__(self, box: tuple[float, float, float, float], scale: float, finer: int = 1) -> None:
        left, top, right, bottom = box
        self.size = round((right - left) * scale), round((bottom - top) * scale)
        self.origin = left, top
        self.scale = scale * finer
        self.finer = finer
        height, width = self.size[1] * finer, self.size[0] * finer
        self.colour = np.zeros((height, width, 3), np.float32)
        self.alpha = np.zeros((height, width), np.float32)
        self.x = (left + (np.arange(width, dtype=np.float32) + 0.5) / self.scale)[None]
        self.y = (top + (np.arange(height, dtype=np.float32) + 0.5) / self.scale)[:, None]

    def brush(self, value: int = 0) -> Brush:
        """Return a brush on a new grey picture of the sheet's size."""
        return Brush(np.full(self.alpha.shape, value, np.uint8), Grid(self.scale, self.origin))

    def mask(self, outline: ArrayLike, soft: float = 0.0) -> Field:
        """Return 1 inside an outline and 0 outside, the edge softened by `soft` face units."""
        brush = self.brush()
        brush.fill(outline, 255)
        return self.blur(brush.image / np.float32(255), soft)

    def blur(self, field: Field, soft: float) -> Field:
        """Return the field, softened; `soft` is the Gaussian's sigma in face units."""
        return np.asarray(cv2.GaussianBlur(field, (0, 0), soft * self.scale)) if soft else field

    def spot(self, x: float, y: float, wide: float, high: float) -> Field:
        """Return a soft spot, 1 at its middle."""
        return np.asarray(np.exp(-(((self.y - y) / high) ** 2)) * np.exp(-(((self.x - x) / wide) ** 2)))

    def lay(self, colour: ArrayLike, mask: Field) -> None:
        """Paint `colour`, one or one a pixel, over the sheet."""
        cover = mask[..., None]
        self.colour += (np.asarray(colour, np.float32) - self.colour) * cover
        self.alpha += (1 - self.alpha) * mask

    def cast_shadow(self, mask: Field, strength: float, soft: float, down: float = 0.0) -> None:
        """Darken the surroundings of a shape that is to be painted next."""
        shadow = np.roll(self.blur(mask, soft), round(down * self.scale), axis=0)
        self.colour *= (1 - strength * shadow * (1 - mask))[..., None]

    def sprite(self) -> "Sprite":
        """Return the finished picture, without the empty margins of the sheet."""
        image = cv2.resize(np.dstack([self.colour, 255 * self.alpha]), self.size, interpolation=cv2.INTER_AREA)
        across, down = (np.flatnonzero(image[..., 3].any(axis=axis)) for axis in (0, 1))
        image = image[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
        scale = self.scale / self.finer
        origin = (self.origin[0] + float(across[0]) / scale, self.origin[1] + float(down[0]) / scale)
        return Sprite(np.clip(image, 0, 255).astype(np.uint8), scale, origin)


def head_sprite(sitter: Sitter, scale: float) -> Sprite:
    """Paint ears, resting skin and hair, without eyes, brows, nostrils and mouth; `scale` in pixels a face unit."""
    sheet = Sheet(HEAD, scale, finer=2)
    _ears(sheet, sitter)
    sheet.lay(_skin(sheet, sitter), sheet.mask(_outline(sitter)))
    _hair(sheet, sitter.hair, sitter.hair_colour)
    return sheet.sprite()


def body_sprite(sitter: Sitter, scale: float, reach: float) -> Sprite:
    """Paint hair behind the neck, neck and clothes, down to `reach` face units; `scale` in pixels a face unit."""
    sheet = Sheet((-2.0, 0.2, 2.0, reach), scale, finer=1 if scale > 80 else 2)
    if sitter.hair.back:
        sheet.lay(np.multiply(sitter.hair_colour, 0.52), sheet.mask(smooth(sitter.hair.back)))
    _neck(sheet, sitter)
    _clothes(sheet, sitter)
    return sheet.sprite()


def skin_colour(colour: Colour, light: Field) -> NDArray[np.float32]:
    """Return skin under a light of 1 (unchanged), less or more: (H, W, 3). Shadows turn warm and highlights pale."""
    lit = np.clip(light, 0.05, 2.0)[..., None]
    gloss = np.clip(lit - 1.05, 0, 1) * 0.55
    return np.asarray(_single(colour) * lit ** _single([1.25, 1.08, 0.85]) * (1 - gloss) + 255 * gloss)


def _outline(sitter: Sitter) -> Points:
    jaw = sitter.jaw
    right = [
        (0.0, -1.42), (0.42, -1.34), (0.70, -1.02), (0.80, -0.62), (0.81, -0.25), (0.79, 0.10),
        (0.735 * jaw, 0.44), (0.57 * jaw, 0.75), (0.30 * jaw, 0.955), (0.0, 1.01),
    ]  # fmt: skip
    return smooth(np.concatenate([right, mirrored(right)[-2::-1]]))


def _skin(sheet: Sheet, sitter: Sitter) -> NDArray[np.float32]:
    radius = np.sqrt((sheet.x / 0.92) ** 2 + ((sheet.y + 0.2) / 1.36) ** 2)
    light = 1.03 - 0.34 * np.clip((radius - 0.45) / 0.6, 0, 1) ** 2 - 0.10 * sheet.x
    for x, y, wide, high, amount in MODELLING:
        for side in {x, -x}:
            light += amount * sheet.spot(side, y, wide, high)
    colour = skin_colour(sitter.skin, light)
    blush = sum((sheet.spot(x, 0.12, 0.2, 0.15) for x in (-0.47, 0.47)), 0.6 * sheet.spot(0, 0.18, 0.12, 0.1))
    colour *= 1 - blush[..., None] * _single([0.13, 0.10, 0.0])
    if sitter.stubble:
        beard = np.clip(1.4 * sheet.spot(0, 0.80, 0.62, 0.42) - 0.25, 0, 1) * np.clip((sheet.y - 0.22) / 0.2, 0, 1)
        colour *= (1 - 0.22 * sitter.stubble * beard)[..., None]
    if sitter.freckles:
        colour *= 1 - _freckles(sheet)[..., None] * _single([0.45, 0.35, 0.18])
    return colour


def _freckles(sheet: Sheet) -> Field:
    rng = np.random.default_rng(3)
    brush = sheet.brush()
    for x, y, radius, strength in rng.normal((0, 0.06, 0.010, 110), (0.33, 0.09, 0.002, 30), (70, 4)):
        brush.spot((x, y), (abs(radius), abs(radius)), int(np.clip(strength, 0, 255)))
    return brush.blur(0.006).image / np.float32(255)


def _ears(sheet: Sheet, sitter: Sitter) -> None:
    shell = smooth([(0.76, -0.30), (0.86, -0.38), (0.925, -0.28), (0.90, -0.05), (0.83, 0.13), (0.76, 0.12)])
    hollow = smooth([(0.80, -0.24), (0.85, -0.29), (0.88, -0.22), (0.86, -0.07), (0.81, 0.02)])
    light = 0.86 - 0.08 * sheet.x - 0.25 * (sheet.mask(hollow, soft=0.02) + sheet.mask(mirrored(hollow), soft=0.02))
    sheet.lay(skin_colour(sitter.skin, light), sheet.mask(shell) + sheet.mask(mirrored(shell)))


def _hair(sheet: Sheet, hair: Hair, colour: Colour) -> None:
    for side in (-1, 1) if hair.lock_outside else ():
        outside, inside = (smooth(np.multiply(edge, [-side, 1])) for edge in (hair.lock_outside, hair.lock_inside))
        mask = sheet.mask(np.concatenate([outside, inside[::-1]]), soft=0.008)
        tone = _strands(sheet, outside, inside, 60, seed=10 + side)
        tone *= 0.70 + 0.25 * sheet.blur(mask, 0.05) - 0.10 * sheet.x
        sheet.cast_shadow(mask, 0.40, soft=0.07)
        sheet.lay(_hair_colour(colour, tone, 0.35 * sheet.spot(-1.0, -0.2, 0.2, 0.4)), mask)
    crown, hairline = smooth(hair.crown), smooth(hair.hairline)
    mask = sheet.mask(np.concatenate([crown, hairline[::-1]]), soft=0.008)
    if hair.curly:
        mask = np.maximum(mask, _curly_edge(sheet, crown))
        tone, gloss = _curls(sheet, crown, hairline), 0.25
    else:
        tone, gloss = _strands(sheet, crown, hairline, 150, seed=1), 0.5
    tone *= 0.62 + 0.42 * sheet.blur(mask, 0.06) - 0.12 * sheet.x
    sheet.cast_shadow(mask, 0.38, soft=0.05, down=0.05)
    sheet.lay(_hair_colour(colour, tone, gloss * sheet.spot(-0.35, -1.35, 0.45, 0.22)), mask)


def _hair_colour(colour: Colour, tone: Field, gloss: Field) -> NDArray[np.float32]:
    base = _single(colour)
    contrast = 1.3 - 0.004 * float(base.mean())  # light hair shows its strands less
    light = 0.5 * gloss[..., None]
    matt = 0.85 * base * (tone**contrast)[..., None]
    return np.asarray(matt * (1 - light) + (0.6 * base + _single([120, 135, 150])) * light * tone[..., None])


def _strands(sheet: Sheet, outer: Points, inner: Points, count: int, seed: int) -> Field:
    """Return the tone of combed hair, 1 on average: strands between two edges, along both."""
    rng = np.random.default_rng(seed)
    brush = sheet.brush(PLAIN)
    length = len(outer)
    for share in rng.uniform(0, 1, count):
        start = int(rng.integers(0, length - 10))
        stop = int(rng.integers(start + 10, length + 1))
        strand = (outer * (1 - share) + inner * share)[start:stop] + rng.normal(0, 0.006, 2)
        tone = int(np.clip(rng.normal(PLAIN, 26), 50, 215))
        brush.stroke(strand, rng.uniform(0.008, 0.028) * taper(len(strand)), tone)
    return brush.blur(0.006).image / np.float32(PLAIN)


def _curls(sheet: Sheet, outer: Points, inner: Points) -> Field:
    rng = np.random.default_rng(1)
    brush = sheet.brush(105)
    turn = np.linspace(0, 4, 9)
    for place, share in zip(rng.integers(0, len(outer), 900), rng.uniform(-0.05, 1.05, 900), strict=True):
        angle = turn + rng.uniform(0, 6.28)
        arc = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(0.02, 0.05)
        brush.stroke(outer[place] * (1 - share) + inner[place] * share + arc, 0.012, int(rng.uniform(70, 215)))
    return brush.blur(0.006).image / np.float32(PLAIN)


def _curly_edge(sheet: Sheet, crown: Points) -> Field:
    rng = np.random.default_rng(2)
    brush = sheet.brush()
    for place in crown:
        radius = rng.uniform(0.03, 0.06)
        brush.spot(place + rng.normal(0, 0.012, 2), (radius, radius), 255)
    return brush.image / np.float32(255)


def _neck(sheet: Sheet, sitter: Sitter) -> None:
    left = [(-0.50, 0.2), (-0.47, 0.8), (-0.47, 1.12), (-0.60, 1.40), (-0.55, 1.9), (0.0, 2.35)]
    outline = smooth(np.concatenate([left, mirrored(left)[-2::-1]]))
    light = 0.90 - 0.16 * sheet.x - 0.16 * np.clip((np.abs(sheet.x) - 0.28) / 0.3, 0, 1) + 0 * sheet.y
    light -= 0.40 * sheet.spot(0.08, 0.98, 0.62, 0.26)  # the shadow of the jaw
    light += 0.05 * sheet.spot(-0.12, 1.45, 0.06, 0.2) - 0.05 * sheet.spot(0.16, 1.4, 0.05, 0.2)
    light -= 0.08 * sheet.spot(0, 1.62, 0.08, 0.1)  # the pit between the collarbones
    sheet.lay(skin_colour(sitter.skin, light), sheet.mask(outline))


def _clothes(sheet: Sheet, sitter: Sitter) -> None:
    bottom = float(sheet.y[-1, 0])
    shoulder = smooth([(SHOULDER[0][0], max(bottom, SHOULDER[0][1]) + 1), *SHOULDER])
    neckline = smooth(OPEN_NECK if sitter.shirt else ROUND_NECK)
    mask = sheet.mask(np.concatenate([shoulder, neckline, mirrored(shoulder)[::-1]]))
    tone = sheet.brush(PLAIN)
    for *points, width, amount in FOLDS:
        tone.crease(points, width, PLAIN + amount)
    light = tone.blur(0.05).image / np.float32(PLAIN)
    light *= 1.12 - 0.12 * sheet.x - 0.05 * sheet.y - 0.30 * np.clip((np.abs(sheet.x) - 1.1) / 0.8, 0, 1) ** 1.5
    light -= 0.30 * sheet.spot(0.05, 1.55, 0.75, 0.16)  # the shadow of the head
    cloth = _single(sitter.cloth)
    sheet.lay(cloth * np.clip(light, 0.2, 1.4)[..., None], mask)
    if sitter.shirt:
        _collar(sheet, cloth, light)
        return
    seam = sheet.mask(ribbon(moved(neckline, 0, 0.075), 0.02), soft=0.01) * mask
    sheet.lay(cloth * np.clip(light + 0.12, 0, 1.4)[..., None], sheet.mask(ribbon(moved(neckline, 0, 0.02), 0.10)))
    sheet.colour *= (1 - 0.35 * seam)[..., None]


def _collar(sheet: Sheet, cloth: NDArray[np.float32], light: Field) -> None:
    flap = [(-0.66, 1.30), (-0.44, 1.50), (-0.06, 2.16), (-0.34, 2.36), (-0.62, 2.0), (-0.80, 1.50)]
    for side in (-1, 1):
        mask = sheet.mask(np.multiply(flap, [-side, 1]))
        sheet.cast_shadow(mask, 0.35, soft=0.04, down=0.05)
        sheet.lay(np.minimum(cloth * 1.25 + 12, 255) * np.clip(light + 0.12, 0.3, 1.3)[..., None], mask)
