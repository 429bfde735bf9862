"""Does the program find the faces that Haar finds in every frame, with fewer false ones?

The baseline searches every whole frame with Haar at scale factor 1.1, as tutorials do. Both see the same frames: of the
drawn demo, whose faces are known, and of any videos given by --one (one face in view) and --none (no face).
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2

from benchmarks.tools.report import write
from camera import CASCADE, VideoFile
from config.settings import Settings
from demo import Demo
from detection.choice import live_detector
from faces import Box, Frame
from live.pipeline import Pipeline
from model import EmotionModel
from tracking.searching import Search
from tracking.tracker import Tracker

SAME = 0.5
"""Intersection over union at which the program has found a face of Haar's."""
TRUE = 0.4
"""Intersection over union with a known face at which a detection is true: drawn boxes and Haar's differ a little."""

Truth = Sequence[Box] | int
"""The boxes of a frame's faces, or their largest number."""
Clip = Iterable[tuple[Frame, Truth]]


@dataclass(slots=True)
class Count:
    """Detections in one clip, summed over its frames."""

    clip: str
    frames: int = 0
    haar: int = 0
    """True faces found by Haar."""
    again: int = 0
    """Those also found by the program."""
    more: int = 0
    """Faces found by the program and not by Haar."""
    haar_false: int = 0
    false: int = 0
    haar_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def share(self) -> float | None:
        """The share of Haar's faces that the program finds; None if Haar found none."""
        return round(self.again / self.haar, 4) if self.haar else None


def every_frame() -> Callable[[Frame], list[Box]]:
    """Return Haar on each whole frame; the boxes with the highest score come first."""
    cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))

    def detect(frame: Frame) -> list[Box]:
        boxes, counts = cascade.detectMultiScale2(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), 1.1, 5)
        ranked = sorted(zip(counts, boxes, strict=True), key=lambda pair: -pair[0])
        return [Box(*(int(edge) for edge in box)) for _, box in ranked]

    return detect


def the_project(settings: Settings, model: EmotionModel) -> Callable[[Frame], list[Box]]:
    """Return this program, which tracks faces from frame to frame; all that it draws counts, fading faces too."""
    detector = live_detector(settings)
    tracker = Tracker(settings.smoothing, model.no_face_threshold)
    pipeline = Pipeline(Search(detector, settings.search_every), model, tracker)
    return lambda frame: [face.box for face in pipeline.analyze(frame).faces]


def drawn(people: int, frames: int) -> Clip:
    """Yield the drawn demo at 1280x720, with its known boxes."""
    demo = Demo(1280, 720, 30, people=people)
    for number in range(frames):
        image, faces = demo.draw(number)
        yield Frame(image, number, 0.0, number / 30), [face.box for face in faces]


def from_video(path: Path, faces: int) -> Clip:
    """Yield a video file with that many faces in view."""
    with VideoFile(path, looped=False) as source:
        while (frame := source.read()) is not None:
            yield frame, faces


def true_and_false(boxes: Sequence[Box], truth: Truth) -> tuple[list[Box], int]:
    """Return the true boxes, and the number of false ones; if only a number is known, the first ones are true."""
    if isinstance(truth, int):
        return list(boxes[:truth]), max(0, len(boxes) - truth)
    true = [box for box in boxes if any(box.overlap(face) >= TRUE for face in truth)]
    return true, len(boxes) - len(true)


def compare(name: str, clip: Clip, ours: Callable[[Frame], list[Box]]) -> Count:
    """Run both ways on every frame of a clip."""
    count, haar = Count(name), every_frame()
    for frame, truth in clip:
        start = time.perf_counter()
        theirs = haar(frame)
        between = time.perf_counter()
        found = ours(frame)
        count.seconds += time.perf_counter() - between
        count.haar_seconds += between - start
        found, false = true_and_false(found, truth)
        theirs, haar_false = true_and_false(theirs, truth)
        again = sum(any(box.overlap(other) >= SAME for other in found) for box in theirs)
        count.frames += 1
        count.haar += len(theirs)
        count.again += again
        count.more += sum(all(box.overlap(other) < TRUE for other in theirs) for box in found)
        count.false += false
        count.haar_false += haar_false
    return count


def clips(one: Sequence[Path], none: Sequence[Path], frames: int) -> Iterator[tuple[str, Clip]]:
    """Yield all clips by name."""
    for people in (1, 4):
        yield f"drawn, {people} face(s)", drawn(people, frames)
    for path in one:
        yield path.name, from_video(path, 1)
    for path in none:
        yield path.name, from_video(path, 0)


def main() -> None:
    """Compare on every clip, print a table, write results/benchmark-finding.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=240, help="frames of each drawn clip (default 240)")
    parser.add_argument("--one", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos with one face in view")
    parser.add_argument("--none", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos without a face")
    options = parser.parse_args()
    settings = Settings()
    model = EmotionModel.load(settings.weights, settings.runtime)
    rows = []
    for name, clip in clips(options.one, options.none, options.frames):
        count = compare(name, clip, the_project(settings, model))
        share = "-" if count.share is None else f"{count.share:.1%}"
        counts = f"{count.again} of Haar's {count.haar} finds ({share}), {count.more} more"
        false = f"false ones {count.false}, Haar's {count.haar_false}"
        faster = count.haar_seconds / count.seconds
        print(f"{name}: {count.frames} frames, {counts}; {false}; {faster:.0f} x as fast", flush=True)
        rows.append(
            {
                "clip": name,
                "frames": count.frames,
                "Haar's finds": count.haar,
                "found of these": count.again,
                "share": count.share,
                "found that Haar missed": count.more,
                "false": count.false,
                "Haar's false": count.haar_false,
                "times as fast": round(faster, 1),
            }
        )
    write("finding", rows)


if __name__ == "__main__":
    main()
