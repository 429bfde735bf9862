"""Pictures whose faces are known, upright and turned, and how many of the faces a detector finds."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from demo import Demo
from demo.room import room
from faces import Box, Image
from media.sandbox.decoding import read_picture

Picture = tuple[Image, Sequence[Box]]
"""A (height, width, 3) uint8 BGR picture, and the boxes of its faces."""

FOUND = 0.25
"""Intersection over union with a face's box at which it is found: detectors draw their boxes differently."""
SIZES = (0, 20, 40, 80, 160, 320)
"""Pixels of a face's height at which a row of sizes begins."""
ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".webp"}
TURNS = {"upright": 0, "tilted by 15°": 15, "tilted by 30°": 30, "tilted by 45°": 45, "on its side, 90°": 90}
HALVED = "upright, half as large"


def labelled(folder: Path, file: Path) -> Iterator[Picture]:
    """Yield a folder's pictures with the boxes that a JSON file gives by name, as [x, y, width, height].

    Raises:
        SystemExit: the file is not of that form.
        ImageError: a picture is missing or cannot be decoded.
    """
    for name, rows in sorted(read_boxes(file).items()):
        yield read_picture(folder / name), rows


def read_boxes(file: Path) -> dict[str, list[Box]]:
    """Read the boxes of pictures by name.

    Raises:
        SystemExit: the file is missing or not of the form.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return {name: [Box(*map(round, row)) for row in rows] for name, rows in content.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SystemExit(f'{file}: {error}; expected {{"NAME": [[x, y, width, height], ...], ...}}') from None


def faceless(folders: Sequence[Path]) -> Iterator[Picture]:
    """Yield the pictures of some folders, in which no face is to be seen."""
    for folder in folders:
        for path in sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS):
            yield read_picture(path), []


def drawn(count: int) -> Iterator[Picture]:
    """Yield frames of the demo with one person and with four, at moments far apart, 1280x720."""
    for people in (1, 4):
        demo = Demo(1280, 720, people=people)
        for number in range(count):
            image, faces = demo.draw(23 * number)
            yield image, [face.box for face in faces]


def drawn_faceless() -> Iterator[Picture]:
    """Yield the room of the demo without people, in some shapes."""
    for width, height in ((1280, 720), (640, 480), (480, 640)):
        yield room(width, height), []


def kinds(picture: Picture) -> Iterator[tuple[str, Picture]]:
    """Yield a picture upright, tilted, on its side and half as large."""
    image, faces = picture
    for kind, degrees in TURNS.items():
        yield kind, turned(image, faces, degrees) if degrees else picture
    yield HALVED, halved(image, faces)


def halved(image: Image, faces: Sequence[Box]) -> Picture:
    """Return a picture with half its width and height, and its faces."""
    size = (max(1, image.shape[1] // 2), max(1, image.shape[0] // 2))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8), [f.scaled(0.5) for f in faces]


def turned(image: Image, faces: Sequence[Box], degrees: float) -> Picture:
    """Turn a picture clockwise on a larger grey ground; a face's box is that of the turned ellipse within its box."""
    height, width = image.shape[:2]
    angle = math.radians(degrees)
    across, down = abs(math.cos(angle)), abs(math.sin(angle))
    size = (round(width * across + height * down), round(width * down + height * across))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -degrees, 1.0)
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    result = cv2.warpAffine(image, matrix, size, flags=cv2.INTER_LINEAR, borderValue=(128, 128, 128))
    return np.asarray(result, np.uint8), [_turned_box(face, matrix, across, down) for face in faces]


def _turned_box(face: Box, matrix: np.ndarray, across: float, down: float) -> Box:
    x, y = matrix @ (face.x + (face.width - 1) / 2, face.y + (face.height - 1) / 2, 1) + 0.5  # from a pixel's middle
    width = math.hypot(face.width * across, face.height * down)
    height = math.hypot(face.width * down, face.height * across)
    return Box(round(x - width / 2), round(y - height / 2), max(1, round(width)), max(1, round(height)))


def matched(finds: Sequence[Box], faces: Sequence[Box]) -> list[int | None]:
    """Return the number of the face that each find shows, None for a false one.

    Args:
        finds: the best one first. Each takes the face that it overlaps most of those that no better one has taken.
        faces: where faces are.
    """
    free, result = set(range(len(faces))), list[int | None]()
    for find in finds:
        best = max(free, key=lambda face: find.overlap(faces[face]), default=None)
        if best is not None and find.overlap(faces[best]) < FOUND:
            best = None
        free -= {best}
        result.append(best)
    return result


def size_of(height: float) -> int:
    """Return the row of `SIZES` that a height in pixels belongs to."""
    return max(number for number, least in enumerate(SIZES) if height >= least)


@dataclass(slots=True)
class Tally:
    """What one detector found in pictures of one kind; faces, found and false ones by the rows of `SIZES`."""

    pictures: int = 0
    seconds: float = 0.0
    faces: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    found: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    false: list[int] = field(default_factory=lambda: [0] * len(SIZES))

    def add(self, finds: Sequence[Box], faces: Sequence[Box], heights: Sequence[int], seconds: float) -> None:
        """Count one picture.

        Args:
            finds: the best one first.
            faces: where faces are.
            heights: the faces' own, upright, by which they are sorted; a false find is sorted by its box's height.
            seconds: processor time that it took.
        """
        self.pictures += 1
        self.seconds += seconds
        for height in heights:
            self.faces[size_of(height)] += 1
        for find, face in zip(finds, matched(finds, faces), strict=True):
            if face is None:
                self.false[size_of(find.height)] += 1
            else:
                self.found[size_of(heights[face])] += 1

    @property
    def milliseconds(self) -> float:
        """Of processor time, a picture."""
        return round(1000 * self.seconds / max(1, self.pictures), 1)
