"""Crop training pictures as the server would: faces from labelled pictures, and non-faces from pictures without faces.

With --pictures: the face around the middle of each picture of a class-per-folder tree, found by the server's detector,
upright, in a tree of the same folders; with --beside also crops beside the faces of the training pictures, as class
no_face. With --faceless or --drawn: false detections, as class no_face. For --split train a loose search in several
versions of each picture finds as many as it can; for --split test they are the mistakes of the server's own detector,
in pictures that are handed in and in frames as a camera gives them.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from errors import DataError, ExpressionError
from faces import Detection, Image
from inference.preprocess import InputSpec, crop_faces
from training.arguments import DETECTORS, count, positive
from training.data.central_face import central_face, picture_detector
from training.data.dataset import NO_FACE
from training.data.finding import ServerSearch
from training.data.negatives import (
    boxes_beside,
    files_of,
    loose_detections,
    pictures_in,
    server_finds,
    tilted,
    versions_of,
)
from training.data.synthetic import draw_picture
from training.data.trees import FOLDERS, class_files, read_picture


def crop_square(image: Image, face: Detection, scale: float, largest: int) -> Image:
    """Return the square around a box, cropped as when serving, upright, at its own size or at most `largest` pixels.

    Args:
        image: (height, width, 3) uint8 BGR, or (height, width) grey.
        face: in pixels of `image`.
        scale: the crop's side relative to the box.
        largest: most pixels of the result's side.

    Returns:
        (side, side, 3) uint8 BGR; (side, side) if the picture is grey, or all its channels are equal.
    """
    side = min(max(round(scale * max(face.box.width, face.box.height)), 1), largest)
    spec = InputSpec(side, side, 1 if image.ndim == 2 else 3, scale)
    crop = crop_faces(image, [face.box], spec, [face.angle])[0]
    crop = crop.round().astype(np.uint8)
    if (crop == crop[:, :, :1]).all():
        return np.asarray(crop[:, :, 0], np.uint8)
    return np.ascontiguousarray(crop[:, :, ::-1])


def write_face_crops(
    tree: Path,
    output: Path,
    scale: float,
    largest: int,
    beside: float = 0.0,
    detector: str = "auto",
    tilt: float = 0.0,
) -> dict[str, int]:
    """Crop the face around the middle of each picture of a tree, into a tree of the same folders and names.

    Args:
        tree: class folders, or train, validation and test folders of class folders.
        output: the new tree.
        scale, largest: as for `crop_square`.
        beside: how many crops beside each face of the training pictures become non-faces, on average.
        detector: auto, blazeface or haar.
        tilt: degrees clockwise by which the pictures are turned first.

    Returns:
        The numbers of "faces", of pictures "without" a face in their middle, and of crops "beside" faces.

    Raises:
        DataError: a folder or picture cannot be used.
        DetectorError: BlazeFace is asked for by name, and cannot run.
    """
    search, rng = picture_detector(detector), np.random.default_rng(0)
    counts = {"faces": 0, "without": 0, "beside": 0}
    for root, folder, file in _pictures(tree):
        image, place = read_picture(file, 3), output / root.relative_to(tree)
        image = tilted(image, tilt) if tilt else image
        face = central_face(search, image)
        counts["without" if face is None else "faces"] += 1
        if face is None:
            continue
        name = file.relative_to(folder).with_suffix(".png")
        _write(place / folder.name / name, crop_square(image, face, scale, largest))
        if FOLDERS.get(root.name.lower(), "training") == "training":
            for number, box in enumerate(boxes_beside(image, face.box, int(beside + rng.random()), rng)):
                crop = crop_square(image, Detection(box), 1.0, largest)
                _write(place / NO_FACE / f"beside-{name.stem}-{number}.png", crop)
                counts["beside"] += 1
    return counts


def write_negatives(
    pictures: Iterable[tuple[str, Iterable[Image]]],
    folder: Path,
    scale: float,
    largest: int,
    most: int,
    detector: str = "auto",
) -> int:
    """Crop the detections of a loose search in pictures without faces.

    Args:
        pictures: for each a name, and its versions to search.
        folder: of the class no_face.
        scale, largest: as for `crop_square`.
        most: how many detections of a picture are taken, at random.
        detector: auto, blazeface or haar.

    Returns:
        The number of crops.
    """
    rng, written = np.random.default_rng(0), 0
    for name, versions in pictures:
        detections = list(loose_detections(versions, detector))
        for number in rng.permutation(len(detections))[:most]:
            version, found = detections[number]
            _write(folder / f"{name}-{number:04}.png", crop_square(version, found, scale, largest))
            written += 1
    return written


def write_false_detections(
    files: Sequence[Path], folder: Path, scale: float, largest: int, detector: str = "auto"
) -> tuple[int, int]:
    """Crop the false detections of the server's detector in pictures and videos without faces.

    Args:
        files: pictures and videos.
        folder, scale, largest, detector: as for `write_negatives`.

    Returns:
        The numbers of pictures and frames, and of false detections in them.

    Raises:
        ImageError, SourceError: a file cannot be read.
    """
    search, frames, written = ServerSearch(detector), 0, 0
    for place, file in enumerate(tqdm(files, unit=" files", disable=None)):
        for image, finds in server_finds(file, search):
            frames += 1
            for found in finds:
                _write(folder / f"{place:04}-{file.stem}-{written:05}.png", crop_square(image, found, scale, largest))
                written += 1
    return frames, written


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        if options.pictures:
            _crop_faces(options)
        if options.faceless or options.drawn:
            _crop_negatives(options)
    except (ExpressionError, OSError) as error:
        print(f"crops: {error}", file=sys.stderr)
        return 2
    return 0


def _crop_faces(options: argparse.Namespace) -> None:
    if options.output.resolve() == options.pictures.resolve():
        raise DataError(f"{options.output}: the pictures themselves are there. Name another folder for the crops")
    scale, size = options.crop_scale, options.size
    counts = write_face_crops(
        options.pictures, options.output, scale, size, options.beside, options.detector, options.tilt
    )
    print(
        f"{counts['faces']} faces cut out; no face in the middle of {counts['without']} pictures; "
        f"{counts['beside']} crops beside faces"
    )


def _crop_negatives(options: argparse.Namespace) -> None:
    folder = options.output / options.split / NO_FACE
    files = [file for path in options.faceless for file in files_of(path)]
    if options.split == "test":
        frames, found = write_false_detections(files, folder, options.crop_scale, options.size, options.detector)
        print(f"{found} false finds in {frames} pictures and frames")
        return
    named = _named(files, options.drawn)
    found = write_negatives(named, folder, options.crop_scale, options.size, options.most, options.detector)
    print(f"{found} non-faces from {len(files)} files and {options.drawn} drawn pictures")


def _pictures(tree: Path) -> Iterator[tuple[Path, Path, Path]]:
    """Yield each picture of a tree, after the folders of its split and its class."""
    if not tree.is_dir():
        raise DataError(f"{tree}: no such folder. Name one with one folder a class")
    roots = [folder for folder in sorted(tree.iterdir()) if folder.is_dir() and folder.name.lower() in FOLDERS]
    for root in roots or [tree]:
        for folder, files in class_files(root):
            for file in tqdm(files, desc=f"{root.name}/{folder.name}", unit=" pictures", disable=None):
                yield root, folder, file


def _named(files: Sequence[Path], drawn: int) -> Iterator[tuple[str, Iterable[Image]]]:
    """Yield pictures without faces, of files in several versions and then drawn ones, with names for crops."""
    rng = np.random.default_rng(0)
    with tqdm(total=len(files) + drawn, unit=" files", disable=None) as bar:
        for place, file in enumerate(files):
            for number, image in enumerate(pictures_in(file)):
                yield f"{place:04}-{file.stem}-{number}", versions_of(image, rng)
            bar.update()
        for number in range(drawn):
            yield f"drawn-{number:04}", [draw_picture(number)]
            bar.update()


def _write(file: Path, image: Image) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(cv2.imencode(".png", image)[1].tobytes())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.crops", description=__doc__)
    add = parser.add_argument
    add("--pictures", type=Path, help="class-per-folder tree of pictures with room around the faces")
    add("--beside", type=float, default=0.0, metavar="SHARE", help="crops beside each face of the training pictures, "
        "on average (default: none)")  # fmt: skip
    add("--tilt", type=float, default=0.0, metavar="DEGREES", help="turn the pictures clockwise first, to measure what "
        "tilted faces cost (default: not)")  # fmt: skip
    add("--faceless", type=Path, action="append", default=[], metavar="DIR", help="pictures and videos without any "
        "face; repeat it for several folders")  # fmt: skip
    add("--drawn", type=int, default=0, metavar="N", help="search N drawn pictures as well: shapes, "
        "surfaces and signs; for --split train")  # fmt: skip
    add("--split", choices=("train", "test"), default="train", help="of the non-faces (default: %(default)s)")
    add("--most", type=count, default=150, help="non-faces from one picture, for --split train (default: %(default)s)")
    add("--detector", choices=DETECTORS, default="auto", help="what finds the faces, as for the server (default: "
        "%(default)s)")  # fmt: skip
    add("--output", type=Path, required=True, metavar="TREE", help="the tree to write into")
    add("--crop-scale", type=positive, default=1.15, help="side of the crop relative to the detector's box, as the "
        "bundle will have it (default: %(default)s)")  # fmt: skip
    add("--size", type=count, default=128, help="most pixels of a crop's side (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
