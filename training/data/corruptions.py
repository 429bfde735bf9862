"""Corruptions of faces by webcams and face detectors, in two strengths, to measure a network's robustness.

After Hendrycks and Dietterich, "Benchmarking Neural Network Robustness to Common Corruptions" (2019), with the
corruptions that occur on webcams. All sizes are shares of the image, so that they fit networks of any size.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Corruption = Callable[[Image, np.random.Generator], Image]

SEED = 7
STRENGTHS = ("mild", "strong")


def _blur(strength: float) -> Corruption:
    """Out of focus: a Gaussian of this standard deviation, as a share of the width."""
    return lambda image, rng: _whole(cv2.GaussianBlur(image, (0, 0), strength * image.shape[1]))


def _jpeg(quality: int) -> Corruption:
    """JPEG compression at this quality, 1 to 100."""

    def coded(image: Image, rng: np.random.Generator) -> Image:
        swapped = np.ascontiguousarray(image[:, :, ::-1])  # OpenCV takes blue first; grey stays as it is
        _, data = cv2.imencode(".jpg", swapped, [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), np.uint8).reshape(image.shape)
        return decoded[:, :, ::-1]

    return coded


def _low_light(exposure: float) -> Corruption:
    """This share of the light; the sensor's noise does not shrink with it."""

    def darkened(image: Image, rng: np.random.Generator) -> Image:
        return _whole(image * exposure + rng.normal(0, 6, image.shape))

    return darkened


def _back_light(exposure: float) -> Corruption:
    """A bright background: the face in the middle gets this share of the light, the rim is washed out."""

    def lit(image: Image, rng: np.random.Generator) -> Image:
        height, width = image.shape[:2]
        down, right = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        rim = np.clip(np.hypot(down, right) - 0.7, 0, 0.7)[:, :, None] / 0.7
        return _whole(image * exposure * (1 - rim) + 255 * rim)

    return lit


def _small(share: float) -> Corruption:
    """A distant face: reduced to this share of its side, then enlarged again."""

    def enlarged(image: Image, rng: np.random.Generator) -> Image:
        height, width = image.shape[:2]
        small = (max(round(share * width), 2), max(round(share * height), 2))
        reduced = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        return _whole(cv2.resize(reduced, (width, height), interpolation=cv2.INTER_LINEAR))

    return enlarged


def _moved(shift: float, scale: float) -> Corruption:
    """A jittering detector box: shifted and scaled by up to these shares of the side; border pixels are repeated."""

    def jittered(image: Image, rng: np.random.Generator) -> Image:
        height, width = image.shape[:2]
        zoom = 1 + rng.choice([-1, 1]) * scale
        right, down = rng.choice([-1, 1], 2) * shift * (width, height)
        matrix = np.array([[zoom, 0, right + (1 - zoom) * width / 2], [0, zoom, down + (1 - zoom) * height / 2]])
        return _whole(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))

    return jittered


CORRUPTIONS: dict[str, tuple[Corruption, Corruption]] = {
    "blur": (_blur(0.02), _blur(0.045)),
    "JPEG noise": (_jpeg(30), _jpeg(10)),
    "low light": (_low_light(0.4), _low_light(0.15)),
    "back light": (_back_light(0.6), _back_light(0.3)),
    "small face": (_small(0.5), _small(0.3)),
    "moved crop": (_moved(0.06, 0.08), _moved(0.12, 0.15)),
}
"""Each corruption by name, mild and strong."""


def corrupt(images: NDArray[np.uint8], name: str, strength: str) -> NDArray[np.uint8]:
    """Return corrupted copies of (N, height, width, channels) uint8 images, the same ones every time.

    Args:
        images: grey or red, green, blue.
        name: one of `CORRUPTIONS`.
        strength: one of `STRENGTHS`.
    """
    change, rng = CORRUPTIONS[name][STRENGTHS.index(strength)], np.random.default_rng(SEED)
    return np.stack([change(image, rng).reshape(image.shape) for image in images])


def _whole(image: Any) -> Image:
    return np.asarray(np.clip(np.round(image), 0, 255), np.uint8)
