"""A training run on disk: its settings, checkpoints and history, so that it can be resumed."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from errors import DataError

Weights = list[NDArray[Any]]
SETTINGS, CHECKPOINT, BEST, HISTORY = "run.json", "checkpoint.npz", "best.npz", "history.csv"


@dataclass(slots=True)
class State:
    """The state of a run: epochs and steps done, the best validation accuracy, and all weights.

    `model` and `optimizer` are those in training; `average` is the moving average that becomes the bundle.
    """

    epoch: int = 0
    steps: int = 0
    best: float = -1.0
    average: Weights | None = None
    model: Weights | None = None
    optimizer: Weights | None = None


class Run:
    """The folder of one training run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, settings: Mapping[str, Any], resume: bool, defaults: Mapping[str, Any] | None = None) -> None:
        """Write the settings of a new run, or check that they are those of the run to resume.

        Args:
            settings: by name.
            resume: whether to resume a run.
            defaults: settings of runs that began before a setting existed.

        Raises:
            DataError: there is a run that is not to be resumed, or none to resume, or it had other settings.
        """
        path = self.folder / SETTINGS
        if not resume:
            if path.exists():
                raise DataError(f"{self.folder}: holds a run. Go on with it: --resume; or name another --run-folder")
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
            return
        if not path.exists():
            raise DataError(f"{path}: missing, so there is nothing to resume. Start without --resume")
        before = {**(defaults or {}), **json.loads(path.read_text(encoding="utf-8"))}
        changed = [name for name in {**before, **settings} if before.get(name) != settings.get(name)]
        if changed:
            changes = ", ".join(f"{name} was {before.get(name)!r}, is {settings.get(name)!r}" for name in changed)
            raise DataError(f"{self.folder}: the run had other settings: {changes}. Resume with the same")

    def load(self) -> State:
        """Return the last checkpoint; an empty state if there is none yet."""
        path = self.folder / CHECKPOINT
        if not path.exists():
            return State()
        with np.load(path) as file:
            lists = {kind: _unflatten(file, kind) for kind in ("average", "model", "optimizer")}
            return State(int(file["epoch"]), int(file["steps"]), float(file["best"]), **lists)

    def save(self, state: State) -> None:
        """Write a checkpoint atomically."""
        numbers = {"epoch": state.epoch, "steps": state.steps, "best": state.best}
        lists = {"average": state.average, "model": state.model, "optimizer": state.optimizer}
        arrays = {key: a for kind, weights in lists.items() for key, a in _flatten(kind, weights or []).items()}
        self._write(CHECKPOINT, {**numbers, **arrays})

    def save_best(self, average: Weights) -> None:
        """Save the averaged weights of the best epoch."""
        self._write(BEST, _flatten("average", average))

    def best_weights(self) -> Weights:
        """Return the averaged weights of the best epoch.

        Raises:
            DataError: no epoch was finished.
        """
        path = self.folder / BEST
        if not path.exists():
            raise DataError(f"{path}: missing, no epoch was finished. Train for at least one")
        with np.load(path) as file:
            return _unflatten(file, "average")

    def log_epoch(self, epoch: int, figures: Mapping[str, float]) -> None:
        """Append the figures of an epoch to history.csv; their names must stay the same during a run."""
        path, names = self.folder / HISTORY, sorted(figures)
        new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            if new:
                rows.writerow(["epoch", *names])
            rows.writerow([epoch, *(round(float(figures[name]), 6) for name in names)])

    def history(self) -> list[dict[str, float]]:
        """Return the figures of every epoch so far."""
        path = self.folder / HISTORY
        if not path.exists():
            return []
        with path.open(newline="", encoding="utf-8") as file:
            return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]

    def _write(self, name: str, arrays: Mapping[str, Any]) -> None:
        part = self.folder / f"part.{name}"
        np.savez(part, **arrays)
        part.replace(self.folder / name)


def _flatten(kind: str, weights: Weights) -> dict[str, NDArray[Any]]:
    return {f"{kind}{index:04}": array for index, array in enumerate(weights)}


def _unflatten(file: Any, kind: str) -> Weights:
    return [file[key] for key in sorted(file.files) if key.startswith(kind)]
