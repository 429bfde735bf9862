"""How many frames a second go through the whole pipeline, compared with the way that tutorials write it?

All read the same JPEG frames of the drawn demo, find faces, classify, draw and encode, alternately, in one run. The
tutorial way searches the whole frame with Haar and calls `model.predict` for every face, on every frame. The program
is measured twice: in a single thread, which gives the time of a frame, and as it serves, with decoding and searching in
threads of their own. The floor is decoding and encoding alone.
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
from camera import CASCADE
from config.settings import Settings
from delivery.renditions import encode
from delivery.view_options import ViewOptions
from demo import Demo
from detection.choice import live_detector
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
"""Frames at the start that are not counted, until caches are full and faces are found for the first time."""
SLOW = 17
"""Frames for the tutorial way, the first two not counted: each takes a tenth of a second or more."""
ROUNDS = 3
"""Rounds of each way; the median counts, because other work on the machine comes and goes."""


def decode_jpeg(jpeg: bytes) -> Image:
    """Decode as a camera's driver or a file's decoder does: (height, width, 3) uint8 BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def the_floor(image: Image, number: int) -> bytes:
    """Encode alone; with the decoding that all ways share, nothing can be faster."""
    return encode(image, 80)


def the_project(settings: Settings, model: EmotionModel, live: bool) -> tuple[Way, Callable[[], None]]:
    """Return this program's pipeline and its close; `live` as for cameras, else as for files, in one thread."""
    detector = live_detector(settings)
    search = (BackgroundSearch if live else Search)(detector, settings.search_every)
    tracker = Tracker(settings.smoothing, model.no_face_threshold)
    pipeline = Pipeline(search, model, tracker, ViewOptions.from_settings(settings), paced=live)

    def way(image: Image, number: int) -> bytes:
        frame = Frame(image, number, captured_at=time.time(), position=number / FPS)
        return encode(pipeline.process(frame).image, settings.quality)

    return way, pipeline.close


def the_tutorial(settings: Settings) -> Way:
    """Return full-frame Haar and one `predict` for each face, as in most tutorials."""
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
    """Milliseconds for one frame: elapsed, and of all processors together."""

    clock: float
    processor: float


def measure(frames: Iterable[Image], way: Way, warm: int = WARM) -> Cost:
    """Return the mean cost of a frame, without the first `warm` ones."""
    clock = processor = 0.0
    count = -1
    for count, image in enumerate(frames):
        if count == warm:
            clock, processor = time.perf_counter(), time.process_time()
        way(image, count)
    taken = count + 1 - warm
    return Cost((time.perf_counter() - clock) / taken * 1000, (time.process_time() - processor) / taken * 1000)


def decode_inline(jpegs: list[bytes]) -> Iterator[Image]:
    """Yield each picture, decoded in the calling thread."""
    return (decode_jpeg(jpeg) for jpeg in jpegs)


def decode_in_thread(jpegs: list[bytes]) -> Iterator[Image]:
    """Yield each picture, decoded in a thread of its own, as the capture thread does."""
    queue: Queue[Image | None] = Queue(maxsize=2)

    def decode() -> None:
        for jpeg in jpegs:
            queue.put(decode_jpeg(jpeg))
        queue.put(None)

    threading.Thread(target=decode, daemon=True).start()
    while (image := queue.get()) is not None:
        yield image


def measure_all(settings: Settings, model: EmotionModel, tutorial: Way, jpegs: list[bytes]) -> dict[str, Cost]:
    """Measure each way on the same frames."""
    single, end_single = the_project(settings, model, live=False)
    serving, end_serving = the_project(settings, model, live=True)
    costs = {
        "floor": measure(decode_inline(jpegs), the_floor),
        "one thread": measure(decode_inline(jpegs), single),
        "serving": measure(decode_in_thread(jpegs), serving),
        "tutorial": measure(decode_inline(jpegs[:SLOW]), tutorial, warm=2),
    }
    end_single()
    end_serving()
    return costs


def compare(people: int, frames: int) -> dict[str, Any]:
    """Return the median costs of some rounds, and the ratios, with some faces in view."""
    demo = Demo(1280, 720, FPS, people=people)
    jpegs = [encode(demo.draw(number)[0], 90) for number in range(frames)]
    settings = Settings()
    model, tutorial = EmotionModel.load(settings.weights, settings.runtime), the_tutorial(settings)
    rounds = [measure_all(settings, model, tutorial, jpegs) for _ in range(ROUNDS)]
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
            text = ", ".join(f"{way} {taken:g}" for way, taken in value.items()) if isinstance(value, dict) else value
            print(f"    {name}: {text}")
    write("pipeline", rows)


if __name__ == "__main__":
    main()
