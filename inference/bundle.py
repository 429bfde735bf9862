"""A weights bundle on disk: its files, the card that describes them, and their verification."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from errors import BundleError
from inference.preprocess import InputSpec

ARCHITECTURE, WEIGHTS, COMPILED, CARD = "model.json", "model.weights.h5", "model.tflite", "card.json"


def locate_bundle(folder: Path | str) -> Path:
    """The folder of a bundle; a relative one that does not exist is taken relative to the program's own folder."""
    path = Path(folder)
    own = Path(__file__).resolve().parent.parent / path
    return own if not os.path.exists(path) and os.path.isdir(own) else path  # a folder without access is kept


def read_card(folder: Path | str) -> dict[str, Any]:
    """Read and check a bundle's card.json.

    Raises:
        BundleError: there is no folder or card, or the card is unreadable or incomplete.
    """
    path = Path(folder) / CARD
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        if not path.parent.is_dir():
            raise BundleError(
                f"{path.parent}: no such folder. Name a weights bundle, such as weights/fer2013"
            ) from None
        raise BundleError(f"{path}: missing. Restore it, or train a bundle with python -m training.train") from None
    except OSError as error:
        raise BundleError(f"{path}: it cannot be read ({error.strerror}). Grant it, or name another bundle") from None
    except ValueError as error:
        raise BundleError(f"{path}: damaged, no JSON ({error}). Restore it from where the bundle came from") from error
    problem = _problem(card)
    if problem:
        raise BundleError(f"{path}: {problem}. Correct it, or restore it from where the bundle came from")
    return dict(card)


def spec_of(card: dict[str, Any]) -> InputSpec:
    """The network's input as a card describes it."""
    size, crop = card["input"], card["preprocessing"]
    return InputSpec(size["width"], size["height"], size["channels"], crop["crop_scale"], crop["crop_shift"])


def verified_path(folder: Path, name: str, card: dict[str, Any]) -> Path:
    """Verify the SHA-256 of one file of a bundle, and return its path.

    Raises:
        BundleError: the file is missing, damaged or replaced.
    """
    read_verified(folder, name, card)
    return folder / name


def read_verified(folder: Path, name: str, card: dict[str, Any]) -> bytes:
    """Read one file of a bundle and verify its SHA-256, so that the bytes are safe whatever happens to the file later.

    Raises:
        BundleError: as `verified`.
    """
    path = folder / name
    remedy = "Restore it from where the bundle came from, or train again with python -m training.train"
    if not path.is_file():
        raise BundleError(f"{path}: missing. {remedy}")
    data = path.read_bytes()
    found, expected = hashlib.sha256(data).hexdigest(), card["files"].get(name)
    if found != expected:
        raise BundleError(f"{path}: damaged or replaced, its SHA-256 is {found}, the card says {expected}. {remedy}")
    return data


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(card: Any) -> str | None:
    if not isinstance(card, dict):
        return f"expected an object, got {type(card).__name__}"
    missing = [key for key in ("name", "labels", "input", "preprocessing", "files") if key not in card]
    if missing:
        return f"lacks {', '.join(missing)}"
    labels = card["labels"]
    if not isinstance(labels, list) or len(labels) < 2 or len(set(map(str, labels))) < len(labels):
        return f"expected at least two different labels, got {labels!r}"
    threshold = card["no_face"].get("threshold") if isinstance(card.get("no_face"), dict) else 0.5
    if ("no_face" in card and not isinstance(card["no_face"], dict)) or not isinstance(threshold, float):
        return f"expected no_face to give a threshold from 0 to 1, got {card['no_face']!r}"
    if not isinstance(card["files"], dict):
        return f"expected files to give the SHA-256 of each file, got {card['files']!r}"
    try:
        spec_of(card)
    except (KeyError, TypeError, ValueError) as error:
        return f"input or preprocessing is wrong ({error!r})"
    return None
