"""The server with a camera that offers one ready JPEG at a fixed rate; `create_app()` makes it for gunicorn.

Everything between a frame and its viewers is real; decoding, searching, drawing and encoding are left out.
"""

import os
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from flask import Flask

import main
from config.loader import load
from delivery import renditions
from faces import EXPRESSIONS, Box, Face, Frame, Image
from live.engine import Engine
from live.session import CameraConfig
from sources.source import Source

FRAME = np.zeros((720, 1280, 3), np.uint8)


class FixedSource(Source):
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
        """Do nothing: there is nothing to close."""


def some_faces(count: int) -> tuple[Face, ...]:
    """Return so many faces, as a camera reports them."""
    probabilities = (0.0214, 0.0031, 0.0118, 0.8732, 0.0209, 0.0305, 0.0391)
    boxes = [Box(100 + 300 * number, 200, 180, 180) for number in range(count)]
    return tuple(
        Face(box, EXPRESSIONS, probabilities, number, "happy", seconds=12.3) for number, box in enumerate(boxes, 1)
    )


class FixedPipeline:
    """Replaces the pipeline: it reports `OFFERED_FACES` faces in every frame, and does nothing else."""

    def __init__(self) -> None:
        self._faces = some_faces(int(os.environ.get("OFFERED_FACES", "0")))

    def analyze(self, frame: Frame, smoothings: Collection[float] = ()) -> Frame:
        """Return the frame unchanged, with the faces."""
        return replace(frame, faces=self._faces)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


def create_app() -> Flask:
    """Make the application, with that one camera."""
    jpeg = Path(os.environ["OFFERED_JPEG"]).read_bytes()
    renditions.encode = lambda image, quality: jpeg
    app = main.create_app(load({"source": ["demo"]}, os.environ))
    engine = Engine(CameraConfig("camera", "offered", FixedSource, FixedPipeline))  # type: ignore[arg-type]
    app.extensions["server"].cameras["camera"] = engine
    return app
