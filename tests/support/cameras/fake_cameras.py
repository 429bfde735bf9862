"""What Chromium's fake camera plays, and the flags that have it do so."""

from pathlib import Path

import cv2

from demo import Demo
from faces import Image
from tests.support.cameras.moving_faces import Head, wall


def write_demo(path: Path, people: int, frames: int = 45) -> Path:
    """Some seconds of the demo with so many people, 640x480, as JPEG after JPEG; returns the path."""
    demo = Demo(640, 480, 30, people=people)
    return _write(path, [demo.draw(number)[0] for number in range(frames)])


def write_head(path: Path, x: int, y: int, frames: int = 30) -> Path:
    """One head that stands at (x, y) of 640x480, as JPEG after JPEG; returns the path."""
    head, images = Head(0, size=0.8), []
    for number in range(frames):
        image = wall(640, 480)
        head.place(image, x + number % 2, y)
        images.append(image)
    return _write(path, images)


def _write(path: Path, images: list[Image]) -> Path:
    path.write_bytes(b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in images))
    return path


def flags(clip: Path | None = None, devices: int = 1, asks: bool = False) -> tuple[str, ...]:
    """Flags for so many fake cameras, given without asking unless `asks`; they play the clip, or Chromium's own."""
    return (
        f"--use-fake-device-for-media-stream=device-count={devices}",
        *([] if asks else ["--use-fake-ui-for-media-stream"]),
        *([f"--use-file-for-fake-video-capture={clip}"] if clip else []),
    )
