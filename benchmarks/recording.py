"""What does a record cost, how long does its end take after an hour, and what does a kill leave of it?

The baseline is the usual way: OpenCV's VideoWriter, and rows that are kept in memory and written as JSON at the end.
Both get the same JPEGs with three faces each. Of the hour only the rows are written, since the end of a video does not
depend on its length; the end of both is counted.
"""

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import numpy as np

from benchmarks.tools.report import write
from delivery.renditions import encode
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from demo import Demo
from faces import EXPRESSIONS, Face
from recording.closing import complete
from recording.rows import RowWriter
from recording.store import MAX_FPS, VIDEO, Records
from recording.summary import Summary
from recording.writer import Writer

SIZE = 1280, 720


class Usual:
    """The usual way: everything is written at the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._video = cv2.VideoWriter(str(folder / VIDEO), cv2.VideoWriter.fourcc(*"mp4v"), MAX_FPS, SIZE)
        self._rows: list[dict[str, Any]] = []

    def add(self, picture: Picture, seconds: float) -> None:
        """Add one frame and its row."""
        image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is not None:
            self._video.write(image)
        self.add_row(picture, seconds)

    def add_row(self, picture: Picture, seconds: float) -> None:
        """Add the row only."""
        self._rows.append({"seconds": seconds, "faces": [face.as_dict() for face in picture.faces]})

    def close(self) -> None:
        """Write what was kept."""
        self._video.release()
        (self._folder / "record.json").write_text(json.dumps(self._rows), encoding="utf-8")


def pictures(count: int) -> list[Picture]:
    """Return encoded frames of the demo, with the faces that are drawn."""
    demo, result = Demo(*SIZE, MAX_FPS), []
    probabilities = (0.94, *(0.01,) * 6)
    for number in range(count):
        image, drawn = demo.draw(number)
        faces = tuple(Face(face.box, EXPRESSIONS, probabilities, track) for track, face in enumerate(drawn))
        result.append(Picture(encode(image, 80), number, time.time(), False, faces, 0.0, SIZE))
    return result


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that `work` takes, elapsed and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processor


def playable(video: Path) -> float:
    """Return the seconds of a video that can be read."""
    try:
        with av.open(str(video)) as container:
            return max((frame.time or 0.0 for frame in container.decode(video=0)), default=0.0)
    except (av.error.FFmpegError, IndexError):
        return 0.0


def add_all(add: Callable[[Picture, float], object], frames: list[Picture]) -> None:
    """Record the frames at the rate of a record."""
    for number, frame in enumerate(frames):
        add(frame, number / MAX_FPS)


def compare(folder: Path, frames: list[Picture], minutes: float) -> dict[str, Any]:
    """Measure both ways, one after the other."""
    view, usual = ViewOptions(), Usual(folder / "usual")
    records, about = Records(folder / "ours", 3600), {"camera": "demo", "look": asdict(view), "labels": EXPRESSIONS}
    record, lock = records.begin(about)
    ours, figures = Writer(record, view), {}
    for name, add, place in (("ours", ours.add, record.folder), ("usual", usual.add, folder / "usual")):
        clock, processor = timed(partial(add_all, add, frames))
        figures[name] = {"frame_ms": 1000 * clock / len(frames), "frame_cpu_ms": 1000 * processor / len(frames)}
        shutil.copy(place / VIDEO, folder / "killed.mp4")
        figures[name]["lost_s"] = (len(frames) - 1) / MAX_FPS - playable(folder / "killed.mp4")
    video_end = timed(lambda: ours.close(len(frames) / MAX_FPS, "", lambda: True))[0]
    lock.close()
    long, lock = records.begin(about)
    rows, summary = RowWriter(long.folder, about, EXPRESSIONS), Summary(EXPRESSIONS, view.threshold)
    for number in range(round(minutes * 60 * MAX_FPS)):
        one = frames[number % len(frames)]
        rows.add((one.captured_at, number / MAX_FPS, one.faces))
        summary.add(number / MAX_FPS, one.faces)
        usual.add_row(one, number / MAX_FPS)
    rows_end = timed(lambda: complete(long, summary, "", rows, SIZE, lambda: True))[0]
    figures["ours"]["end_ms"] = 1000 * (video_end + rows_end)
    figures["usual"]["end_ms"] = 1000 * timed(usual.close)[0]
    lock.close()
    return figures


def main() -> None:
    """Compare, print, write results/benchmark-recording.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=300, help="that are encoded (default %(default)s)")
    parser.add_argument("--minutes", type=float, default=60.0, help="length of the record (default %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = compare(Path(folder), pictures(options.frames), options.minutes)
    for name, row in figures.items():
        print(
            f"{name:6s} a frame {row['frame_ms']:6.2f} ms ({row['frame_cpu_ms']:6.2f} ms of the processor), "
            f"the end after {options.minutes:g} min {row['end_ms']:8.1f} ms, a kill loses {row['lost_s']:6.2f} s"
        )
    write("recording", figures)


if __name__ == "__main__":
    main()
