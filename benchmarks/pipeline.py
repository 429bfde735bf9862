"""How many frames a second go through the whole pipeline, beside the way that tutorials write it?

Both read the same JPEG frames of the drawn demo, find faces, classify, draw and encode, in turn, in one run. The
tutorial way searches the whole frame with Haar and calls `model.predict` for every face, on every frame.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import cv2
import keras
import numpy as np

from annotate import annotate
from camera import CASCADE, FaceDetector
from demo import Demo
from engine import encode
from faces import Box, Face, Frame, Image
from model import EmotionModel
from pipeline import Pipeline
from preprocess import crop_faces
from searching import Search
from settings import Settings
from tracking import Tracker

Way = Callable[[Image, int], bytes]
FPS = 30.0


def the_floor(image: Image, number: int) -> bytes:
    """Encoding alone; with the decoding that all ways share, nothing can be faster."""
    return encode(image, 80)


def the_project(settings: Settings) -> Way:
    """This program's pipeline."""
    detector = FaceDetector(settings.search_width, settings.min_face, settings.scale_factor, settings.neighbours)
    model = EmotionModel.load(settings.weights, settings.runtime)
    search = Search(detector, settings.search_every)
    pipeline = Pipeline(detector, search, model, Tracker(settings.smoothing), settings.threshold)

    def way(image: Image, number: int) -> bytes:
        frame = Frame(image, number, captured_at=time.time(), position=number / FPS)
        return encode(pipeline.process(frame).image, settings.quality)

    return way


def the_tutorial(settings: Settings) -> Way:
    """Full-frame Haar and one `predict` a face, as most tutorials have it."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
    folder = Path(settings.weights)
    network = keras.models.model_from_json((folder / "model.json").read_text(encoding="utf-8"))
    network.load_weights(folder / "model.weights.h5")
    spec, labels = EmotionModel.load(folder).spec, tuple(EmotionModel.load(folder).labels)

    def way(image: Image, number: int) -> bytes:
        faces = []
        for edges in cascade.detectMultiScale(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 1.1, 5):
            box = Box(*(int(edge) for edge in edges))
            row = network.predict(crop_faces(image, [box], spec), verbose=0)[0]
            faces.append(Face(box, labels, tuple(float(p) for p in row)))
        return encode(annotate(image, faces), 80)

    return way


def measure(way: Way, jpegs: list[bytes]) -> float:
    """Seconds a frame on average, decoding included; the first five, in which caches fill, are left out."""
    seconds = []
    for number, jpeg in enumerate(jpegs):
        start = time.perf_counter()
        image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        way(np.asarray(image, np.uint8), number)
        seconds.append(time.perf_counter() - start)
    return float(np.mean(seconds[5:]))


def compare(people: int, frames: int) -> dict[str, Any]:
    """Milliseconds a frame of each way, and the ratios, with some faces in view."""
    demo = Demo(1280, 720, FPS, people=people)
    jpegs = [encode(demo.draw(number)[0], 90) for number in range(frames)]
    settings = Settings()
    ways: dict[str, tuple[Way, int]] = {
        "floor": (the_floor, frames),
        "project": (the_project(settings), frames),
        "tutorial": (the_tutorial(settings), min(frames, 40)),
    }
    times = {name: measure(way, jpegs[:count]) for name, (way, count) in ways.items()}
    return {
        "faces": people,
        "milliseconds": {name: round(seconds * 1000, 2) for name, seconds in times.items()},
        "times faster than the tutorial": round(times["tutorial"] / times["project"], 1),
        "times the floor": round(times["project"] / times["floor"], 1),
    }


def main() -> None:
    """Compare with one face and with three, print a table, write results/benchmark-pipeline.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200, help="frames for each way (default 200)")
    frames = parser.parse_args().frames
    rows = [compare(people, frames) for people in (1, 3)]
    print("1280x720, milliseconds a frame:")
    for row in rows:
        told = ", ".join(f"{name} {value:g}" for name, value in row["milliseconds"].items())
        faster, floor = row["times faster than the tutorial"], row["times the floor"]
        print(f"  {row['faces']} face(s): {told}; {faster:g} x as fast as the tutorial way, {floor:g} x the floor")
    path = Path("results/benchmark-pipeline.json")
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
