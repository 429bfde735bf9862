"""A video file, looped like a camera or read once."""

import os
import time
from pathlib import Path

import cv2

from errors import SourceError
from faces import Image
from sources.source import READ_LIMIT, OpenCVSource, open_ffmpeg

CATCH_UP = 0.25
"""Seconds by which a looped file may lag behind its own pace and still catch up."""
LONGEST_STEP = 2.0
"""The most seconds for which a looped file shows one picture, whatever its time stamps say."""
USUAL_FPS = 25.0
CHECK_EVERY = 0.3
"""Seconds between checks whether a looped file was replaced."""

Mark = tuple[int, int, int, int]


class VideoFile(OpenCVSource):
    """A video file: looped at its own pace like a camera, or read once as fast as possible.

    A looped file that is replaced starts again; one that is deleted fails.

    Raises:
        SourceError: the file does not exist, or is no readable video.
    """

    def __init__(self, path: str | Path, looped: bool = True) -> None:
        super().__init__(f"file {Path(path).name}")
        self._path = Path(path)
        self._looped = looped
        self._due = self._checked_at = time.monotonic()
        self._step = 0.0
        self._load()

    def _load(self) -> None:
        self._mark = self._stat()
        self._capture = open_ffmpeg(str(self._path))
        if not self._capture.isOpened():
            raise SourceError(f"{self._path}: it is no video that can be read; MP4, MOV, WebM and AVI work")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= 240 else USUAL_FPS  # a rate of 1000 is the time base, not the frame rate
        self._played = -1 / self.fps
        self.frames = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def _stat(self) -> Mark:
        """What identifies the file and its contents: device, inode, size and time of change."""
        try:
            found = os.stat(self._path)
        except OSError:
            raise SourceError(f"{self._path}: there is no such file; give the path of a video") from None
        if not self._path.is_file():
            raise SourceError(f"{self._path}: it is no file; give the path of a video")
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns

    def _position(self) -> float:
        return super()._position() if self._looped else self._played

    def _grab(self) -> Image | None:
        if not self._looped:
            return self._next()
        image = None if self._is_replaced() else self._next()
        if image is None:
            image = self._restart()
        self._wait()
        return image

    def _next(self) -> Image | None:
        """Read the next picture; its time is the file's own, since phones' videos have uneven frame rates."""
        image = super()._grab()
        position = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        self._step = position - self._played if position > self._played else 1 / self.fps
        self._played += self._step
        return image

    def _is_replaced(self) -> bool:
        """Check now and then; if the file has changed, wait until it is no longer being written."""
        now = time.monotonic()
        if now - self._checked_at < CHECK_EVERY:
            return False
        self._checked_at = now
        mark = self._stat()
        if mark == self._mark:
            return False
        while time.monotonic() - now < READ_LIMIT:
            time.sleep(CHECK_EVERY)
            mark, previous = self._stat(), mark
            if mark == previous:
                return True
        raise SourceError(f"{self._path}: it is being written to; it is shown when it is whole")

    def _restart(self) -> Image:
        self.close()
        self._load()
        image = self._next()
        if image is None:
            raise SourceError(f"{self._path}: it holds no frame that can be read")
        return image

    def _wait(self) -> None:
        """Sleep until the frame is due; a short delay is caught up, after a longer one the clock restarts."""
        now = time.monotonic()
        self._due = max(self._due + min(self._step, LONGEST_STEP), now - CATCH_UP)
        if self._due > now:
            time.sleep(self._due - now)
