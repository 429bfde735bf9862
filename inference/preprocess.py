"""Preprocessing: from a picture and its boxes to the network's input batch; shared by serving and training."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from errors import ImageError
from faces import Box, Image

UPRIGHT = 3.0
"""Degrees of tilt below which a crop is not turned: eyes are not found more exactly than that."""
LARGEST_REACH = 4
"""The largest crop, in multiples of the picture's longer side; a larger one is a mistake and only costs memory."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A network's input, and how faces are cropped for it.

    `width`, `height` are in pixels; `channels` is 1 (grey) or 3 (red, green, blue). `crop_scale` is the side of the
    crop relative to the detector's box; `crop_shift` is how far its centre lies below that of the box, in box heights.

    Raises:
        ValueError: a size below one pixel, channels other than 1 or 3, or a crop scale that is not positive.
    """

    width: int
    height: int
    channels: int
    crop_scale: float = 1.0
    crop_shift: float = 0.0

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or self.channels not in (1, 3):
            raise ValueError(f"expected a size of at least 1x1 and 1 or 3 channels, got {self.shape}")
        if not self.crop_scale > 0:
            raise ValueError(f"expected a crop scale above 0, got {self.crop_scale}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of one crop: (height, width, channels)."""
        return self.height, self.width, self.channels


def crop_faces(
    image: Image, boxes: Sequence[Box], spec: InputSpec, angles: Sequence[float] | None = None
) -> NDArray[np.float32]:
    """Crop every box and resize it to the network's input.

    Each crop is the smallest rectangle of the network's proportions around the scaled and shifted box, so that faces
    keep their own proportions. It may reach over the edge of the picture, whose border pixels are then repeated.
    Sizes are reduced by averaging areas (no aliasing) and enlarged linearly.

    Args:
        image: (height, width, 3) uint8 in blue, green, red order, or (height, width) or (height, width, 1) grey.
        boxes: boxes in pixels of `image`.
        spec: the network's input.
        angles: the faces' tilt in degrees clockwise; a crop is turned so that its face stands upright.

    Returns:
        (N, spec.height, spec.width, spec.channels) float32, values 0 to 255, grey or in red, green, blue order;
        N is 0 for no boxes.

    Raises:
        ImageError: an array that is no such picture, or a box that dwarfs it.
    """
    image = _checked(image)
    batch = np.empty((len(boxes), *spec.shape), np.float32)
    for index, box in enumerate(boxes):
        angle = angles[index] if angles is not None else 0.0
        region = _region(image, *_bounds(box, spec)) if abs(angle) < UPRIGHT else _turned(image, box, spec, angle)
        batch[index] = _sized(_in_colours_of(spec, region), spec)
    return batch


def fit_image(image: Image, spec: InputSpec) -> NDArray[np.float32]:
    """Resize a whole picture, such as a training image, to the network's input, keeping its proportions.

    Takes and returns what `crop_faces` does, with the picture as the only crop: (height, width, channels) float32.
    """
    image = _checked(image)
    whole = Box(0, 0, image.shape[1], image.shape[0])
    plain = InputSpec(spec.width, spec.height, spec.channels)
    return np.asarray(crop_faces(image, [whole], plain)[0], np.float32)


def _checked(image: Image) -> Image:
    grey = image.ndim == 2 or (image.ndim == 3 and image.shape[2] == 1)
    if image.dtype != np.uint8 or image.size == 0 or not (grey or (image.ndim == 3 and image.shape[2] == 3)):
        raise ImageError(
            f"expected a uint8 picture of shape (height, width), (height, width, 1) or (height, width, 3), "
            f"got {image.dtype} {image.shape}"
        )
    return image[:, :, 0] if grey and image.ndim == 3 else image


def _bounds(box: Box, spec: InputSpec) -> tuple[int, int, int, int]:
    """Left, top, width and height of the crop, in whole pixels."""
    width, height = spec.crop_scale * box.width, spec.crop_scale * box.height
    width = max(width, height * spec.width / spec.height)
    height = width * spec.height / spec.width
    left = box.x + (box.width - width) / 2
    top = box.y + (box.height - height) / 2 + spec.crop_shift * box.height
    return round(left), round(top), max(round(width), 1), max(round(height), 1)


def _region(image: Image, left: int, top: int, width: int, height: int) -> Image:
    rows, columns = image.shape[:2]
    if max(width, height) > LARGEST_REACH * max(rows, columns, 16):
        raise ImageError(f"a crop of {width}x{height} pixels does not fit a picture of {columns}x{rows}: check the box")
    if left >= 0 and top >= 0 and left + width <= columns and top + height <= rows:
        return image[top : top + height, left : left + width]
    across = np.clip(np.arange(left, left + width), 0, columns - 1)
    down = np.clip(np.arange(top, top + height), 0, rows - 1)
    return image[down[:, None], across]


def _turned(image: Image, box: Box, spec: InputSpec, angle: float) -> Image:
    """Cut out the crop of `_bounds`, rotated about the middle of the box so that the face stands upright.

    It has the network's size, or twice that where it is larger, so that `_sized` reduces it without aliasing.
    """
    _, _, width, height = _bounds(box, spec)
    middle = box.x + box.width / 2, box.y + box.height / 2
    reach = math.hypot(width, height) / 2 + abs(spec.crop_shift) * box.height + 1
    left, top, side = round(middle[0] - reach), round(middle[1] - reach), max(1, round(2 * reach))
    part = _region(image, left, top, side, side)
    factor = max(1, min(width // (2 * spec.width), height // (2 * spec.height)))
    if factor > 1:
        size = part.shape[1] // factor, part.shape[0] // factor
        whole = part[: size[1] * factor, : size[0] * factor]
        part = np.asarray(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), np.uint8)
    wide, high = (2 * spec.width, 2 * spec.height) if width > spec.width else (spec.width, spec.height)
    centre = (middle[0] - left) / factor - 0.5, (middle[1] - top) / factor - 0.5
    matrix = np.asarray(cv2.getRotationMatrix2D(centre, angle, wide / width * factor), np.float64)
    matrix[:, 2] += np.array([wide - 1, high - 1]) / 2 - centre
    matrix[1, 2] -= spec.crop_shift * box.height * wide / width
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(part, matrix, (wide, high), flags=cv2.INTER_LINEAR, borderMode=border), np.uint8)


def _in_colours_of(spec: InputSpec, region: Image) -> Image:
    if spec.channels == 1:
        return region if region.ndim == 2 else np.asarray(cv2.cvtColor(region, cv2.COLOR_BGR2GRAY), np.uint8)
    code = cv2.COLOR_GRAY2RGB if region.ndim == 2 else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(region, code), np.uint8)


def _sized(region: Image, spec: InputSpec) -> NDArray[np.float32]:
    if region.shape[:2] != (spec.height, spec.width):
        smaller = region.shape[0] > spec.height or region.shape[1] > spec.width
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        region = np.asarray(cv2.resize(region, (spec.width, spec.height), interpolation=how), np.uint8)
    return region.reshape(spec.shape).astype(np.float32)
