"""What does a frame cost with each set of view options, and how often is a face seen clearly that should be blurred?

The first is the processor time of drawing the same frames of the drawn demo with each set, alternately, in one thread.
For the second, drawn people walk into view, some of them fast. Every picture of a blurred view counts in which a face
is whole but not hidden: for pictures that are sent at once, and for those delayed as the server does it.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import cv2
import numpy as np

from benchmarks.tools.report import ratio, write
from config.settings import Settings
from delivery.renditions import encode
from delivery.view_options import ViewOptions
from demo import Demo
from detection.choice import live_detector
from drawing.privacy import hide
from faces import Box, Frame, Image
from live.delay import FrameDelay
from live.pipeline import Pipeline, render
from model import EmotionModel
from tests.support.cameras.moving_faces import Head, wall
from tracking.searching import BackgroundSearch, Search
from tracking.tracker import Tracker

FPS = 30
ROUNDS = 5
WARM = 15
"""Frames at the start that are not drawn, until faces are found for the first time."""
VIEWS = {
    "label": ViewOptions(),
    "bars": ViewOptions(bars=True),
    "blur": ViewOptions(privacy="blur"),
    "emoji": ViewOptions(privacy="emoji"),
}
SPEEDS = 60, 150, 300, 500
"""Speeds at which people walk in, in pixels a second of a picture 960 pixels wide."""
PEOPLE = 0, 2
"""The demo's people that Haar finds on that wall; a face that is not found cannot be hidden."""


def make_pipeline(model: EmotionModel, live: bool) -> Pipeline:
    """Return a pipeline as for files, or as for live sources, with a search of its own."""
    search = (BackgroundSearch if live else Search)(live_detector(Settings()), Settings().search_every)
    return Pipeline(search, model, Tracker(no_face_threshold=model.no_face_threshold), paced=live)


def milliseconds_per_frame(work: Callable[[Frame], object], frames: Sequence[Frame]) -> float:
    """Return the milliseconds of processor time that `work` takes for a frame."""
    start = time.process_time()
    for frame in frames:  # results are not kept, as fresh memory takes time too
        work(frame)
    return (time.process_time() - start) / len(frames) * 1000


def costs(model: EmotionModel, people: int, frames: int) -> dict[str, float]:
    """Return milliseconds for a frame of 1280x720: the JPEG, and drawing with each set of options; medians."""
    demo, pipeline = Demo(1280, 720, FPS, people=people), make_pipeline(model, live=False)
    seen = [pipeline.analyze(Frame(demo.draw(n)[0], n, 0.0, n / FPS)) for n in range(WARM + frames)][WARM:]
    pipeline.close()
    taken: dict[str, list[float]] = {"jpeg": [], **{name: [] for name in VIEWS}}
    for _ in range(ROUNDS):
        taken["jpeg"].append(milliseconds_per_frame(lambda frame: encode(frame.image, 80), seen))
        for name, view in VIEWS.items():
            taken[name].append(milliseconds_per_frame(partial(render, view=view), seen))
    return {name: round(float(np.median(rounds)), 2) for name, rounds in taken.items()}


def is_clear(frame: Frame, image: Image, box: Box) -> bool:
    """Whether a face is visible when all known faces are blurred: more than half of its detail is left."""
    shown, inside = frame.image.copy(), np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    hide(shown, frame.faces, frame.doubtful, "blur", 0.35)
    before, after = (np.abs(np.diff(part[inside].astype(int), axis=1)).mean() for part in (image, shown))
    return bool(after > 0.5 * before)


def walk_in(model: EmotionModel, person: int, speed: int) -> tuple[int, int, int]:
    """Return the pictures with a whole face as somebody walks by, and how many show it at once, and if delayed."""
    head, pipeline, delay = Head(person), make_pipeline(model, live=True), FrameDelay()
    images, boxes, whole, at_once, later = list[Image](), list[Box](), 0, 0, 0
    begun = time.monotonic()
    for number in range(round(1200 / speed * FPS)):
        images.append(wall())
        boxes.append(head.place(images[-1], speed * number / FPS - 120, 270))
        time.sleep(max(0.0, begun + number / FPS - time.monotonic()))
        seen = pipeline.analyze(Frame(images[-1].copy(), number, 0.0, time.monotonic()))
        for frame, is_late in ((seen, False), (delay.push(seen), True)):
            if frame is None or not 0 <= boxes[frame.number].x <= 960 - boxes[frame.number].width:
                continue
            clear = is_clear(frame, images[frame.number], boxes[frame.number])
            whole, at_once, later = (
                whole + (not is_late),
                at_once + (clear and not is_late),
                later + (clear and is_late),
            )
    pipeline.close()
    return whole, at_once, later


def main() -> None:
    """Measure both, print them, write results/benchmark-looks.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=40, help="frames drawn in each round (default 40)")
    frames = parser.parse_args().frames
    cv2.setNumThreads(1)
    model, figures = EmotionModel.load(Settings().weights), dict[str, object]()
    for people in (1, 3):
        taken = costs(model, people, frames)
        figures[f"{people} faces"] = taken
        costs_text = ", ".join(f"{name} {taken[name]:g} ({ratio(taken[name], taken['jpeg']):g})" for name in VIEWS)
        print(f"{people} face(s), milliseconds, in brackets in JPEGs of {taken['jpeg']:g}: {costs_text}")
    rows = [walk_in(model, person, speed) for speed in SPEEDS for person in PEOPLE]
    whole, at_once, later = (sum(column) for column in zip(*rows, strict=True))
    figures["walking in"] = {"pictures": whole, "clear at once": at_once, "clear held back": later}
    print(f"walking in: of {whole} pictures {at_once} show the face if sent at once, {later} if held back")
    write("looks", figures)


if __name__ == "__main__":
    main()
