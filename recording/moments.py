"""The strongest moments of a record: for each expression that was seen, the one in which it was surest."""

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
"""By so much an expression must be surer than before: one that grows would else be cut out with every frame."""
AROUND = 2.0
"""Width and height of a cut by those of the face."""
SIDE = 480
"""Pixels of a cut's longer side at most."""
QUALITY = 85


@dataclass(frozen=True, slots=True)
class Moment:
    """A face at its surest; `seconds` since the record's start, `file` the name of its picture."""

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
        self._cuts: dict[str, Image] = {}

    def see(self, image: Image, seconds: float, faces: Sequence[Face], threshold: float) -> None:
        """Look whether one of the faces in a (height, width, 3) uint8 BGR picture is surer than all before it."""
        for face in faces:
            label = face.expression
            if label is None or face.fade < 1 or face.confidence < threshold:
                continue
            if label not in self._best or face.confidence > self._best[label].confidence + STEP:
                name = f"moment-{self._labels.index(label)}.jpg"
                self._best[label] = Moment(label, round(face.confidence, 4), round(seconds, 3), face.track, name)
                self._cuts[label] = cut(image, face.box)

    def save(self) -> None:
        """Write what is new since the last call.

        Raises:
            OSError: it cannot be written.
        """
        if not self._cuts:
            return
        for label, image in self._cuts.items():
            good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
            if good:
                replace_file(self._folder / self._best[label].file, data.tobytes())
        ordered = sorted(self._best.values(), key=lambda moment: moment.seconds)
        replace_file(self._folder / FILE, json.dumps([asdict(moment) for moment in ordered]).encode())
        self._cuts.clear()


def moments_in(folder: Path) -> list[dict[str, Any]]:
    """The moments that were saved in a folder, in their order; those without a picture are left out.

    There are none where what tells of them is damaged, as by a power cut.
    """
    try:
        known = json.loads((folder / FILE).read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return [moment for moment in known if (folder / moment["file"]).is_file()]


def cut(image: Image, box: Box) -> Image:
    """A square copy of a picture around a face, at most `SIDE` pixels, moved so that it lies within the picture."""
    height, width = image.shape[:2]
    side = min(round(AROUND * max(box.width, box.height)), height, width)
    left = min(max(box.x + box.width // 2 - side // 2, 0), width - side)
    top = min(max(box.y + box.height // 2 - side // 2, 0), height - side)
    part = image[top : top + side, left : left + side]
    if side <= SIDE:
        return part.copy()
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)
