"""`python main.py analyze` reads pictures, folders and videos, and writes annotated copies, JSON and CSV."""

import argparse
import itertools
import os
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from tqdm import tqdm

from config.loader import add_options, load, parse_options
from config.settings import Settings
from drawing.annotate import annotate
from errors import ExpressionError, ImageError, SourceError
from media.pictures.encoding import encode_picture
from media.pictures.stills import StillReader
from media.results.results import FileResult, as_csv, as_json
from media.sandbox.decoding import read_picture
from media.videos.files import VideoCopy, VideoReader
from media.videos.frames import analyse_frames, describe_truncation
from model import EmotionModel

VIDEOS = {".mp4", ".mov", ".m4v", ".webm", ".avi", ".mkv", ".mpg", ".mpeg", ".ts", ".wmv", ".mjpeg", ".mjpg"}
STILLS = {".jpg", ".jpeg", ".png", ".webp"}
COPY_SUFFIX = "-annotated"
ALL_FOUND, NO_FACE, FAILED = 0, 1, 2
"""Exit statuses, modelled on grep: every file has a face; some file has none; some file could not be read."""


class Analyzer:
    """Finds faces in files, reads their expressions and writes annotated copies below `output` if it is given."""

    def __init__(self, model: EmotionModel, settings: Settings, output: Path | None = None) -> None:
        self._model = model
        self._settings = settings
        self._output = output
        self._stills = StillReader(model, settings)

    def analyze(self, path: Path, name: Path) -> FileResult:
        """Return the faces of one file; errors with the file are in the result's `error`.

        `name` is the annotated copy's path below the output folder.
        """
        kind = "video" if path.suffix.lower() in VIDEOS else "image"
        result = FileResult(str(path), kind, labels=self._model.labels)
        try:
            if kind == "video":
                self._video(result, path, name)
            else:
                self._picture(result, path, name)
        except (ImageError, SourceError) as error:
            result.error = str(error)
        return result

    def _picture(self, result: FileResult, path: Path, name: Path) -> None:
        image = read_picture(path)
        result.height, result.width = image.shape[:2]
        faces = self._stills.faces(image)
        result.frames.append((0, 0.0, faces))
        if self._output is not None:
            suffix = name.suffix.lower() if name.suffix.lower() in STILLS else ".jpg"
            data = encode_picture(
                annotate(image, faces, self._settings.threshold, self._settings.draw == "bars"), suffix
            )
            _place(self._output / name, suffix).write_bytes(data)

    def _video(self, result: FileResult, path: Path, name: Path) -> None:
        with VideoReader(path) as reader, ExitStack() as stack:
            result.fps = reader.fps
            copy = None
            if self._output is not None:
                copy = stack.enter_context(VideoCopy(_place(self._output / name, ".mp4"), reader.fps, reader))
            with tqdm(total=reader.frame_count or None, desc=path.name, unit="frame", leave=False, disable=None) as bar:
                for frame in analyse_frames(reader, self._model, self._settings, copy):
                    result.height, result.width = frame.image.shape[:2]
                    result.frames.append((frame.number, frame.position, frame.faces))
                    bar.update()
            result.error = describe_truncation(reader, len(result.frames), result.frames[-1][1])


def _place(path: Path, suffix: str) -> Path:
    """Return the path of an annotated copy: never the original's, nor that of a file with another suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stem = path.stem if path.suffix.lower() == suffix else path.name
    return path.with_name(f"{stem}{COPY_SUFFIX}{suffix}")


def find_files(paths: Sequence[Path], output: Path | None = None) -> list[tuple[Path, Path]]:
    """Return every file that the paths name, each with its name below an output folder.

    Folders are searched recursively and sorted; hidden files and the output of an earlier run are skipped. Names
    are unique.
    """
    names: dict[Path, Path] = {}
    for path in paths:
        files = _files_in(path, output) if path.is_dir() else [path]
        for file in files:
            name = file.relative_to(path) if path.is_dir() else Path(path.name)
            names[_unique(name, names)] = file
    return [(file, name) for name, file in names.items()]


def _files_in(folder: Path, output: Path | None) -> Iterator[Path]:
    written = output.resolve() if output is not None and output.resolve() != folder.resolve() else None
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
        ours = file.stem.endswith(COPY_SUFFIX) or (written is not None and written in file.resolve().parents)
        if file.is_file() and not hidden and not ours:
            yield file


def _unique(name: Path, names: Container[Path]) -> Path:
    """Return the name, or a numbered one if it is taken."""
    numbered = (name.with_name(f"{name.stem}-{number}{name.suffix}") for number in itertools.count(2))
    return next(candidate for candidate in itertools.chain([name], numbered) if candidate not in names)


def main(arguments: Sequence[str]) -> int:
    """Run the command line of `analyze`; returns the exit status."""
    options = parse_options(_parser(), arguments)
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


def _analyze_all(analyzer: Analyzer, files: Sequence[tuple[Path, Path]]) -> list[FileResult]:
    results = []
    for path, name in tqdm(files, desc="analyze", unit="file", disable=None if len(files) > 1 else True):
        result = analyzer.analyze(path, name)
        tqdm.write(result.line(), file=sys.stderr)
        results.append(result)
    return results


def _write(options: argparse.Namespace, results: Sequence[FileResult]) -> None:
    """Write the results where the options say; by default into the output folder."""
    for target, make in ((options.json, as_json), (options.csv, as_csv)):
        if target == "-":
            sys.stdout.write(make(results))
        elif target is not None:
            Path(target).write_text(make(results), encoding="utf-8")
    if options.output is not None and options.json is None and options.csv is None:
        (options.output / "results.json").write_text(as_json(results), encoding="utf-8")
        (options.output / "results.csv").write_text(as_csv(results), encoding="utf-8")


def _result_file(suffix: str) -> Callable[[str], str]:
    """Return a check that keeps `--json picture.jpg` from overwriting the picture."""

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
        allow_abbrev=False,
        description="Find the faces in pictures, folders and videos, and read their expressions.",
        epilog="Exit status: 0 every file has a face, 1 some file has none, 2 some file could not be read.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a picture, a video or a folder of them")
    results = parser.add_mutually_exclusive_group()
    for form in ("json", "csv"):
        text = f"write the results as {form.upper()} to FILE, or to the screen if no FILE follows"
        results.add_argument(
            f"--{form}", nargs="?", const="-", type=_result_file(f".{form}"), metavar="FILE", help=text
        )
    text = "folder for annotated copies; results.json and results.csv go there too, unless --json or --csv is given"
    parser.add_argument("--output", type=Path, metavar="DIR", help=text)
    add_options(parser, groups=("faces", "model"))
    return parser
