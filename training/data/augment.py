"""Random augmentation of training images: what a face detector and a webcam do to a face.

Plain NumPy and OpenCV, so that it runs in a loader thread with any Keras backend.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.data.degradations import degrade


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The limits of each random change; zero switches a change off.

    `flip`, `erase`, `degrade`: probabilities. `rotation`: degrees either way. `shift`, `scale`: shares of the side.
    `brightness`: grey levels either way. `contrast`: share of the spread about the mean, either way.
    """

    flip: float = 0.5
    rotation: float = 15.0
    shift: float = 0.08
    scale: float = 0.12
    brightness: float = 25.0
    contrast: float = 0.25
    erase: float = 0.4
    degrade: float = 0.35

    @classmethod
    def none(cls) -> "Augmentation":
        """Return an augmentation that changes nothing."""
        return cls(flip=0, rotation=0, shift=0, scale=0, brightness=0, contrast=0, erase=0, degrade=0)

    def apply(self, images: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        """Return changed copies of (N, height, width, channels) uint8 images as float32, values 0..255."""
        changed = np.empty(images.shape, np.float32)
        for index, image in enumerate(images):
            moved = self._moved(image, rng)
            if rng.random() < self.degrade:
                moved = degrade(moved, rng)
            changed[index] = self._erased(self._relit(moved, rng), rng)
        return changed

    def _moved(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        height, width, channels = image.shape
        angle = np.deg2rad(rng.uniform(-self.rotation, self.rotation))
        zoom = 1 + rng.uniform(-self.scale, self.scale)
        mirror = -1.0 if rng.random() < self.flip else 1.0
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag([mirror, 1])
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        offset = centre + rng.uniform(-self.shift, self.shift, 2) * (width, height) - turn @ centre
        matrix = np.column_stack([turn, offset])
        moved = cv2.warpAffine(image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved, np.uint8).reshape(height, width, channels)

    def _relit(self, image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.float32]:
        pixels = image.astype(np.float32)
        mean = pixels.mean()
        gain = 1 + rng.uniform(-self.contrast, self.contrast)
        pixels = (pixels - mean) * gain + mean + rng.uniform(-self.brightness, self.brightness)
        return np.asarray(np.clip(pixels, 0, 255), np.float32)

    def _erased(self, image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        # Random erasing (Zhong et al., 2020): one rectangle of noise, 2 to 20 % of the area.
        if rng.random() >= self.erase:
            return image
        height, width, channels = image.shape
        area, aspect = rng.uniform(0.02, 0.2) * height * width, np.exp(rng.uniform(-1, 1))
        tall = int(np.clip(np.sqrt(area * aspect), 1, height))
        wide = int(np.clip(np.sqrt(area / aspect), 1, width))
        top, left = rng.integers(height - tall + 1), rng.integers(width - wide + 1)
        image[top : top + tall, left : left + wide] = rng.uniform(0, 255, (tall, wide, channels))
        return image
