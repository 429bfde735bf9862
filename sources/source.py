"""What every source of frames is: opened by its making, read frame by frame, closed by `close`."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from faces import Frame, Image
from sources.frozen import FrozenDetector

OPEN_LIMIT = 5.0
"""Seconds after which a camera that is there but does not answer counts as lost."""
READ_LIMIT = 5.0
"""Seconds after which an open camera that gives no frame counts as lost."""

QUIET = "-8"
"""The level of FFmpeg's log at which it tells nothing."""


@dataclass(frozen=True, slots=True)
class CaptureFormat:
    """The size in pixels and the frames per second that a camera is asked for."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0


USUAL = CaptureFormat()
"""What most webcams can give."""


class Source(ABC):
    """An open source of frames; closed by `close` or at the end of a `with` block.

    `description` says in a few words what is being read; `live` whether it is a camera, whose every picture differs
    from the one before; `fps` is 0 where the source does not know its rate; `notice` is what a viewer should be told
    about it. `stillness`, where it is set, watches the pictures.
    """

    live = False
    fps = 0.0
    notice = ""
    frozen_detector: FrozenDetector | None = None

    def __init__(self, description: str) -> None:
        self.description = description
        self._number = 0

    @abstractmethod
    def _grab(self) -> Image | None:
        """Wait for the next picture, (height, width, 3) uint8 BGR; None at the end of a source that ends."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back; a second call does nothing."""

    def read(self) -> Frame | None:
        """Wait for the next frame; None at the end of a source that ends.

        Raises:
            SourceError: the source failed while being read.
        """
        image = self._grab()
        if image is None:
            return None
        if self.frozen_detector is not None:
            self.frozen_detector.check(image)
        frame = Frame(image, self._number, captured_at=self._captured_at(), position=self._position())
        self._number += 1
        return frame

    def _captured_at(self) -> float:
        """When the picture just grabbed was taken, in seconds since the epoch, as near as the source can tell."""
        return time.time()

    def _position(self) -> float:
        return time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_ffmpeg(name: str, options: Sequence[int] = ()) -> cv2.VideoCapture:
    """A file or address, opened by FFmpeg; to be asked whether it is open.

    Args:
        name: the file's path or the address.
        options: OpenCV's properties and their values, in turn.
    """
    # FFmpeg has long been safe to use in threads; unless OpenCV is told so, one camera that hangs while it is opened
    # holds up the opening of all others.
    os.environ.setdefault("OPENCV_FFMPEG_IS_THREAD_SAFE", "1")
    # What matters is said by our own errors, while FFmpeg's name addresses, with all that stands in them.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", QUIET)
    return cv2.VideoCapture(name, cv2.CAP_FFMPEG, options)


class OpenCVSource(Source):
    """A source that OpenCV's VideoCapture reads."""

    _capture: cv2.VideoCapture

    def _grab(self) -> Image | None:
        good, image = self._capture.read()
        return np.asarray(image, np.uint8) if good else None

    def close(self) -> None:
        """Give the device back; a second call does nothing."""
        self._capture.release()
