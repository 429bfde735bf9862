"""Pictures in memory, read for many at once: a few at a time, what waits up to a limit, the network in batches."""

import os

from config.settings import Settings
from faces import Image
from media.limits.admission import Admission
from media.pictures.stills import StillReader
from media.results.results import FileResult
from media.sandbox.sandbox import Sandbox
from model import EmotionModel

AT_ONCE = max(2, os.cpu_count() or 1)
"""Pictures that are decoded and searched at a time: more would only get in each other's way."""
WAITING = 48
"""Pictures that wait for it; one more is refused at once."""
PATIENCE = 20.0
"""Seconds after which a picture that waits is refused."""
PIXELS = 50_000_000
"""Pixels above which a picture is refused: each costs some ten bytes while it is read."""


class PictureReader:
    """Decodes pictures, finds their faces and reads their expressions. Safe to share between threads."""

    def __init__(self, model: EmotionModel, settings: Settings, turns: Admission | None = None) -> None:
        self.model = model
        self._stills = StillReader(model, settings)
        self._sandbox = Sandbox()
        self._turns = turns or Admission(AT_ONCE, WAITING, PATIENCE)

    def read(self, name: str, data: bytes, whole: bool = False) -> tuple[FileResult, Image]:
        """What is found in one picture, and the picture, (height, width, 3) uint8 BGR.

        Args:
            name: what the finding and errors call it.
            data: the bytes of its file.
            whole: read it as one face instead of looking for faces.

        Raises:
            ImageError: it is no picture, cut off or too large.
            Crowded: too many are being read, or the system has no room for a process more.
        """
        with self._turns.turn():
            image = self._sandbox.read_picture(data, name, PIXELS)
            boxes = [] if whole else self._stills.find(image)
        # Outside the turn: what others have found meanwhile goes through the network together with this.
        faces = (self._stills.whole(image),) if whole else self._stills.read(image, boxes)
        finding = FileResult(name, "image", image.shape[1], image.shape[0], labels=self.model.labels)
        finding.frames.append((0, 0.0, faces))
        return finding, image
