"""The server with a camera that offers one ready JPEG at a set rate; `create_app()` makes it for gunicorn.

Everything between a frame and its viewers is real; decoding, finding, drawing and encoding are left out.
"""

import os
import time
from pathlib import Path

import numpy as np
from flask import Flask

import main
from delivery import renditions
from engine import Engine, Plan
from faces import Frame, Image
from settings import load
from sources.source import Source

FRAME = np.zeros((720, 1280, 3), np.uint8)


class Offer(Source):
    """The same frame again and again, `OFFERED_FPS` times a second."""

    def __init__(self) -> None:
        super().__init__("offered")
        self.fps = float(os.environ["OFFERED_FPS"])
        self._due = time.monotonic()

    def _grab(self) -> Image:
        self._due += 1 / self.fps
        time.sleep(max(0.0, self._due - time.monotonic()))
        return FRAME

    def close(self) -> None:
        """There is nothing to give back."""


class Unchanged:
    """Stands for the pipeline, and does nothing."""

    def process(self, frame: Frame) -> Frame:
        """The frame as it is."""
        return frame

    def close(self) -> None:
        """There is nothing to give back."""


def create_app() -> Flask:
    """The application, with that one camera."""
    jpeg = Path(os.environ["OFFERED_JPEG"]).read_bytes()
    renditions.encode = lambda image, quality: jpeg
    app = main.create_app(load({"source": ["demo"]}, os.environ))
    engine = Engine(Plan("camera", "offered", Offer, Unchanged))  # type: ignore[arg-type]
    app.extensions["server"].engines = {"camera": engine}
    return app
