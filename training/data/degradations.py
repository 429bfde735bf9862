"""Random degradations of training faces, as by webcams, in all strengths.

`training.data.corruptions` has some of the same kinds in fixed strengths, for measurement.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


def degrade(image: Image, rng: np.random.Generator) -> Image:
    """Return a copy with one or two degradations, in the order in which they happen in a camera.

    Args:
        image: (height, width, channels) uint8, grey or red, green, blue.
        rng: chooses the degradations and their strength.
    """
    chosen = rng.choice(len(DEGRADATIONS), size=1 if rng.random() < 0.6 else 2, replace=False)
    for index in sorted(chosen):
        image = DEGRADATIONS[index](image, rng).reshape(image.shape)
    return image


def _side_light(image: Image, rng: np.random.Generator) -> Image:
    """Light that falls off from one side to the other."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    down, right = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    slope = np.cos(angle) * right + np.sin(angle) * down
    return _whole(image * (1 + rng.uniform(0.2, 0.8) * slope)[:, :, None])


def _back_light(image: Image, rng: np.random.Generator) -> Image:
    """A bright background: the face gets less light, the rim is washed out."""
    height, width = image.shape[:2]
    down, right = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    rim = np.clip(np.hypot(down, right) - rng.uniform(0.6, 0.9), 0, 0.7)[:, :, None] / 0.7
    return _whole(image * rng.uniform(0.25, 0.8) * (1 - rim) + 255 * rim)


def _tone(image: Image, rng: np.random.Generator) -> Image:
    """Another response curve: dark or bright tones are compressed."""
    gamma = np.exp(rng.uniform(-0.9, 0.9))
    return _whole(255 * (np.arange(256) / 255) ** gamma)[image]


def _colour_cast(image: Image, rng: np.random.Generator) -> Image:
    """A wrong white balance; on grey images only a little more or less light."""
    return _whole(image * np.exp(rng.uniform(-0.35, 0.35, image.shape[2])))


def _blur(image: Image, rng: np.random.Generator) -> Image:
    """Out of focus, or motion blur."""
    side = image.shape[1]
    if rng.random() < 0.7:
        return _whole(cv2.GaussianBlur(image, (0, 0), side * rng.uniform(0.008, 0.045)))
    length = max(int(side * rng.uniform(0.04, 0.15)), 2)
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    reach = np.array([np.cos(angle), np.sin(angle)]) * length
    ends = [tuple(int(v) for v in np.round((length - 1) / 2 + sign * reach / 2)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    return _whole(cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1)))


def _small(image: Image, rng: np.random.Generator) -> Image:
    """A distant face, enlarged."""
    height, width = image.shape[:2]
    share = rng.uniform(0.28, 0.7)
    small = (max(round(share * width), 2), max(round(share * height), 2))
    reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return _whole(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR))


def _low_light(image: Image, rng: np.random.Generator) -> Image:
    """Little light; the sensor's noise does not shrink with it."""
    exposure = np.exp(rng.uniform(np.log(0.12), np.log(0.8)))
    return _whole(image * exposure + rng.normal(0, rng.uniform(1, 8), image.shape))


def _jpeg(image: Image, rng: np.random.Generator) -> Image:
    """JPEG compression."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(8, 50))])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8)


DEGRADATIONS: tuple[Callable[[Image, np.random.Generator], Image], ...] = (
    _side_light,
    _back_light,
    _tone,
    _colour_cast,
    _blur,
    _small,
    _low_light,
    _jpeg,
)
"""Light first, then the lens, the sensor and the coding."""


def _whole(image: Any) -> Image:
    return np.asarray(np.clip(np.round(image), 0, 255), np.uint8)
