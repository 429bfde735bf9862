"""How long after a face has walked into view does it have its box?

A head walks from the left into a still room of 1280x720 pixels at 30 frames a second, at different heights, sizes and
paces, and is gone again. Frames come at their own pace, as from a camera, through the live pipeline with its background
search. The time counts from the first frame that shows the whole face to the first in which it has a box. The head is
that of scikit-image's photograph of an astronaut, or the face of a picture given by --face and --box.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from benchmarks.tools.crowd import percentile
from benchmarks.tools.report import write
from config.settings import Settings
from detection.choice import live_detector
from faces import Box, Frame, Image
from live.pipeline import Pipeline
from model import EmotionModel
from tracking.searching import BackgroundSearch
from tracking.tracker import Tracker

SIZE, FPS = (1280, 720), 30
HEAD, FACE = np.s_[:220, 100:360], Box(74, 68, 100, 100)
"""Rows and columns of the head in the photograph, and the box of the face in that crop, in pixels."""
SHARES = (0.06, 0.1, 0.2, 0.4)
"""Heights of the face, as shares of the frame's."""
LONGEST = 3.0
"""Seconds after which a face without a box is counted as missed."""


def walk(head: Image, face: Box, share: float, speed: float, top: float) -> Iterator[tuple[Image, Box]]:
    """Yield the frames of one arrival, and where the face is: far left of the frame at first, then to its middle.

    Args:
        head: (height, width, 3) uint8 BGR.
        face: where its face is.
        share: height of the face, as a share of the frame's.
        speed: widths of the face a second.
        top: where the face is, 0 to 1, from the top of the frame to the lowest place.
    """
    scale = share * SIZE[1] / face.height
    head = np.asarray(cv2.resize(head, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    face, rng = face.scaled(scale), np.random.default_rng(0)
    room = rng.integers(96, 104, (SIZE[1], SIZE[0], 3)).astype(np.uint8)
    room[450:] //= 2
    y = round(top * max(0, SIZE[1] - head.shape[0]))
    number = 0
    while (x := round(number / FPS * speed * face.width) - face.x - face.width) < SIZE[0] // 2:
        image = room + rng.integers(0, 5, room.shape, np.uint8)
        left, right = max(0, x), min(SIZE[0], x + head.shape[1])
        if right > left:
            part = image[y : y + head.shape[0], left:right]
            part[:] = head[: part.shape[0], left - x : right - x]
        yield image, Box(x + face.x, y + face.y, face.width, face.height)
        number += 1


def arrival(pipeline: Pipeline, frames: Iterator[tuple[Image, Box]]) -> float | None:
    """Return the seconds from the whole face in view to its box; None if it has none in time."""
    start, whole = time.monotonic(), None
    for number, (image, face) in enumerate(frames):
        time.sleep(max(0.0, start + number / FPS - time.monotonic()))
        if whole is None and face.x >= 0:
            whole = time.monotonic()
        seen = pipeline.analyze(Frame(image, number, time.time(), number / FPS)).faces
        if any(found.box.overlap(face) > 0.2 for found in seen):
            return 0.0 if whole is None else time.monotonic() - whole
        if whole is not None and time.monotonic() - whole > LONGEST:
            return None
    return None


def main() -> None:
    """Measure arrivals of each size, print a table, write results/benchmark-arrival.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arrivals", type=int, default=12, help="arrivals of each size (default 12)")
    parser.add_argument("--detectors", nargs="+", default=["blazeface", "haar"], choices=["blazeface", "haar"])
    parser.add_argument("--face", type=Path, help="another picture of a head")
    parser.add_argument("--box", type=int, nargs=4, metavar=("X", "Y", "WIDTH", "HEIGHT"), help="its face")
    options = parser.parse_args()
    photograph: Image = data.astronaut()  # type: ignore[no-untyped-call]
    head, face = np.ascontiguousarray(photograph[HEAD][:, :, ::-1]), FACE
    if options.face is not None:
        head, face = np.asarray(cv2.imread(str(options.face)), np.uint8), Box(*options.box)
    model, rng = EmotionModel.load(Settings().weights), np.random.default_rng(1)
    rows: dict[str, dict[str, float | None]] = {}
    for detector in options.detectors:
        settings = replace(Settings(), detector=detector)
        for share in SHARES:
            times = []
            for _ in range(options.arrivals):
                search = BackgroundSearch(live_detector(settings), settings.search_every)
                pipeline = Pipeline(search, model, Tracker(no_face_threshold=model.no_face_threshold), paced=True)
                times.append(arrival(pipeline, walk(head, face, share, rng.uniform(1.0, 3.0), rng.uniform(0, 1))))
                pipeline.close()
            there = [each for each in times if each is not None]
            row: dict[str, float | None] = {"missed": len(times) - len(there), "median": None, "p95": None}
            if there:
                row |= {"median": round(percentile(there, 0.5), 3), "p95": round(percentile(there, 0.95), 3)}
            rows[f"{detector}, {share:.0%} of the height"] = row
            print(f"{detector:10} {share:4.0%} of the height: {row}", flush=True)
    write("arrival", rows)


if __name__ == "__main__":
    main()
