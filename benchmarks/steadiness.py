"""How often does the label change on a face that keeps its expression, and how late if the expression changes?

The baseline is the same program without smoothing, which reads every frame and shows the most probable label. Both see
the same frames: of the drawn demo, in which each expression is held for 2.4 seconds, and of any picture given by
--still, which is moved about as by a hand-held camera, with a sensor's noise. The boxes are compared with those of Haar
on every frame.
"""

import argparse
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.tools.report import write
from camera import FaceDetector
from config.settings import Settings
from demo import Demo, DrawnFace
from detection.choice import live_detector
from faces import Box, Frame, Image
from live.pipeline import Pipeline
from media.sandbox.decoding import read_picture
from model import EmotionModel
from tracking.searching import Search
from tracking.tracker import Tracker

FPS = 30
SETTLED = 12
"""Frames after an expression was reached that are left out, since the label may still follow."""
LASTS = 9
"""Frames in which a label must prevail to count as changed."""
BOXES = 150
"""Frames whose boxes are compared."""

Clip = Iterable[tuple[Image, Sequence[DrawnFace]]]


@dataclass(slots=True)
class Seen:
    """What one way showed of one face: frame numbers, boxes and labels, one a frame."""

    frames: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    drawn: list[tuple[str, float]] = field(default_factory=list)
    """The expression that was drawn, and how far it was reached."""


def watch(clip: Clip, pipeline: Pipeline) -> list[Seen]:
    """Return what a pipeline shows of the faces of a clip that were there for most of it."""
    seen: dict[int | None, Seen] = defaultdict(Seen)
    number = 0
    for number, (image, drawn) in enumerate(clip):
        for face in pipeline.analyze(Frame(image, number, 0.0, number / FPS)).faces:
            one = seen[face.track]
            one.frames.append(number)
            one.boxes.append(face.box)
            one.labels.append(face.expression or "")
            if drawn:
                nearest = max(drawn, key=lambda other: other.box.overlap(face.box))
                one.drawn.append((nearest.expression, nearest.strength))
    return [one for one in seen.values() if len(one.frames) > 0.9 * number]


def the_project(settings: Settings, model: EmotionModel, smooth: bool) -> Pipeline:
    """Return this program's pipeline, or the same without smoothing."""
    detector = live_detector(settings)
    tracker = Tracker(settings.smoothing if smooth else 0.0, model.no_face_threshold)
    search = Search(detector, settings.search_every)
    return Pipeline(search, model, tracker) if smooth else Pipeline(search, model, tracker, every=0.0)


def drawn_people(seed: int, frames: int) -> Clip:
    """Return three drawn people at 640x360."""
    demo = Demo(640, 360, FPS, seed=seed)
    return (demo.draw(number) for number in range(frames))


def shake(picture: Image, frames: int) -> Iterator[tuple[Image, Sequence[DrawnFace]]]:
    """Yield a still picture as by a hand-held camera: swaying, changing in brightness, noisy, compressed."""
    rng = np.random.default_rng(0)
    phases, (height, width) = rng.uniform(0, 2 * np.pi, 6), picture.shape[:2]
    for number in range(frames):
        a, b, c, d, e, f = np.sin(2 * np.pi * number / FPS / np.array([3.7, 5.1, 4.3, 1.1, 3.1, 2.3]) + phases)
        moved = cv2.getRotationMatrix2D((width / 2, height / 2), 2 * a, 1 + 0.03 * b)
        moved[:, 2] += (width * (0.012 * c + 0.004 * d), 0.01 * height * e)
        image = cv2.warpAffine(picture, moved, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
        image = image * (1 + 0.03 * f) + rng.normal(0, 6, (height, width, 1)) + rng.normal(0, 2, (height, width, 3))
        jpeg = cv2.imencode(".jpg", np.clip(image, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
        yield np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8), ()


def expressions_of(one: Seen) -> list[tuple[int, int, int]]:
    """Return start, full strength and end of each drawn expression, as list positions; all of a still picture."""
    if not one.drawn:
        return [(0, 0, len(one.labels))]
    names = [expression for expression, _ in one.drawn]
    edges = [0, *(i for i in range(1, len(names)) if names[i] != names[i - 1]), len(names)]
    reached = [next((i for i in range(a, b) if one.drawn[i][1] >= 1), b) for a, b in itertools.pairwise(edges)]
    return list(zip(edges, reached, edges[1:], strict=False))


def flips(one: Seen) -> tuple[int, float]:
    """Return the changes of the label while the expression is held, and how many minutes that is."""
    changes, frames = 0, 0
    for _, reached, end in expressions_of(one):
        labels = one.labels[reached + SETTLED * bool(one.drawn) : end]
        changes += sum(a != b for a, b in itertools.pairwise(labels))
        frames += len(labels)
    return changes, frames / FPS / 60


def lags(smooth: Seen, plain: Seen) -> list[float]:
    """Return the seconds by which the smoothed label follows the plain one, for each clear change of the latter."""
    delays, before = [], ""
    for began, reached, end in expressions_of(plain):
        labels = plain.labels[reached:end]
        label = max(set(labels), key=labels.count) if labels else ""
        clear = len(labels) >= FPS and labels.count(label) >= 0.8 * len(labels)
        if clear and before not in ("", label):
            first, later = (_first(one.labels[began:end], label) for one in (plain, smooth))
            if first is not None:
                delays.append(((end - began if later is None else later) - first) / FPS)
        before = label if clear else ""
    return delays


def _first(labels: Sequence[str], label: str) -> int | None:
    """Return the position at which a label begins to prevail."""
    places = (i for i in range(len(labels) - LASTS) if labels[i] == label)
    return next((i for i in places if labels[i : i + LASTS].count(label) >= 0.75 * LASTS), None)


def jitter(boxes: Sequence[Box]) -> float:
    """Return the root mean square of the second differences of the boxes' edges, in per cent of their width."""
    edges = np.array([(box.x, box.y, box.x + box.width, box.y + box.height) for box in boxes], np.float64)
    return float(np.sqrt((np.diff(edges, 2, axis=0) ** 2).mean()) / np.mean([box.width for box in boxes]) * 100)


def haar_boxes(clip: Clip, one: Seen) -> list[Box]:
    """Return what Haar on every whole frame finds of a face, for the first seconds."""
    detector, boxes = FaceDetector(search_width=10_000), []
    places = dict(zip(one.frames[:BOXES], one.boxes[:BOXES], strict=True))
    for number, (image, _) in enumerate(itertools.islice(clip, max(places) + 1)):
        if number in places:
            nearest = max(detector.detect(image), key=places[number].overlap, default=places[number])
            if nearest.overlap(places[number]) > 0.3:
                boxes.append(nearest)
    return boxes


def partner(one: Seen, others: Sequence[Seen]) -> Seen:
    """Return the same face as the other way showed it."""
    return max(others, key=lambda other: other.boxes[len(other.boxes) // 2].overlap(one.boxes[len(one.boxes) // 2]))


def compare(name: str, clips: Sequence[tuple[Clip, Clip, Clip]], settings: Settings) -> dict[str, Any]:
    """Run both ways, and Haar, on some clips; each clip is given three times, once for each."""
    model = EmotionModel.load(settings.weights, settings.runtime)
    changes, minutes = np.zeros(2), np.zeros(2)
    late: list[float] = []
    jerks: list[NDArray[np.float64]] = []
    for first, second, third in clips:
        smooth = watch(first, the_project(settings, model, smooth=True))
        plain = watch(second, the_project(settings, model, smooth=False))
        for one in smooth:
            other = partner(one, plain)
            for way, seen in enumerate((one, other)):
                count, lasted = flips(seen)
                changes[way] += count
                minutes[way] += lasted
            late += lags(one, other) if one.drawn else []
        jerks.append(np.array([jitter(smooth[0].boxes[:BOXES]), jitter(haar_boxes(third, smooth[0]))]))
    rate = changes / minutes
    ours, haars = np.mean(jerks, axis=0)
    return {
        "clip": name,
        "changes a minute": round(float(rate[0]), 1),
        "changes a minute without smoothing": round(float(rate[1]), 1),
        "share": round(float(rate[0] / rate[1]), 3) if rate[1] else None,
        "real changes": len(late),
        "lag in seconds, mean": round(float(np.mean(late)), 3) if late else None,
        "lag in seconds, at most": round(max(late), 3) if late else None,
        "unsteadiness of boxes, per cent of their width": round(float(ours), 2),
        "unsteadiness of Haar's": round(float(haars), 2),
    }


def thrice(clip: Callable[[], Clip]) -> tuple[Clip, Clip, Clip]:
    """Return a clip three times, once for each way."""
    return clip(), clip(), clip()


def main() -> None:
    """Compare on every clip, print the figures, write results/benchmark-steadiness.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=660, help="frames of each clip (default 660: all expressions)")
    parser.add_argument("--still", type=Path, nargs="*", default=[], metavar="PICTURE", help="pictures of faces")
    options = parser.parse_args()
    settings, frames = Settings(), options.frames
    sources = {"drawn people": [thrice(partial(drawn_people, seed, frames)) for seed in (0, 3)]}
    for path in options.still:
        sources[path.name] = [thrice(partial(shake, read_picture(path), frames))]
    rows = []
    for name, clips in sources.items():
        row = compare(name, clips, settings)
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        rows.append(row)
    write("steadiness", rows)


if __name__ == "__main__":
    main()
