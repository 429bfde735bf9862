"""The strongest moments of a record: for each expression that was seen, the one with the highest confidence."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from faces import Box, Face, Image
from media.limits.disk import replace_file

FILE = "moments.json"
STEP = 0.02
"""Least gain in confidence: otherwise a growing expression would be cropped with every frame."""
CROP_SCALE = 2.0
"""Side of a crop, as a multiple of the face's."""
MAX_SIDE = 480
"""Largest side of a crop in pixels."""
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Moment:
    """A face at its highest confidence; `seconds` since the record's start, `file` the name of its picture."""

    expression: str
    confidence: float
    seconds: float
    track: int | None
    file: str


class Moments:
    """Keeps one moment for each expression, as small pictures in a folder."""

    def __init__(self, folder: Path, labels: Sequence[str]) -> None:
        self._folder = folder
        self._labels = tuple(labels)
        self._best: dict[str, Moment] = {}
        self._crops: dict[str, Image] = {}

    def update(self, image: Image, seconds: float, faces: Sequence[Face], threshold: float) -> None:
        """Compare the faces in a (height, width, 3) uint8 BGR picture with the best so far."""
        for face in faces:
            label = face.expression
            if label is None or face.fade < 1 or face.confidence < threshold:
                continue
            if label not in self._best or face.confidence > self._best[label].confidence + STEP:
                name = f"moment-{self._labels.index(label)}.jpg"
                self._best[label] = Moment(label, round(face.confidence, 4), round(seconds, 3), face.track, name)
                self._crops[label] = crop(image, face.box)

    def save(self) -> None:
        """Write the moments that are new since the last call.

        Raises:
            OSError: it cannot be written.
        """
        if not self._crops:
            return
        for label, image in self._crops.items():
            encoded, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            if encoded:
                replace_file(self._folder / self._best[label].file, data.tobytes())
        ordered = sorted(self._best.values(), key=lambda moment: moment.seconds)
        replace_file(self._folder / FILE, json.dumps([asdict(moment) for moment in ordered]).encode())
        self._crops.clear()


def load_moments(folder: Path) -> list[dict[str, Any]]:
    """Return the saved moments of a folder, in their order; those without a picture are left out.

    The list is empty if its file is damaged, as by a power cut.
    """
    try:
        saved = json.loads((folder / FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [moment for moment in saved if (folder / moment["file"]).is_file()]


def crop(image: Image, box: Box) -> Image:
    """Return a square copy around a face, at most `MAX_SIDE` pixels, moved to lie within the picture."""
    height, width = image.shape[:2]
    side = min(round(CROP_SCALE * max(box.width, box.height)), height, width)
    left = min(max(box.x + box.width // 2 - side // 2, 0), width - side)
    top = min(max(box.y + box.height // 2 - side // 2, 0), height - side)
    part = image[top : top + side, left : left + side]
    if side <= MAX_SIDE:
        return part.copy()
    return np.asarray(cv2.resize(part, (MAX_SIDE, MAX_SIDE), interpolation=cv2.INTER_AREA), np.uint8)
