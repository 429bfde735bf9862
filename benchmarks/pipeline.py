"""How many frames a second go through the whole pipeline, beside the way that tutorials write it?

All read the same JPEG frames of the drawn demo, find faces, classify, draw and encode, in turn, in one run. The
tutorial way searches the whole frame with Haar and calls `model.predict` for every face, on every frame. The program
is measured twice: all in one thread, which tells the time that a frame costs, and as it serves, with decoding and
searching in threads of their own. The floor is decoding and encoding alone.
"""

import argparse
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import keras
import numpy as np

from benchmarks.tools.report import write
from camera import CASCADE, FaceDetector
from config.settings import Settings
from delivery.renditions import encode
from delivery.view_options import ViewOptions
from demo import Demo
from drawing.annotate import annotate
from faces import Box, Face, Frame, Image
from inference.preprocess import crop_faces
from live.pipeline import Pipeline
from model import EmotionModel
from tracking.searching import BackgroundSearch, Search
from tracking.tracker import Tracker

Way = Callable[[Image, int], bytes]
FPS = 30.0
WARM = 10
"""Frames at the start that are not counted: caches fill, and faces are found for the first time."""
SLOW = 17
"""Frames for the tutorial way, of which the first two are not counted: each takes a tenth of a second or more."""
ROUNDS = 3
"""Turns that each way takes; the median counts, because other work on the machine comes and goes."""


def decoded(jpeg: bytes) -> Image:
    """What a camera's driver or a file's decoder does: (height, width, 3) uint8 BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def the_floor(image: Image, number: int) -> bytes:
    """Encoding alone; with the decoding that all ways share, nothing can be faster."""
    return encode(image, 80)


def the_project(settings: Settings, model: EmotionModel, live: bool) -> tuple[Way, Callable[[], None]]:
    """This program's pipeline and what ends it; `live` as for cameras, else as for files: all in one thread."""
    detector = FaceDetector(settings.search_width, settings.min_face, settings.scale_factor, settings.neighbours)
    search = (BackgroundSearch if live else Search)(detector, settings.search_every)
    tracker = Tracker(settings.smoothing, model.no_face_threshold)
    pipeline = Pipeline(search, model, tracker, ViewOptions.usual(settings), paced=live)

    def way(image: Image, number: int) -> bytes:
        frame = Frame(image, number, captured_at=time.time(), position=number / FPS)
        return encode(pipeline.process(frame).image, settings.quality)

    return way, pipeline.close


def the_tutorial(settings: Settings) -> Way:
    """Full-frame Haar and one `predict` a face, as most tutorials have it."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    folder = Path(settings.weights)
    network = keras.models.model_from_json((folder / "model.json").read_text(encoding="utf-8"))
    network.load_weights(folder / "model.weights.h5")
    model = EmotionModel.load(folder)

    def way(image: Image, number: int) -> bytes:
        faces = []
        for edges in cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.1, 5):
            box = Box(*(int(edge) for edge in edges))
            row = network.predict(crop_faces(image, [box], model.spec), verbose=0)[0][: len(model.labels)]
            faces.append(Face(box, model.labels, tuple(float(p) for p in row / row.sum())))
        return encode(annotate(image, faces), 80)

    return way


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one frame: by the clock, and of all processors together."""

    clock: float
    processor: float


def measured(frames: Iterable[Image], way: Way, warm: int = WARM) -> Cost:
    """What a frame costs on average, from the first after the warm ones to the last."""
    clock = processor = 0.0
    count = -1
    for count, image in enumerate(frames):
        if count == warm:
            clock, processor = time.perf_counter(), time.process_time()
        way(image, count)
    taken = count + 1 - warm
    return Cost((time.perf_counter() - clock) / taken * 1000, (time.process_time() - processor) / taken * 1000)


def decoded_first(jpegs: list[bytes]) -> Iterator[Image]:
    """Each picture decoded in the thread that wants it."""
    return (decoded(jpeg) for jpeg in jpegs)


def decoded_aside(jpegs: list[bytes]) -> Iterator[Image]:
    """Each picture decoded in a thread of its own, as the capture thread has it."""
    queue: Queue[Image | None] = Queue(maxsize=2)

    def decode() -> None:
        for jpeg in jpegs:
            queue.put(decoded(jpeg))
        queue.put(None)

    threading.Thread(target=decode, daemon=True).start()
    while (image := queue.get()) is not None:
        yield image


def once(settings: Settings, model: EmotionModel, tutorial: Way, jpegs: list[bytes]) -> dict[str, Cost]:
    """What a frame costs each way, each on the same frames."""
    single, end_single = the_project(settings, model, live=False)
    serving, end_serving = the_project(settings, model, live=True)
    costs = {
        "floor": measured(decoded_first(jpegs), the_floor),
        "one thread": measured(decoded_first(jpegs), single),
        "serving": measured(decoded_aside(jpegs), serving),
        "tutorial": measured(decoded_first(jpegs[:SLOW]), tutorial, warm=2),
    }
    end_single()
    end_serving()
    return costs


def compare(people: int, frames: int) -> dict[str, Any]:
    """The median costs of some rounds, and the ratios, with some faces in view."""
    demo = Demo(1280, 720, FPS, people=people)
    jpegs = [encode(demo.draw(number)[0], 90) for number in range(frames)]
    settings = Settings()
    model, tutorial = EmotionModel.load(settings.weights, settings.runtime), the_tutorial(settings)
    rounds = [once(settings, model, tutorial, jpegs) for _ in range(ROUNDS)]
    clock = {way: float(np.median([costs[way].clock for costs in rounds])) for way in rounds[0]}
    processor = {way: float(np.median([costs[way].processor for costs in rounds])) for way in rounds[0]}
    return {
        "faces": people,
        "milliseconds": {way: round(value, 2) for way, value in clock.items()},
        "milliseconds of all processors": {way: round(value, 2) for way, value in processor.items()},
        "times the tutorial's frames a second": round(clock["tutorial"] / clock["serving"], 1),
        "the same in one thread": round(clock["tutorial"] / clock["one thread"], 1),
        "the same in processor time, serving": round(processor["tutorial"] / processor["serving"], 1),
        "time of a frame in floors": round(clock["one thread"] / clock["floor"], 2),
        "the same in processor time": round(processor["one thread"] / processor["floor"], 2),
    }


def main() -> None:
    """Compare with one face and with four, print a table, write results/benchmark-pipeline.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="frames for each way and round (default 200)")
    frames = parser.parse_args().frames
    rows = [compare(people, frames) for people in (1, 4)]
    print("1280x720, milliseconds a frame:")
    for row in rows:
        print(f"  {row['faces']} face(s)")
        for name, value in row.items():
            told = ", ".join(f"{way} {taken:g}" for way, taken in value.items()) if isinstance(value, dict) else value
            print(f"    {name}: {told}")
    write("pipeline", rows)


if __name__ == "__main__":
    main()
