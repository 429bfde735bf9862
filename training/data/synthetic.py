"""Synthetic pictures without faces in which face detectors still find some: shapes, surfaces and signs."""

import string

import cv2
import numpy as np
from numpy.typing import NDArray

from faces import Image

SMALLEST, LARGEST = 4, 200
"""Radii of shapes in pixels."""
TYPEFACES = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
LETTER = 22
"""Height in pixels of a capital letter at scale 1, the same in all of OpenCV's typefaces."""


def draw_picture(seed: int, width: int = 640, height: int = 480) -> Image:
    """Draw shapes, a surface or a sign, by the seed in turn, in uneven light and with a camera's noise.

    Returns:
        (height, width, 3) uint8 BGR.
    """
    rng = np.random.default_rng([1, seed])
    kind = (shapes, surface, sign)[seed % 3]
    return _photographed(kind(rng, width, height), rng)


def shapes(rng: np.random.Generator, width: int, height: int) -> Image:
    """Draw overlapping ellipses and rectangles.

    Their sizes follow a power law, so that all scales occur (the dead leaves model; Lee, Mumford and Huang, 2001).
    """
    image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    steepness = rng.uniform(1.5, 3)
    shares = rng.uniform(0, 1, width * height // 200) * (1 - (SMALLEST / LARGEST) ** steepness)
    for radius in SMALLEST * (1 - shares) ** (-1 / steepness):
        _drop(image, rng, float(radius))
    return image


def surface(rng: np.random.Generator, width: int, height: int) -> Image:
    """Draw a wall, cloth or cloud: noise of all scales, the coarser the stronger, often with little contrast."""
    total = np.zeros((height, width), np.float32)
    stretch = np.exp(rng.uniform(-1, 1))
    for octave in range(2, 9):
        cells = max(2, round(2**octave * stretch)), max(2, round(2**octave / stretch))
        noise = rng.normal(0, 1, cells).astype(np.float32)
        total += 2 ** (-octave * rng.uniform(0.3, 1)) * _enlarged(noise, width, height)
    strength = rng.uniform(3, 60) / max(float(total.std()), 1e-6)
    tint = rng.integers(30, 226) + rng.normal(0, 25, 3)
    return np.clip(tint + strength * total[:, :, None], 0, 255).astype(np.uint8)


def sign(rng: np.random.Generator, width: int, height: int) -> Image:
    """Draw lines of large letters on a plain ground."""
    ground, ink = rng.integers(0, 256, (2, 3))
    image = np.full((height, width, 3), ground, np.uint8)
    face, tall = int(rng.choice(TYPEFACES)), rng.uniform(20, 160)
    thick = max(1, round(tall * rng.uniform(0.05, 0.3)))
    baseline = tall
    while baseline < height + tall:
        text = "".join(rng.choice(list(string.ascii_letters + string.digits + " "), 3 + round(2 * width / tall)))
        left = round(rng.uniform(-tall, tall / 2))
        colour = [int(value) for value in ink]
        cv2.putText(image, text, (left, round(baseline)), face, tall / LETTER, colour, thick, cv2.LINE_AA)
        baseline += tall * rng.uniform(1.2, 1.8)
    return image


def _drop(image: Image, rng: np.random.Generator, radius: float) -> None:
    x, y = (int(rng.integers(0, size)) for size in (image.shape[1], image.shape[0]))
    colour = [int(value) for value in np.clip(rng.integers(0, 256) + rng.normal(0, 30, 3), 0, 255)]
    axes = (max(round(radius), 1), max(round(radius * rng.uniform(0.3, 1)), 1))
    turn = float(rng.uniform(0, 180))
    if rng.random() < 0.5:
        cv2.ellipse(image, (x, y), axes, turn, 0, 360, colour, -1, cv2.LINE_AA)
    else:
        corners = cv2.boxPoints(((x, y), (2.0 * axes[0], 2.0 * axes[1]), turn))
        cv2.fillPoly(image, [corners.round().astype(np.int32)], colour, cv2.LINE_AA)


def _photographed(image: Image, rng: np.random.Generator) -> Image:
    """Return a picture as a camera might see it: slightly blurred, unevenly lit, noisy."""
    height, width = image.shape[:2]
    soft = np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 2))), np.float32)
    light = _enlarged(rng.uniform(0.4, 1.3, (3, 4)).astype(np.float32), width, height)
    noise = rng.normal(0, rng.uniform(0, 8), (height, width, 1))
    return np.clip(soft * light[:, :, None] + noise, 0, 255).astype(np.uint8)


def _enlarged(values: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
