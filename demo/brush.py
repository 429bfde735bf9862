"""Smooth, antialiased shapes, given in face units, on a small picture.

One face unit is half the width of a face's bounding box, roughly. The origin lies between the eyes and the mouth, x
points to the viewer's right and y points down, so that the eyes are near (-0.37, -0.29) and (0.37, -0.29) and the chin
is near (0, 1).
"""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from faces import Image

Points = NDArray[np.float64]
"""A chain of points: (N, 2), x then y, in face units."""

Colour = tuple[float, float, float]
"""Blue, green, red, each from 0 to 255."""

SHIFT = 4
"""Fractional bits of the coordinates for OpenCV: movements are in sixteenths of a pixel."""

PLAIN = 128
"""The value in a tone map that leaves a picture unchanged; 64 halves its light and 192 adds half."""

WARMTH = (1.2, 1.05, 0.85)
"""Exponents of the light for blue, green and red on skin: its shadows are redder than what casts them."""


@cache
def _spline(count: int) -> NDArray[np.float64]:
    """Return the matrix from `count` points to 6 samples a span of the uniform Catmull-Rom spline through them."""
    place = np.linspace(0, count - 1, 6 * (count - 1) + 1)
    first = np.clip(place.astype(int), 0, count - 2)
    t = place - first
    weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, -(t**2) + t**3)
    matrix = np.zeros((len(place), count + 2))
    for offset, weight in enumerate(weights):
        matrix[np.arange(len(place)), first + offset] += weight / 2
    # The points beyond both ends are the mirror images of the last but one: p[-1] = 2 p[0] - p[1].
    inner = matrix[:, 1:-1]
    inner[:, [0, 1]] += matrix[:, :1] * [2, -1]
    inner[:, [-1, -2]] += matrix[:, -1:] * [2, -1]
    return inner


def smooth(points: ArrayLike) -> Points:
    """Return a smooth curve through `points`: (N, 2) -> (6 N - 5, 2)."""
    corners = np.asarray(points, np.float64)
    return _spline(len(corners)) @ corners


def moved(points: Points, x: float, y: float) -> Points:
    """Return the points, each moved by x and y face units."""
    return np.add(points, (x, y))


@cache
def taper(count: int, start: float = 0.25, end: float = 0.25) -> NDArray[np.float64]:
    """Return widths of a stroke, 1 at its middle, thinning to `start` and `end`: (count,)."""
    t = np.linspace(0, 1, count)
    return np.where(t < 0.5, start + (1 - start) * np.sin(np.pi * t), end + (1 - end) * np.sin(np.pi * t))


def ribbon(curve: Points, widths: ArrayLike) -> Points:
    """The outline of a stroke along `curve`, as wide as `widths` (one number, or one a point) in face units."""
    # As complex numbers, a quarter turn is a multiplication.
    count = len(curve)
    line = curve.view(np.complex128)[:, 0]
    along = np.empty_like(line)
    np.subtract(line[2:], line[:-2], out=along[1:-1])
    along[0], along[-1] = line[1] - line[0], line[-1] - line[-2]
    across = along * (np.multiply(widths, 0.5j) / (np.abs(along) + 1e-9))
    outline = np.empty(2 * count, np.complex128)
    np.add(line, across, out=outline[:count])
    np.subtract(line, across, out=outline[: count - 1 : -1])
    return outline.view(np.float64).reshape(-1, 2)


def shaded(colour: Colour, factor: float) -> Colour:
    """Return the colour with its light multiplied."""
    blue, green, red = (min(max(c * factor, 0.0), 255.0) for c in colour)
    return blue, green, red


class Grid:
    """The position of a picture's pixels in face units.

    Args:
        scale: pixels a face unit.
        origin: the point, in face units, at the picture's top left corner.
    """

    def __init__(self, scale: float, origin: tuple[float, float]) -> None:
        self.scale = scale
        self.origin = origin
        self.fine = scale * (1 << SHIFT)
        """Steps of OpenCV's fixed-point coordinates a face unit."""
        # The centre of a pixel has an integer coordinate; casting to integers truncates, so half a step makes it round.
        self._left, self._top = (place * self.fine + (1 << SHIFT) / 2 - 0.5 for place in origin)
        self._corner = np.array([self._left, self._top])
        self._mirror = round(-2 * self._left - 1)

    def pixels(self, points: Points) -> NDArray[np.int32]:
        """Convert points in face units to OpenCV's fixed-point pixels: (..., 2) -> (..., 2)."""
        steps: NDArray[np.int32] = (points * self.fine - self._corner).astype(np.int32)
        return steps

    def pixel(self, x: float, y: float) -> tuple[int, int]:
        """Convert one point likewise."""
        return int(x * self.fine - self._left), int(y * self.fine - self._top)

    def mirrored(self, across: int) -> int:
        """Return the x of a pixel on the other side of the face."""
        return self._mirror - across


class Brush:
    """Draws on a picture.

    Args:
        image: (H, W, 4) BGR and alpha, multiplied by alpha, or (H, W) grey, uint8; it is changed in place.
        grid: where its pixels lie.
        twin: draw everything on both sides of the face; the coordinates are of the side on the viewer's right.
    """

    def __init__(self, image: Image, grid: Grid, twin: bool = False) -> None:
        self.image = image
        self.grid = grid
        self.twin = twin

    def both(self) -> "Brush":
        """Return a brush that draws the same on both sides of the face."""
        return Brush(self.image, self.grid, twin=True)

    def single(self) -> "Brush":
        """Return a brush that draws on one side only."""
        return Brush(self.image, self.grid)

    def window(self, low: Sequence[float], high: Sequence[float]) -> "Brush":
        """Return a brush on the part of the image between two corners; it draws on the same pixels."""
        scale, (x, y) = self.grid.scale, self.grid.origin
        left, top = max(int((low[0] - x) * scale), 0), max(int((low[1] - y) * scale), 0)
        right, bottom = int((high[0] - x) * scale) + 1, int((high[1] - y) * scale) + 1
        grid = Grid(scale, (x + left / scale, y + top / scale))
        return Brush(self.image[top:bottom, left:right], grid, self.twin)

    def plain(self, colour: Colour) -> "Brush":
        """Return a brush on a new opaque picture of the same place, all of one colour."""
        image = np.empty((*self.image.shape[:2], 4), np.uint8)
        image[:] = (*colour, 255)
        return Brush(image, self.grid, self.twin)

    def grey(self, value: int = PLAIN) -> "Brush":
        """Return a brush on a new single-channel picture of the same place: a tone map, or a mask when `value` is 0."""
        return Brush(np.full(self.image.shape[:2], value, np.uint8), self.grid, self.twin)

    def fill(self, outline: ArrayLike, colour: Colour | int) -> None:
        """Fill a closed outline, (N, 2)."""
        outlines = self._sides(self.grid.pixels(np.asarray(outline, np.float64)))
        cv2.fillPoly(self.image, outlines, _scalar(colour), cv2.LINE_AA, SHIFT)

    def stroke(self, curve: Points, widths: ArrayLike, colour: Colour | int) -> None:
        """Draw along a curve, with one width or one a point, in face units."""
        self.fill(ribbon(curve, widths), colour)

    def crease(self, points: ArrayLike, width: float, colour: Colour | int) -> None:
        """Draw a smooth stroke through `points` that thins out at both ends."""
        curve = smooth(points)
        self.fill(ribbon(curve, width * taper(len(curve))), colour)

    def hairs(self, ends: Points, colour: Colour | int) -> None:
        """Draw thin straight lines: (N, 2 ends, 2)."""
        lines = [line for side in self._sides(self.grid.pixels(ends)) for line in side]
        cv2.polylines(self.image, lines, False, _scalar(colour), 1, cv2.LINE_AA, SHIFT)

    def spot(self, centre: Sequence[float], radii: Sequence[float], colour: Colour | int, angle: float = 0.0) -> None:
        """Fill an ellipse; `angle` in degrees, clockwise."""
        x, y = self.grid.pixel(centre[0], centre[1])
        axes = (round(radii[0] * self.grid.fine), round(radii[1] * self.grid.fine))
        places = [(x, angle), (self.grid.mirrored(x), -angle)] if self.twin else [(x, angle)]
        for across, turned in places:
            cv2.ellipse(self.image, (across, y), axes, turned, 0, 360, _scalar(colour), -1, cv2.LINE_AA, SHIFT)

    def blur(self, sigma: float) -> "Brush":
        """Soften the image in place; `sigma` of the Gaussian in face units."""
        cv2.GaussianBlur(self.image, (0, 0), max(sigma * self.grid.scale, 0.35), dst=self.image)
        return self

    def paste(self, over: Image, mask: Image) -> None:
        """Blend an opaque picture over the image by `mask`, 255 being fully opaque."""
        opaque = cv2.merge([mask] * 4)
        under = cv2.multiply(self.image, cv2.bitwise_not(opaque), scale=1 / 255)
        cv2.add(cv2.multiply(over, opaque, scale=1 / 255), under, dst=self.image)

    def light(self, tone: Image) -> None:
        """Darken and lighten by a tone map of the image's size or smaller."""
        self._light(tone, (1.0, 1.0, 1.0))

    def light_skin(self, tone: Image) -> None:
        """Darken and lighten by a tone map; shadows on skin are warm, as red light goes deepest into it."""
        self._light(tone, WARMTH)

    def _light(self, tone: Image, gammas: tuple[float, float, float]) -> None:
        lights = cv2.LUT(cv2.merge([tone] * 4), _lights(gammas))
        if lights.shape != self.image.shape:
            lights = cv2.resize(lights, self.image.shape[1::-1])
        cv2.multiply(self.image, lights, dst=self.image, scale=1 / PLAIN)

    def _sides(self, pixels: NDArray[np.int32]) -> list[NDArray[np.int32]]:
        if not self.twin:
            return [pixels]
        other = pixels.copy()
        np.subtract(self.grid.mirrored(0), pixels[..., 0], out=other[..., 0])
        return [pixels, other]


@cache
def _lights(gammas: tuple[float, float, float]) -> Image:
    """Return the factors of a tone for blue, green, red and alpha, in 128ths: (1, 256, 4) uint8, for cv2.LUT."""
    tone = np.arange(256)[:, None] / PLAIN
    light = np.rint(np.clip(PLAIN * tone ** [*gammas, 0.0], 0, 255))
    return light.astype(np.uint8)[None]


def _scalar(colour: Colour | int) -> tuple[float, float, float, float]:
    return (colour, 0, 0, 0) if isinstance(colour, int) else (*colour, 255)
