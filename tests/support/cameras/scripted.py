"""A camera and a pipeline that do what a test says, for engines without pictures worth looking at."""

import time
from dataclasses import replace

import numpy as np

from camera import Source
from errors import SourceError
from faces import Face, Frame


class Camera(Source):
    """A source of grey frames under the test's control."""

    def __init__(self, script: "Script") -> None:
        super().__init__("test camera")
        self.script = script
        if script.missing:
            raise SourceError("test camera: it is not there; plug it in")
        script.opened += 1

    def _grab(self):
        time.sleep(0.01)
        if self.script.missing:
            raise SourceError("test camera: it was pulled out")
        while self.script.frozen and not self.script.missing:
            self.script.stands = True
            time.sleep(0.01)
        return np.full((90, 160, 3), 100, np.uint8)

    def close(self) -> None:
        self.script.closed += 1


class Script:
    """What the test camera does, and what was done to it."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.missing = self.frozen = False
        self.stands = False  # a frozen camera gives no more from here on


class Nothing:
    """A pipeline that finds no face, unless it is told to fail or to take its time."""

    fails = 0
    takes = 0.0
    faces: tuple[Face, ...] = ()

    def __init__(self) -> None:
        self.smoothings: set[float] = set()

    def analyze(self, frame: Frame, smoothings=()) -> Frame:
        self.smoothings = set(smoothings)
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the detector broke")
        time.sleep(self.takes)
        smoothed = {
            wanted: tuple(replace(face, track=round(10 * wanted)) for face in self.faces) for wanted in smoothings
        }
        return replace(frame, faces=self.faces, smoothed=smoothed, timings={"detect": 0.001})

    def close(self) -> None:
        pass
