"""`python main.py analyze`: pictures, folders and videos in; annotated copies, JSON and CSV out."""

import argparse
import csv
import io
import itertools
import json
import os
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
from tqdm import tqdm

from annotate import annotate
from camera import FaceDetector, VideoFile
from errors import ExpressionError, ImageError, SourceError
from faces import Face, Frame, Image, joined
from model import EmotionModel
from pictures import read_picture
from pipeline import Pipeline
from searching import Search
from settings import Settings, add_options, load
from tracking import Tracker

VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".mpg", ".mpeg", ".ts", ".wmv", ".mjpeg", ".mjpg"}
STILLS = {".jpg", ".jpeg", ".png", ".webp"}
COPY_SUFFIX = "-annotated"
STILL_WIDTH = 1280
"""Pixels to which a still picture is reduced for a closer look than the live one."""
ALL_FOUND, NO_FACE, FAILED = 0, 1, 2
"""Exit statuses, after grep's: every file has a face; some file has none; some file could not be read."""


@dataclass(slots=True)
class Result:
    """What was found in one file.

    `frames` has one entry for a picture; for a video one for each of its frames. `error` says in a sentence why a file
    could not be read, or not to its end.
    """

    path: Path
    kind: str
    width: int = 0
    height: int = 0
    fps: float = 0.0
    labels: tuple[str, ...] = ()
    frames: list[tuple[int, float, tuple[Face, ...]]] = field(default_factory=list)
    error: str = ""

    @property
    def faces(self) -> int:
        """The number of faces in a picture; for a video the most that one of its frames shows."""
        return max((len(faces) for _, _, faces in self.frames), default=0)

    def line(self) -> str:
        """One line for a person."""
        if self.error:
            return self.error
        if not self.faces:
            return f"{self.path}: no face found"
        if self.kind == "video":
            with_face = sum(bool(faces) for _, _, faces in self.frames)
            return f"{self.path}: {with_face} of {len(self.frames)} frames with a face, at most {self.faces} at once"
        seen = ", ".join(f"{face.expression} {face.confidence:.0%}" for face in self.frames[0][2])
        return f"{self.path}: {self.faces} {'face' if self.faces == 1 else 'faces'}: {seen}"

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON gives it."""
        about: dict[str, Any] = {"path": str(self.path), "kind": self.kind, "width": self.width, "height": self.height}
        if self.error:
            about["error"] = self.error
        if self.kind == "video":
            frames = [{"frame": n, "seconds": round(s, 4), "faces": _dicts(faces)} for n, s, faces in self.frames]
            return {**about, "fps": self.fps, "labels": self.labels, "frames": frames}
        return {**about, "labels": self.labels, "faces": _dicts(self.frames[0][2]) if self.frames else []}


def _dicts(faces: Sequence[Face]) -> list[dict[str, Any]]:
    return [face.as_dict() for face in faces]


class Analyzer:
    """Finds and reads the faces of files, and puts annotated copies into `output` where it is given."""

    def __init__(self, model: EmotionModel, settings: Settings, output: Path | None = None) -> None:
        self._model = model
        self._settings = settings
        self._output = output

    def analyze(self, path: Path, name: Path) -> Result:
        """The faces of one file; whatever is wrong with it stands in the result's `error`.

        `name` is the annotated copy's path below the output folder.
        """
        result = Result(path, "video" if path.suffix.lower() in VIDEOS else "image", labels=self._model.labels)
        try:
            if result.kind == "video":
                self._video(result, name)
            else:
                self._picture(result, name)
        except (ImageError, SourceError) as error:
            result.error = str(error)
        return result

    def _picture(self, result: Result, name: Path) -> None:
        image = read_picture(result.path)
        result.height, result.width = image.shape[:2]
        # A still picture has time for a closer look beside the live one; each finds faces that the other misses.
        chosen = self._settings
        closer = FaceDetector(STILL_WIDTH, chosen.min_face, chosen.scale_factor, max(1, chosen.neighbours - 1))
        boxes = joined(self._detector(chosen.search_width).detect(image), closer.detect(image))
        boxes.sort(key=lambda box: box.x)
        rows = self._model.classify(image, boxes)
        probabilities = [tuple(float(p) for p in row) for row in rows]
        faces = tuple(Face(box, result.labels, row) for box, row in zip(boxes, probabilities, strict=True))
        result.frames.append((0, 0.0, faces))
        if self._output is not None:
            suffix = name.suffix.lower() if name.suffix.lower() in STILLS else ".jpg"
            good, data = cv2.imencode(suffix, annotate(image, faces, self._settings.threshold))
            if not good:
                raise ImageError(f"{result.path}: the annotated copy could not be encoded as {suffix}")
            _place(self._output / name, suffix).write_bytes(data.tobytes())

    def _video(self, result: Result, name: Path) -> None:
        detector = self._detector(self._settings.search_width)
        chosen = self._settings
        tracker = Tracker(chosen.smoothing)
        search = Search(detector, chosen.search_every)
        pipeline = Pipeline(detector, search, self._model, tracker, chosen.threshold)
        with VideoFile(result.path, looped=False) as source, ExitStack() as stack:
            result.fps = round(source.fps, 3)
            copy: VideoCopy | None = None
            for frame in _frames(source, result.path.name):
                done = pipeline.process(frame)
                result.height, result.width = done.image.shape[:2]
                result.frames.append((done.number, done.position, done.faces))
                if self._output is not None:
                    copy = copy or stack.enter_context(VideoCopy(_place(self._output / name, ".mp4"), source.fps))
                    copy.write(done.image)
            if len(result.frames) < source.frames * 0.9:  # containers often count a few frames too many
                told = f"the file promises {source.frames} frames, but only {len(result.frames)} can be read"
                result.error = f"{result.path}: {told}; it is cut off or damaged"

    def _detector(self, search_width: int) -> FaceDetector:
        chosen = self._settings
        return FaceDetector(search_width, chosen.min_face, chosen.scale_factor, chosen.neighbours)


class VideoCopy:
    """A video file being written, as MPEG-4; complete only when the `with` block ends without an error."""

    def __init__(self, path: Path, fps: float) -> None:
        self._path = path
        self._fps = fps
        self._writer: cv2.VideoWriter | None = None

    def write(self, image: Image) -> None:
        """Add a (height, width, 3) uint8 BGR picture; the first one sets the size.

        Raises:
            SourceError: the file cannot be written.
        """
        if self._writer is None:
            size = (image.shape[1], image.shape[0])
            self._writer = cv2.VideoWriter(str(self._path), cv2.VideoWriter.fourcc(*"mp4v"), self._fps, size)
            if not self._writer.isOpened():
                raise SourceError(f"{self._path}: this video cannot be written; is the folder writable?")
        self._writer.write(image)

    def __enter__(self) -> "VideoCopy":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._writer is not None:
            self._writer.release()
        if kind is not None:
            self._path.unlink(missing_ok=True)


def _frames(source: VideoFile, name: str) -> Iterator[Frame]:
    with tqdm(total=source.frames or None, desc=name, unit="frame", leave=False, disable=None) as bar:
        while (frame := source.read()) is not None:
            yield frame
            bar.update()


def _place(path: Path, suffix: str) -> Path:
    """Where to write an annotated copy: never over the original, nor over that of a file with another suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stem = path.stem if path.suffix.lower() == suffix else path.name
    return path.with_name(f"{stem}{COPY_SUFFIX}{suffix}")


def find_files(paths: Sequence[Path], output: Path | None = None) -> list[tuple[Path, Path]]:
    """Every file meant by some paths, folders searched through and sorted, each with its name below an output folder.

    Passed over in folders: hidden files, and what an earlier run wrote. Names are unlike each other.
    """
    names: dict[Path, Path] = {}
    for path in paths:
        files = _files_in(path, output) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path) if path.is_dir() else Path(path.name)
            names[_unlike(name, names)] = file
    return [(file, name) for name, file in names.items()]


def _files_in(folder: Path, output: Path | None) -> Iterator[Path]:
    written = output.resolve() if output is not None and output.resolve() != folder.resolve() else None
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        ours = file.stem.endswith(COPY_SUFFIX) or (written is not None and written in file.resolve().parents)
        if file.is_file() and not hidden and not ours:
            yield file


def _unlike(name: Path, names: Container[Path]) -> Path:
    """The name, or a numbered one where it is taken."""
    numbered = (name.with_name(f"{name.stem}-{number}{name.suffix}") for number in itertools.count(2))
    return next(candidate for candidate in itertools.chain([name], numbered) if candidate not in names)


def as_csv(results: Sequence[Result]) -> str:
    """One row a face, with a column for each label's probability."""
    labels = next((result.labels for result in results), ())
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    box = ["x", "y", "width", "height"]
    out.writerow(["path", "frame", "seconds", "track", *box, "expression", "confidence", *labels])
    for result in results:
        for number, seconds, faces in result.frames:
            for face in faces:
                place = [face.box.x, face.box.y, face.box.width, face.box.height]
                look = [face.expression, round(face.confidence, 4), *(round(p, 4) for p in face.probabilities)]
                track = "" if face.track is None else face.track
                out.writerow([result.path, number, round(seconds, 4), track, *place, *look])
    return text.getvalue()


def as_json(results: Sequence[Result]) -> str:
    """A list with an entry for each file."""
    return json.dumps([result.as_dict() for result in results], indent=2) + "\n"


def main(arguments: Sequence[str]) -> int:
    """The command line of `analyze`; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = load(vars(options), os.environ)
        files = find_files(options.paths, options.output)
        model = EmotionModel.load(settings.weights, settings.runtime)
        if options.output is not None:
            options.output.mkdir(parents=True, exist_ok=True)
        results = _analyze_all(Analyzer(model, settings, options.output), files)
        _write(options, results)
    except ExpressionError as error:
        print(f"main.py analyze: {error}", file=sys.stderr)
        return FAILED
    except OSError as error:
        print(f"main.py analyze: {error.filename}: {error.strerror}; choose another place to write to", file=sys.stderr)
        return FAILED
    if not results or any(result.error for result in results):
        return FAILED
    return ALL_FOUND if all(result.faces for result in results) else NO_FACE


def _analyze_all(analyzer: Analyzer, files: Sequence[tuple[Path, Path]]) -> list[Result]:
    results = []
    for path, name in tqdm(files, desc="analyze", unit="file", disable=None if len(files) > 1 else True):
        result = analyzer.analyze(path, name)
        tqdm.write(result.line(), file=sys.stderr)
        results.append(result)
    return results


def _write(options: argparse.Namespace, results: Sequence[Result]) -> None:
    """Put the results where they were asked for; into the output folder where nothing was said."""
    for target, make in ((options.json, as_json), (options.csv, as_csv)):
        if target == "-":
            sys.stdout.write(make(results))
        elif target is not None:
            Path(target).write_text(make(results), encoding="utf-8")
    if options.output is not None and options.json is None and options.csv is None:
        (options.output / "results.json").write_text(as_json(results), encoding="utf-8")
        (options.output / "results.csv").write_text(as_csv(results), encoding="utf-8")


def _result_file(suffix: str) -> Callable[[str], str]:
    """A check that keeps `--json picture.jpg` from writing over the picture."""

    def check(text: str) -> str:
        if text != "-" and Path(text).suffix.lower() != suffix:
            raise argparse.ArgumentTypeError(
                f"got {text!r}, expected a file that ends in {suffix}, or - for the screen"
            )
        return text

    return check


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="main.py analyze",
        description="Find the faces in pictures, folders and videos, and read their expressions.",
        epilog="Exit status: 0 every file has a face, 1 some file has none, 2 some file could not be read.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, a video or a folder of them")
    results = parser.add_mutually_exclusive_group()
    for form in ("json", "csv"):
        words = f"write the results as {form.upper()} to FILE, or to the screen where no FILE follows"
        results.add_argument(
            f"--{form}", nargs="?", const="-", type=_result_file(f".{form}"), metavar="FILE", help=words
        )
    words = "folder for annotated copies; results.json and results.csv go there too, unless --json or --csv is given"
    parser.add_argument("--output", type=Path, metavar="DIR", help=words)
    add_options(parser, groups=("faces", "model"))
    return parser
