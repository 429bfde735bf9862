"""Curves of a training run as PNG, and logs for TensorBoard."""

import argparse
import importlib.util
from pathlib import Path

import keras

from errors import DataError
from training.evaluation.plots import curves
from training.loop.run import Run

CURVES, TENSORBOARD = "curves.png", "tensorboard"


def run_folder(options: argparse.Namespace) -> Path:
    """Return the folder of the run's checkpoints, history, curves and logs; by default runs/ and the bundle's name."""
    return Path(options.run_folder or Path("runs") / options.output.name)


def write_curves(run: Run, title: str) -> None:
    """Plot the run's history so far into curves.png beside it; nothing if no epoch was finished."""
    history = run.history()
    if history:
        (run.folder / CURVES).write_bytes(curves(history, title))


def logging_callbacks(options: argparse.Namespace) -> list[keras.callbacks.Callback]:
    """Return the TensorBoard callback, if asked for.

    Raises:
        DataError: TensorBoard is not installed.
    """
    if not options.tensorboard:
        return []
    if importlib.util.find_spec("tensorboard") is None:
        raise DataError("--tensorboard: TensorBoard is not installed. Install it: pip install tensorboard==2.21.0")
    return [keras.callbacks.TensorBoard(run_folder(options) / TENSORBOARD, write_graph=False)]
