"""Test-time augmentation: probabilities averaged over several views of each image."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from model import EmotionModel

Images = NDArray[np.uint8]
CROP = 11 / 12
"""Side of each of the ten crops relative to the image: 44 of 48 pixels."""
CHUNK = 1024
"""Images converted to floating point at a time, so that large sets fit into memory."""


def single(images: Images) -> list[Images]:
    """Return the (N, height, width, channels) images unchanged."""
    return [images]


def flipped(images: Images) -> list[Images]:
    """Return the images and their mirror images."""
    return [images, images[:, :, ::-1]]


def ten_crops(images: Images) -> list[Images]:
    """Return the four corners and the middle, each also mirrored (Krizhevsky et al., 2012), resized to full size."""
    height, width = images.shape[1:3]
    tall, wide = round(CROP * height), round(CROP * width)
    down, right = height - tall, width - wide
    corners = [(0, 0), (0, right), (down, 0), (down, right), (down // 2, right // 2)]
    crops = [_resized(images[:, top : top + tall, left : left + wide], width, height) for top, left in corners]
    return [view for crop in crops for view in flipped(crop)]


VIEWS: dict[str, Callable[[Images], list[Images]]] = {"single": single, "flip": flipped, "ten-crop": ten_crops}


def probabilities(model: EmotionModel, images: Images, views: str = "single") -> NDArray[np.float32]:
    """Return a model's probabilities for (N, height, width, channels) uint8 images at its size, averaged over views.

    Returns:
        (N, labels) float32; each row sums to 1.
    """
    parts = [_mean(model, VIEWS[views](images[start : start + CHUNK])) for start in range(0, len(images), CHUNK)]
    return np.concatenate(parts)


def _mean(model: EmotionModel, views: list[Images]) -> NDArray[np.float32]:
    total = sum(model.probabilities(view.astype(np.float32)).astype(np.float64) for view in views)
    return np.asarray(total / len(views), np.float32)


def _resized(images: Images, width: int, height: int) -> Images:
    sized = [cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) for image in images]
    return np.asarray(sized, np.uint8).reshape(len(images), height, width, images.shape[3])
