"""Class-per-folder trees of pictures, with or without train and test folders above them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from errors import DataError
from faces import EXPRESSIONS, Image
from inference.preprocess import InputSpec
from training.data.dataset import NO_FACE, WHOLE, Dataset, fit_to_input, label_index, make_split

FOLDERS = {
    "train": "training",
    "training": "training",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}


def read_tree(path: Path, spec: InputSpec, labels: Sequence[str] | None) -> Dataset:
    """Read a folder of class folders, with or without train, validation and test folders above them.

    Raises:
        DataError: a folder or file cannot be used; the message has its path.
    """
    found = {split: class_files(root) for split, root in _roots(path).items()}
    if labels is not None and NO_FACE not in labels:  # a network without that output is not measured on it
        found = {
            split: [(folder, files) for folder, files in folders if folder.name != NO_FACE]
            for split, folders in found.items()
        }
    names = sorted({folder.name for folders in found.values() for folder, _ in folders})
    order = tuple(labels or _ordered(names))
    splits = {}
    for split, folders in found.items():
        if labels is None and len(folders) < len(order):
            absent = sorted(set(order) - {folder.name for folder, _ in folders})
            raise DataError(
                f"{path}: the {split} images have no folder for {', '.join(absent)}. Add it, or remove its pair"
            )
        images: list[Image] = []
        truth: list[int] = []
        for folder, files in folders:
            place = label_index(folder.name, order, folder.parent)
            images += [fit_to_input(read_picture(file, spec.channels), spec) for file in _with_progress(files, folder)]
            truth += [place] * len(files)
        splits[split] = make_split(images, truth, len(order))
    return Dataset(order, splits)


def holds_class(path: Path, name: str) -> bool:
    """Whether a tree has a folder for a class.

    Raises:
        DataError: there is no such folder, or it is no such tree.
    """
    if not path.is_dir():
        raise DataError(f"{path}: no such folder. Name one with one folder a class")
    return any((root / name).is_dir() for root in _roots(path).values())


def class_files(root: Path) -> list[tuple[Path, list[Path]]]:
    """Return each class folder with its pictures, sorted by name.

    Raises:
        DataError: there are fewer than two class folders, or one has no pictures.
    """
    folders = _folders(root)
    if len(folders) < 2:
        raise DataError(f"{root}: expected a folder for each of at least two classes, found {len(folders)}")
    return [(folder, _files(folder)) for folder in folders]


def read_picture(file: Path, channels: int) -> Image:
    """Read one picture: (height, width) grey for 1 channel, (height, width, 3) in blue, green, red order for 3.

    Raises:
        DataError: the file cannot be read as a picture; the message names it.
    """
    data = np.frombuffer(file.read_bytes(), np.uint8)
    flag = cv2.IMREAD_GRAYSCALE if channels == 1 else cv2.IMREAD_COLOR
    image = cv2.imdecode(data, flag) if len(data) else None
    if image is None:
        raise DataError(f"{file}: no picture that can be read, it may be broken. Replace or remove it")
    return np.asarray(image, np.uint8)


def _ordered(names: Sequence[str]) -> Sequence[str]:
    """Return FER-2013's order for FER-2013's names, or some of them; else the given order; `NO_FACE` comes last."""
    last = [name for name in names if name == NO_FACE]
    faces = [name for name in names if name != NO_FACE]
    return [*([name for name in EXPRESSIONS if name in faces] if set(faces) <= set(EXPRESSIONS) else faces), *last]


def _with_progress(files: list[Path], folder: Path) -> Iterator[Path]:
    yield from tqdm(files, desc=f"reading {folder.name}", unit=" images", disable=None)


def _roots(path: Path) -> dict[str, Path]:
    """Return the folder of class folders for each split."""
    folders = _folders(path)
    roots = {FOLDERS[folder.name.lower()]: folder for folder in folders if folder.name.lower() in FOLDERS}
    if not roots:
        return {WHOLE: path}
    others = sorted(folder.name for folder in folders if folder not in roots.values())
    if others:
        raise DataError(f"{path}: {', '.join(others)} beside split folders. Expected only train, validation and test")
    if "test" in roots and "validation" not in roots:
        roots["validation"] = roots.pop("test")
    return roots


def _folders(path: Path) -> list[Path]:
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _files(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise DataError(f"{folder}: no images. Add some ({', '.join(sorted(SUFFIXES))}), or remove the folder")
    return files
