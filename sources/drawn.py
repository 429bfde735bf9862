"""The drawn demo as a source."""

import time
from collections.abc import Callable

from demo import Demo
from errors import SourceError
from faces import Image
from sources.source import USUAL, CaptureFormat, Source

CHECK_EVERY = 1.0
"""Seconds between looks whether the demo is still needed."""


class DemoSource(Source):
    """The drawn demo, at its own pace; what is late is skipped, so that drawn time keeps to the wall's.

    Args:
        wanted: its size and pace.
        seed: what the people look like.
        notice: what viewers should be told.
        needed: asked now and then; when it is no longer, reading fails, so that something better is opened.
    """

    def __init__(
        self, wanted: CaptureFormat = USUAL, seed: int = 0, notice: str = "", needed: Callable[[], bool] = lambda: True
    ) -> None:
        super().__init__("demo")
        self.fps = wanted.fps
        self.notice = notice
        self._needed = needed
        self._opened_at = self._looked_at = time.monotonic()
        self._demo = Demo(wanted.width, wanted.height, wanted.fps, seed)

    def _grab(self) -> Image | None:
        now = time.monotonic()
        if now - self._looked_at > CHECK_EVERY:
            self._looked_at = now
            if not self._needed():
                raise SourceError("demo: the cameras of this machine have changed; they are tried again")
        elapsed = now - self._opened_at
        self._number = max(self._number, int(elapsed * self.fps))
        time.sleep(max(0.0, self._number / self.fps - elapsed))
        return self._demo.draw(self._number)[0]

    def close(self) -> None:
        """There is nothing to give back."""
