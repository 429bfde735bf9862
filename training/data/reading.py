"""Reads training data in any of the supported public formats."""

from collections.abc import Sequence
from pathlib import Path

from errors import DataError
from inference.preprocess import InputSpec
from training.data.dataset import Dataset
from training.data.fer2013 import read_csv
from training.data.trees import read_tree


def read(path: Path, spec: InputSpec, labels: Sequence[str] | None = None) -> Dataset:
    """Read a CSV file in FER-2013's format or a class-per-folder tree, at the network's size and colours.

    Args:
        path: fer2013.csv (emotion,pixels,Usage), or a folder of class folders, with or without train and test folders
            above them. A test folder without a validation folder is the validation split.
        spec: size and channels of the images.
        labels: the labels and their order, such as a bundle's; None takes them from the data: FER-2013's own order if
            the names are FER-2013's, else sorted by name.

    Raises:
        DataError: something cannot be used; the message says where.
    """
    if path.is_dir():
        return read_tree(path, spec, labels)
    if path.is_file():
        return read_csv(path, spec, labels)
    raise DataError(f"{path}: no such file or folder. Name a fer2013.csv or a folder with one folder a class")
