"""False detections in pictures without faces: the negatives that a network learns from."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from camera import FaceDetector, VideoFile
from detection.alignment import detections
from detection.choice import chosen, shared_network
from detection.finds import joined as joined_finds
from detection.glances import glances, look, look_closer
from errors import DataError
from faces import Box, Detection, Image
from media.sandbox.decoding import read_picture
from training.data.finding import ServerSearch, joined_detections
from training.data.trees import SUFFIXES

VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".mpg", ".mpeg"}
CAMERA_SIZES = ((1280, 720), (640, 480))
"""Width and height of the camera frames that are made of a picture."""
ZOOMS = ((1.0, 1), (1.5, 3), (2.2, 3))
"""Zoom factors, and how many random parts of a picture are shown at each."""
MAX_SIDE = 1280
"""Pixels to which a picture's longer side is reduced for the loose search."""
SMALLEST = 0.06
"""Smallest non-face of the loose search, as a share of the shorter side."""
WIDTHS = (320, 560)
"""Search widths of Haar's loose search."""
HINTS = 0.03
"""Score from which a glance of BlazeFace makes a non-face, in the loose search."""
LIKELY = 0.15
"""Score of a closer look from which it makes one there."""
LOOKS = 100
"""Most closer looks at one picture there."""
CROP_SIDE = (0.3, 0.55)
"""Least and greatest side of a crop beside a face, relative to the face's box."""
MIN_CROP_SIDE = 24
"""Pixels, the side of the smallest face that the detector finds."""
MAX_OVERLAP = 0.15
"""Largest share of the face that a crop beside it may show."""
MIN_DISTANCE = 0.35
"""Least distance between the centres of the face and of a crop beside it, relative to the face's side."""
TRIES = 40
"""Random places tried for each crop beside a face."""


def files_of(folder: Path) -> list[Path]:
    """Return the pictures and videos in a folder and its subfolders, or the one file that is named; sorted.

    Raises:
        DataError: there are none.
    """
    found = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    files = [file for file in found if file.suffix.lower() in SUFFIXES | VIDEOS]
    if not files:
        raise DataError(f"{folder}: no pictures and no videos. Name a folder of some without faces")
    return files


def pictures_in(file: Path) -> Iterator[Image]:
    """Yield the picture of a file, or every frame of a video, (height, width, 3) uint8 BGR.

    Raises:
        ImageError, SourceError: the file cannot be read.
    """
    if file.suffix.lower() not in VIDEOS:
        yield read_picture(file)
        return
    with VideoFile(file, looped=False) as video:
        while (frame := video.read()) is not None:
            yield frame.image


def frames_of(file: Path) -> Iterator[Image]:
    """Yield a file's pictures as a camera would show them: video frames unchanged, a picture whole and zoomed in.

    Raises:
        ImageError, SourceError: the file cannot be read.
    """
    rng = np.random.default_rng(0)
    for image in pictures_in(file):
        if file.suffix.lower() in VIDEOS:
            yield image
            continue
        for width, height in CAMERA_SIZES:
            for zoom, count in ZOOMS:
                for _ in range(count):
                    yield _zoomed(image, width, height, zoom, rng)


def server_finds(file: Path, search: ServerSearch) -> Iterator[tuple[Image, list[Detection]]]:
    """Yield a picture as it is handed in, and a file's pictures as a camera would show them, with what is found there.

    Raises:
        ImageError, SourceError: the file cannot be read.
    """
    if file.suffix.lower() not in VIDEOS:
        image = read_picture(file)
        yield image, search.in_picture(image)
    for frame in frames_of(file):
        yield frame, search.in_frame(frame)


def loose_detections(versions: Iterable[Image], detector: str) -> Iterator[tuple[Image, Detection]]:
    """Yield all that a detector takes for a face, or nearly does, in versions of a picture without faces.

    Haar searches in fine steps of size, and accepts single windows. Of BlazeFace every hint is taken, where a closer
    look saw a face at least faintly as that look saw it.

    Args:
        versions: (height, width, 3) uint8 BGR, or (height, width) grey.
        detector: auto, blazeface or haar.

    Yields:
        The version that a detection is in, and the detection.
    """
    search = _loosely_by_haar if chosen(detector) == "haar" else _loosely_by_blazeface
    for version in versions:
        for found in search(version):
            yield version, found


def _loosely_by_haar(image: Image) -> list[Detection]:
    found: list[Detection] = []
    for width in WIDTHS:
        loose = FaceDetector(width, min_face=SMALLEST, scale_factor=1.05, neighbours=0)
        found = joined_detections(found, loose.detect_new(image))
    return found


def _loosely_by_blazeface(image: Image) -> list[Detection]:
    network, (height, width) = shared_network(), image.shape[:2]
    everything, parts = glances(width, height, max(MIN_CROP_SIDE, SMALLEST * min(width, height)))
    hints = joined_finds([look(network, image, window, HINTS) for window in (everything, *parts)]).merged()
    seen = look_closer(network, image, hints, LOOKS, LIKELY)
    return joined_detections(detections(seen), detections(hints))


def versions_of(image: Image, rng: np.random.Generator) -> Iterator[Image]:
    """Yield versions of a picture, its longer side `MAX_SIDE` pixels at most, in which a detector sees new shapes.

    It comes unchanged, mirrored, rotated, inverted, blurred, and twice tilted with another contrast.
    """
    image = _bounded(image)
    yield image
    yield np.ascontiguousarray(image[:, ::-1])
    for turn in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE):
        yield np.asarray(cv2.rotate(image, turn), np.uint8)
    yield np.asarray(255 - image, np.uint8)
    yield np.asarray(cv2.GaussianBlur(image, (0, 0), float(rng.uniform(1.5, 4))), np.uint8)
    for _ in range(2):
        yield tilted(_contrasted(image, rng), float(rng.uniform(-30, 30)))


def tilted(image: Image, degrees: float) -> Image:
    """Return a picture turned clockwise about its middle, in its own size; beyond the edges it is mirrored."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT_101), np.uint8)


def boxes_beside(image: Image, face: Box, count: int, rng: np.random.Generator) -> Iterator[Box]:
    """Yield squares beside a face: forehead, ear, chin, neck or collar alone, with little of the face itself.

    Args:
        image: (height, width) or (height, width, 3).
        face: the face's box.
        count: how many are wanted; fewer come if there is little room.
        rng: chooses places and sizes.
    """
    height, width = image.shape[:2]
    for _ in range(TRIES * count):
        side = round(face.width * rng.uniform(*CROP_SIDE))
        if not MIN_CROP_SIDE <= side <= min(width, height):
            continue
        box = Box(int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1)), side, side)
        if _overlap(box, face) <= MAX_OVERLAP * face.area and _distance(box, face) > MIN_DISTANCE * face.width:
            yield box
            count -= 1
            if not count:
                return


def _overlap(box: Box, other: Box) -> int:
    """Return the square pixels that two boxes share."""
    width = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    height = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    return max(width, 0) * max(height, 0)


def _distance(box: Box, other: Box) -> float:
    across = box.x + box.width / 2 - other.x - other.width / 2
    down = box.y + box.height / 2 - other.y - other.height / 2
    return float(np.hypot(across, down))


def _zoomed(image: Image, width: int, height: int, zoom: float, rng: np.random.Generator) -> Image:
    """Return a random part of a picture that fills a frame, enlarged by `zoom` beyond the least scale."""
    scale = zoom * max(width / image.shape[1], height / image.shape[0])
    across, down = min(round(width / scale), image.shape[1]), min(round(height / scale), image.shape[0])
    left, top = rng.integers(0, image.shape[1] - across + 1), rng.integers(0, image.shape[0] - down + 1)
    part = image[top : top + down, left : left + across]
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, (width, height), interpolation=interpolation), np.uint8)


def _bounded(image: Image) -> Image:
    scale = MAX_SIDE / max(image.shape[:2])
    if scale >= 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def _contrasted(image: Image, rng: np.random.Generator) -> Image:
    table = 255 * (np.arange(256) / 255) ** np.exp(rng.uniform(-0.8, 0.8))
    return np.asarray(cv2.LUT(image, table.astype(np.uint8)), np.uint8)
