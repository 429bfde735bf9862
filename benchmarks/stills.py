"""Are the faces of still pictures found as before, and at what cost, compared with plain Haar and a full search?

Each picture is taken by itself. Plain Haar searches all of it at scale factor 1.1, as tutorials do; the full search is
a live search and a finer one together; the program searches octave by octave, and does the finer search only if that
finds none or several faces (`media/pictures/octaves.py`). Then the network rejects false detections in all but plain
Haar. Pictures are frames of the drawn demo, whose faces are known, and of any videos given by --one (one face) and
--none.
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.finding import Clip, clips, every_frame, true_and_false
from benchmarks.tools.report import write
from camera import FaceDetector
from config.settings import Settings
from faces import Box, Frame, joined
from media.pictures.stills import STILL_WIDTH, StillReader
from model import EmotionModel

Way = Callable[[Frame], list[Box]]


def full_search(stills: StillReader, settings: Settings) -> Way:
    """Return a search of every picture by the live detector and a finer one; each finds faces that the other misses."""
    live = FaceDetector(settings.search_width, settings.min_face, settings.scale_factor, settings.neighbours)
    finer = FaceDetector(STILL_WIDTH, settings.min_face, settings.scale_factor, max(1, settings.neighbours - 1))

    def detect(frame: Frame) -> list[Box]:
        boxes = joined(live.detect(frame.image), finer.detect(frame.image))
        return [face.box for face in stills.read(frame.image, boxes)]

    return detect


def count(clip: Clip, way: Way) -> dict[str, float]:
    """Return the faces that are there and found, false ones, and milliseconds of processor time a picture."""
    there = found = false = pictures = 0
    used = 0.0
    for frame, truth in clip:
        start = time.process_time()
        boxes = way(frame)
        used += time.process_time() - start
        true, others = true_and_false(boxes, truth)
        pictures, found, false = pictures + 1, found + len(true), false + others
        there += truth if isinstance(truth, int) else len(truth)
    return {
        "pictures": pictures,
        "faces": there,
        "found": found,
        "false": false,
        "ms": round(1000 * used / pictures, 1),
    }


def every(clip: Clip, step: int) -> Iterator[tuple[Frame, Sequence[Box] | int]]:
    """Return some pictures of a clip, so far apart that they differ."""
    return islice(iter(clip), 0, None, step)


def main() -> None:
    """Compare on every clip, print a table, write results/benchmark-stills.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=480, help="frames of each drawn clip (default 480)")
    parser.add_argument("--step", type=int, default=20, help="frames from one picture to the next (default 20)")
    parser.add_argument("--one", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos with one face in view")
    parser.add_argument("--none", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos without a face")
    options = parser.parse_args()
    settings = Settings()
    stills = StillReader(EmotionModel.load(settings.weights, settings.runtime), settings)
    ways: dict[str, Way] = {
        "plain Haar": every_frame(),
        "full search": full_search(stills, settings),
        "this program": lambda frame: [face.box for face in stills.faces(frame.image)],
    }
    rows: dict[str, dict[str, Any]] = {}
    for name in [name for name, _ in clips(options.one, options.none, 0)]:
        rows[name] = {}
        for way, find in ways.items():
            clip = dict(clips(options.one, options.none, options.frames))[name]
            rows[name][way] = result = count(every(clip, options.step), find)
            print(
                f"{name}, {way}: {result['found']} of {result['faces']} faces, {result['false']} false, "
                f"{result['ms']:.1f} ms of processor time a picture",
                flush=True,
            )
    write("stills", rows)


if __name__ == "__main__":
    main()
