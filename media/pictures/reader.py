"""Reads uploaded pictures for many clients: a few at a time, a bounded queue, the network in batches."""

import os

from config.settings import Settings
from faces import Image
from media.limits.admission import Admission
from media.pictures.stills import StillReader
from media.results.results import FileResult
from media.sandbox.sandbox import Sandbox
from model import EmotionModel

AT_ONCE = max(2, os.cpu_count() or 1)
"""Pictures that are decoded and searched at a time; more would only slow each other down."""
WAITING = 48
"""Pictures that may wait; one more is refused at once."""
TIMEOUT = 20.0
"""Seconds after which a waiting picture is refused."""
PIXELS = 50_000_000
"""Largest number of pixels; each costs some ten bytes while it is decoded."""


class PictureReader:
    """Decodes pictures, finds their faces and reads their expressions. Safe to share between threads."""

    def __init__(self, model: EmotionModel, settings: Settings, admission: Admission | None = None) -> None:
        self.model = model
        self._stills = StillReader(model, settings)
        self._sandbox = Sandbox()
        self._admission = admission or Admission(AT_ONCE, WAITING, TIMEOUT)

    def read(self, name: str, data: bytes, whole: bool = False) -> tuple[FileResult, Image]:
        """Return the result of one picture, and the picture, (height, width, 3) uint8 BGR.

        Args:
            name: what the result and errors call it.
            data: the bytes of its file.
            whole: read it as one face instead of searching for faces.

        Raises:
            ImageError: it is no picture, cut off or too large.
            Overloaded: too many are being read, or no further process can be started.
        """
        with self._admission.admit():
            image = self._sandbox.read_picture(data, name, PIXELS)
            boxes = [] if whole else self._stills.find(image)
        # Outside the limit: faces that others found meanwhile go through the network in the same batch.
        faces = (self._stills.whole(image),) if whole else self._stills.read(image, boxes)
        result = FileResult(name, "image", image.shape[1], image.shape[0], labels=self.model.labels)
        result.frames.append((0, 0.0, faces))
        return result, image
