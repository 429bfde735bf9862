"""The drawn video: people in a room, frame by frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.portrait import Portrait
from demo.room import room
from demo.script import Pose, Script
from demo.sitter import CAST
from demo.sprite import Sprite
from faces import Box, Image

FACE = (-1.06, -1.13, 1.06, 0.99)
"""Left, top, right and bottom of the box that Haar's frontal-face cascade gives, in face units: forehead to chin."""

NECK = (0.0, 1.0)
"""The point in face units around which heads tilt."""

SPARE = 0.9
"""Extra length of bodies in face units, since they move up and get smaller."""

SMALLEST = (160, 120)
"""Least width and height in pixels; below, the faces would be too small to be found."""


@dataclass(frozen=True, slots=True)
class DrawnFace:
    """The ground truth of a drawn face, for detectors and classifiers.

    `expression` is the current or next one, `strength` how far it is reached, from 0 to 1; `person` counts from 0, from
    left to right.
    """

    box: Box
    expression: str
    strength: float
    person: int


class Demo:
    """Video of a few people who go through the seven expressions; the same arguments give the same pixels.

    Args:
        width: of the picture in pixels, at least 160.
        height: of the picture in pixels, at least 120.
        fps: frames a second; it turns frame numbers into time.
        seed: another seed gives other movements and, most often, other people.
        people: from 1 to 5.

    Raises:
        ValueError: an argument outside these bounds.
    """

    def __init__(self, width: int = 1280, height: int = 720, fps: float = 30.0, seed: int = 0, people: int = 3) -> None:
        if width < SMALLEST[0] or height < SMALLEST[1]:
            raise ValueError(f"the demo needs at least {SMALLEST[0]}x{SMALLEST[1]} pixels, got {width}x{height}")
        if not 1 <= people <= len(CAST):
            raise ValueError(f"the demo has 1 to {len(CAST)} people, got {people}")
        if fps <= 0:
            raise ValueError(f"the demo needs more than 0 frames a second, got {fps}")
        self.fps = fps
        unit = min(0.148 * height, 0.245 * width / people)
        chosen = np.random.default_rng(seed).permutation(len(CAST))[:people]
        # Heads in the middle; in tall pictures lower, so that there is not too much of the bodies.
        middle = float(np.clip(height - 4.2 * unit, 0.49 * height, 0.58 * height))
        reach = (height - middle) / unit + SPARE
        self._people = [
            _Person(Portrait(CAST[who], unit, reach), Script(seed, i), ((i + 0.5) * width / people, middle))
            for i, who in enumerate(chosen)
        ]
        self._room = room(width, height)

    def draw(self, number: int) -> tuple[Image, tuple[DrawnFace, ...]]:
        """Draw frame `number`, (height, width, 3) uint8 BGR; returns it and its faces, from left to right."""
        image = self._room.copy()
        time = number / self.fps
        faces = []
        for i, person in enumerate(self._people):
            box = person.draw(image, time)
            _, expression, strength = person.script.expression(time)
            faces.append(DrawnFace(box, expression, strength, person=i))
        return image, tuple(faces)


class _Person:
    """One person; `position` is where the face is at rest, in pixels."""

    def __init__(self, portrait: Portrait, script: Script, position: tuple[float, float]) -> None:
        self.portrait, self.script, self.position = portrait, script, position

    def draw(self, image: Image, time: float) -> Box:
        """Draw the person on the image; returns the face's bounding box, cut off at the image's edges."""
        pose = self.script.pose(time)
        body = Pose(0.6 * pose.x, 0.6 * pose.y, 0.25 * pose.roll, pose.size)
        _lay(image, self.portrait.body, self._placed(body, pivot=(0.0, 4.0)))
        head = self._placed(pose, pivot=NECK)
        _lay(image, self.portrait.head(self.script.action(time)), head)
        return self._box(head, image)

    def _placed(self, pose: Pose, pivot: tuple[float, float]) -> NDArray[np.float64]:
        """Return the (2, 3) matrix from face units to pixels of the frame."""
        size = self.portrait.scale * pose.size
        angle = np.deg2rad(pose.roll)
        turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        shift = size * np.array([pivot[0] + pose.x, pivot[1] + pose.y]) + self.position - turn @ np.array(pivot)
        return np.column_stack([turn, shift])

    def _box(self, placed: NDArray[np.float64], image: Image) -> Box:
        left, top, right, bottom = FACE
        x, y = placed @ [(left + right) / 2, (top + bottom) / 2, 1]
        half = np.hypot(placed[0, 0], placed[1, 0]) * (right - left) / 2
        x0, y0 = max(round(x - half), 0), max(round(y - half), 0)
        x1, y1 = min(round(x + half), image.shape[1]), min(round(y + half), image.shape[0])
        return Box(x0, y0, x1 - x0, y1 - y0)


def _lay(image: Image, sprite: Sprite, placed: NDArray[np.float64]) -> None:
    """Lay a sprite over the image; `placed` is the (2, 3) matrix from face units to the image's pixels."""
    left, top = sprite.origin
    height, width = sprite.image.shape[:2]
    # From the sprite's pixels to face units and on to the frame; integers are the centres of pixels.
    matrix = placed @ [[1 / sprite.scale, 0, left], [0, 1 / sprite.scale, top], [0, 0, 1]]
    corners = matrix @ [[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]]
    x0, y0 = np.maximum(np.floor(corners.min(axis=1)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(corners.max(axis=1)), image.shape[1::-1]).astype(int).tolist()
    if x1 <= x0 or y1 <= y0:
        return
    matrix[:, 2] += matrix[:, :2] @ [0.5, 0.5] - (x0 + 0.5, y0 + 0.5)
    turned = cv2.warpAffine(sprite.image, matrix, (x1 - x0, y1 - y0))
    clear = cv2.bitwise_not(turned[..., 3])
    part = image[y0:y1, x0:x1]
    under = cv2.multiply(part, cv2.merge([clear, clear, clear]), scale=1 / 255)
    cv2.add(cv2.cvtColor(turned, cv2.COLOR_BGRA2BGR), under, dst=part)
