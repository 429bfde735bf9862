"""Types of command line values in training."""

import argparse
from pathlib import Path


def share(text: str) -> float:
    """A number from 0 to 1, for argparse."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 1, got {text}")
    return value


def count(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return value


def positive(text: str) -> float:
    """A number above 0, for argparse."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


DETECTORS = ("auto", "blazeface", "haar")
"""What may find faces, as for the server's setting `detector`."""


def pretrained(text: str) -> str | Path:
    """Accept imagenet, none, or the path of a file, for argparse."""
    return text if text in ("imagenet", "none") else Path(text)
