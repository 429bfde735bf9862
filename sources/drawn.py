"""The drawn demo as a source."""

import time
from collections.abc import Callable

from demo import Demo
from errors import SourceError
from faces import Image
from sources.source import USUAL, CaptureFormat, Source

CHECK_EVERY = 1.0
"""Seconds between checks whether the demo is still needed."""


class DemoSource(Source):
    """The drawn demo, at its own frame rate; late frames are skipped, so that drawn time keeps up with the clock.

    Args:
        wanted: its size and frame rate.
        seed: decides what the people look like.
        notice: a note for viewers.
        needed: called every second; once it returns False, reading fails, so that a real source is opened.
    """

    def __init__(
        self, wanted: CaptureFormat = USUAL, seed: int = 0, notice: str = "", needed: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__("demo")
        self.fps = wanted.fps
        self.notice = notice
        self._needed = needed
        self._opened_at = self._checked_at = time.monotonic()
        self._demo = Demo(wanted.width, wanted.height, wanted.fps, seed)

    def _grab(self) -> Image | None:
        now = time.monotonic()
        if now - self._checked_at > CHECK_EVERY:
            self._checked_at = now
            if not self._needed():
                raise SourceError("demo: the cameras of this machine have changed; they are tried again")
        elapsed = now - self._opened_at
        self._number = max(self._number, int(elapsed * self.fps))
        time.sleep(max(0.0, self._number / self.fps - elapsed))
        return self._demo.draw(self._number)[0]

    def close(self) -> None:
        """Do nothing: there is no device to release."""
