"""Reads FER-2013 from its usual file, fer2013.csv."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from errors import DataError
from faces import EXPRESSIONS, Image
from inference.preprocess import InputSpec
from training.data.dataset import WHOLE, Dataset, fit_to_input, label_index, make_split

USAGES = {"Training": "training", "PublicTest": "validation", "PrivateTest": "test"}


def read_csv(path: Path, spec: InputSpec, labels: Sequence[str] | None) -> Dataset:
    """Read a CSV file with the columns emotion (0 to 6), pixels (a square of grey values) and optionally Usage.

    Raises:
        DataError: a line cannot be used; the message has its number.
    """
    order = tuple(labels or EXPRESSIONS)
    indices = {str(number): label_index(name, order, path) for number, name in enumerate(EXPRESSIONS)}
    found: dict[str, tuple[list[Image], list[int]]] = {}
    side: int | None = None
    for line, row in tqdm(_images(path), desc="reading", unit=" images", disable=None):
        where = f"{path}, line {line}"
        if row["emotion"] not in indices:
            raise DataError(f"{where}: unknown label {row['emotion']!r}. Expected 0 to {len(EXPRESSIONS) - 1}")
        usage = USAGES.get(row["usage"], WHOLE if row["usage"] == "" else None)
        if usage is None:
            raise DataError(f"{where}: unknown usage {row['usage']!r}. Expected one of {', '.join(USAGES)}")
        image = _pixels(row["pixels"], where, side)
        side = len(image)
        images, truth = found.setdefault(usage, ([], []))
        images.append(fit_to_input(image, spec))
        truth.append(indices[row["emotion"]])
    if not found:
        raise DataError(f"{path}: no images. Expected a line emotion,pixels,Usage and one line an image")
    return Dataset(
        order, {name: make_split(*found[name], len(order)) for name in (*USAGES.values(), WHOLE) if name in found}
    )


def _images(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for line, row in rows(path, {"emotion", "pixels"}):
        yield line, {"usage": "", **row}


def rows(path: Path, columns: set[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a CSV file, by column, with its line number.

    Copies of FER-2013 differ in the case, order and spaces of their columns.

    Raises:
        DataError: there is no such file or column, or a row has another length.
    """
    csv.field_size_limit(1 << 24)
    if not path.is_file():
        raise DataError(f"{path}: no such file. Name a CSV file with the columns {', '.join(sorted(columns))}")
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = csv.reader(file)
        names = [name.strip().lower() for name in next(lines, [])]
        missing = columns - set(names)
        if missing:
            raise DataError(
                f"{path}, line 1: no column {', '.join(sorted(missing))}. Found {', '.join(names) or 'none'}"
            )
        for values in lines:
            if len(values) != len(names):
                raise DataError(f"{path}, line {lines.line_num}: expected {len(names)} values, got {len(values)}")
            yield lines.line_num, dict(zip(names, map(str.strip, values), strict=True))


def _pixels(text: str, where: str, side: int | None) -> Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns about text that is no number
            values = np.fromstring(text, np.int64, sep=" ")
    except (ValueError, DeprecationWarning):
        raise DataError(f"{where}: pixels that are no numbers. Expected grey values from 0 to 255") from None
    expected = side or int(np.sqrt(len(values)))
    if len(values) == 0 or len(values) != expected**2:
        raise DataError(
            f"{where}: {len(values)} pixels. Expected a square image" + (f" of {side}x{side}" if side else "")
        )
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel of {values.min()} to {values.max()}. Expected grey values from 0 to 255")
    return values.astype(np.uint8).reshape(expected, expected)
