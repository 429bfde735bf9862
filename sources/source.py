"""The base of all sources of frames: opened by the constructor, read frame by frame, closed by `close`."""

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
"""Seconds after which a reachable camera that does not answer counts as lost."""
READ_LIMIT = 5.0
"""Seconds after which an open camera without a frame counts as lost."""

QUIET = "-8"
"""FFmpeg's log level for no messages at all."""


@dataclass(frozen=True, slots=True)
class CaptureFormat:
    """The size in pixels and the frames per second to request from a camera."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0


USUAL = CaptureFormat()
"""The default, which most webcams support."""


class Source(ABC):
    """An open source of frames; closed by `close` or at the end of a `with` block.

    `description` says in a few words what is read. `live` is true for a camera, whose pictures always differ. `fps` is
    0 when the source does not know its frame rate. `notice` is a note for viewers. `frozen_detector`, if set, checks
    the pictures.
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
        """Release the device; a second call does nothing."""

    def read(self) -> Frame | None:
        """Wait for the next frame; None at the end of a source that ends.

        Raises:
            SourceError: reading failed.
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
        """Capture time of the last picture in seconds since the epoch, as well as the source knows it."""
        return time.time()

    def _position(self) -> float:
        return time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_ffmpeg(name: str, options: Sequence[int] = ()) -> cv2.VideoCapture:
    """Open a file or address with FFmpeg; the caller checks whether it is open.

    Args:
        name: the file's path or the address.
        options: OpenCV's properties and their values, in turn.
    """
    # FFmpeg is thread-safe. Without this, one camera that hangs while it is opened keeps all others from being opened.
    os.environ.setdefault("OPENCV_FFMPEG_IS_THREAD_SAFE", "1")
    # Our own errors say what matters; FFmpeg's messages would show addresses with their passwords.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", QUIET)
    return cv2.VideoCapture(name, cv2.CAP_FFMPEG, options)


class OpenCVSource(Source):
    """A source that OpenCV's VideoCapture reads."""

    _capture: cv2.VideoCapture

    def _grab(self) -> Image | None:
        good, image = self._capture.read()
        return np.asarray(image, np.uint8) if good else None

    def close(self) -> None:
        """Release the device; a second call does nothing."""
        self._capture.release()
