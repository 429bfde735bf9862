"""What a face detector takes for faces where there are none: the non-faces that a network must learn."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from camera import FaceDetector, VideoFile
from errors import DataError
from faces import Box, Image, joined
from media.sandbox.decoding import read_picture
from training.data.trees import SUFFIXES

Find = tuple[Image, Box]
"""A picture, (height, width, 3) BGR or (height, width) grey, and a box in it."""

VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".mpg", ".mpeg"}
CAMERA_SIZES = ((1280, 720), (640, 480))
"""Width and height of the frames that are made of a picture, as cameras give them."""
VIEWS = ((1.0, 1), (1.5, 3), (2.2, 3))
"""How much nearer a camera shows a picture, and how many different parts of it are shown so."""
LONGEST = 1280
"""Pixels to which the longer side of a picture is reduced for the loose search."""
WIDTHS = (320, 560)
"""Search widths of the loose search."""
PIECE = (0.3, 0.55)
"""Least and greatest side of a crop beside a face, relative to the face's box."""
SMALLEST_PIECE = 24
"""Pixels, as many as the smallest face has that the detector finds."""
FACE_SHARE = 0.15
"""How much of the face a crop beside it may show."""
AWAY = 0.35
"""How far from the face's middle that of a crop beside it stays, relative to the side of the face's box."""
TRIES = 40
"""How often a place beside a face is drawn for each that is wanted."""


def files_of(folder: Path) -> list[Path]:
    """The pictures and videos in a folder and the folders below it, or the one file that is named; sorted.

    Raises:
        DataError: there is none.
    """
    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    files = [file for file in found if file.suffix.lower() in SUFFIXES | VIDEOS]
    if not files:
        raise DataError(f"{folder}: no pictures and no videos. Name a folder of some without faces")
    return files


def pictures_in(file: Path) -> Iterator[Image]:
    """The picture of a file, or every frame of a video, (height, width, 3) uint8 BGR.

    Raises:
        ImageError, SourceError: a file that cannot be read.
    """
    if file.suffix.lower() not in VIDEOS:
        yield read_picture(file)
        return
    with VideoFile(file, looped=False) as video:
        while (frame := video.read()) is not None:
            yield frame.image


def frames_of(file: Path) -> Iterator[Image]:
    """A file as a camera would show it: a video's frames as they are, a picture as a whole and, nearer, parts of it.

    Raises:
        ImageError, SourceError: a file that cannot be read.
    """
    rng = np.random.default_rng(0)
    for image in pictures_in(file):
        if file.suffix.lower() in VIDEOS:
            yield image
            continue
        for width, height in CAMERA_SIZES:
            for zoom, count in VIEWS:
                for _ in range(count):
                    yield _view(image, width, height, zoom, rng)


def loose_finds(versions: Iterable[Image]) -> Iterator[Find]:
    """All that the detector takes for a face, or nearly does, in versions of a faceless picture.

    The search goes through fine steps of size and asks for no second find in support.

    Yields:
        The version that a find is in, and its box.
    """
    detectors = [FaceDetector(width, min_face=0.06, scale_factor=1.05, neighbours=0) for width in WIDTHS]
    for version in versions:
        boxes: list[Box] = []
        for detector in detectors:
            boxes = joined(boxes, detector.detect(version))
        for box in boxes:
            yield version, box


def versions_of(image: Image, rng: np.random.Generator) -> Iterator[Image]:
    """A picture, its longer side `LONGEST` pixels at most, in which new shapes are seen each time.

    It comes as it is, mirrored, turned, inverted, blurred, and twice tilted in another contrast.
    """
    image = _bounded(image)
    yield image
    yield np.ascontiguousarray(image[:, ::-1])
    for turn in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE):
        yield np.asarray(cv2.rotate(image, turn), np.uint8)
    yield np.asarray(255 - image, np.uint8)
    yield np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.5, 4))), np.uint8)
    for _ in range(2):
        yield _tilted(_contrasted(image, rng), float(rng.uniform(-30, 30)))


def beside(image: Image, face: Box, count: int, rng: np.random.Generator) -> Iterator[Box]:
    """Squares beside a face in its picture: forehead, ear, chin, neck or collar alone, and little of the face itself.

    Args:
        image: (height, width) or (height, width, 3).
        face: where the face is.
        count: how many are wanted; fewer come where there is little room.
        rng: chooses places and sizes.
    """
    height, width = image.shape[:2]
    for _ in range(TRIES * count):
        side = round(face.width * rng.uniform(*PIECE))
        if not SMALLEST_PIECE <= side <= min(width, height):
            continue
        box = Box(int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1)), side, side)
        if _shared(box, face) <= FACE_SHARE * face.area and _distance(box, face) > AWAY * face.width:
            yield box
            count -= 1
            if not count:
                return


def _shared(box: Box, other: Box) -> int:
    """Square pixels that two boxes share."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    return max(width, 0) * max(height, 0)


def _distance(box: Box, other: Box) -> float:
    across = box.x + box.width / 2 - other.x - other.width / 2
    down = box.y + box.height / 2 - other.y - other.height / 2
    return float(np.hypot(across, down))


def _view(image: Image, width: int, height: int, zoom: float, rng: np.random.Generator) -> Image:
    """A part of a picture that fills a frame, enlarged beyond what it must be by `zoom`."""
    scale = zoom * max(width / image.shape[1], height / image.shape[0])
    across, down = min(round(width / scale), image.shape[1]), min(round(height / scale), image.shape[0])
    left, top = rng.integers(0, image.shape[1] - across + 1), rng.integers(0, image.shape[0] - down + 1)
    part = image[top : top + down, left : left + across]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (width, height), interpolation=how), np.uint8)


def _bounded(image: Image) -> Image:
    scale = LONGEST / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _contrasted(image: Image, rng: np.random.Generator) -> Image:
    table = 255 * (np.arange(256) / 255) ** np.exp(rng.uniform(-0.8, 0.8))
    return np.asarray(cv2.LUT(image, table.astype(np.uint8)), np.uint8)


def _tilted(image: Image, degrees: float) -> Image:
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)
