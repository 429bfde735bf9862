"""Measure a weights bundle on labelled faces."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from errors import ExpressionError
from model import RUNTIMES, EmotionModel
from training.data import read
from training.metrics import Report, report
from training.records import WHOLE, Dataset, Split, duplicates

CHUNK = 1024
"""Images turned into floating point at a time, so that large sets fit into memory."""


def measure(model: EmotionModel, split: Split) -> Report:
    """What the model says of images that are already at its size."""
    starts = range(0, len(split), CHUNK)
    given = [model.probabilities(split.images[start : start + CHUNK].astype(np.float32)) for start in starts]
    return report(split.truth, np.concatenate(given), model.labels)


def reports(model: EmotionModel, dataset: Dataset, name: str) -> dict[str, Report]:
    """The report on one split, and on what is left of it without exact duplicates of training images."""
    split = dataset.part(name)
    found = {name: measure(model, split)}
    if name in ("validation", "test") and "training" in dataset.splits:
        repeated = duplicates(split, dataset.splits["training"])
        if repeated.any() and not repeated.all():
            found[f"{name}_without_duplicates"] = measure(model, split.take(~repeated))
    return found


def preferred(dataset: Dataset) -> str:
    """The split to judge by when none is named: validation, else test, else all."""
    return next(name for name in ("validation", "test", WHOLE, *dataset.splits) if name in dataset.splits)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when done, 2 with one line on stderr when something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        _evaluate(options)
    except ExpressionError as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    return 0


def _evaluate(options: argparse.Namespace) -> None:
    model = EmotionModel.load(options.weights, options.runtime)
    dataset = read(options.data, model.spec, model.labels)
    name = options.split or preferred(dataset)
    found = reports(model, dataset, name)
    print(f"{model.name} ({model.runtime}) on {options.data.name}, {name}\n\n{found[name].as_text()}")
    for other, told in found.items():
        if other != name:
            print(f"\n{other.replace('_', ' ')}: " + ", ".join(f"{k} {v}" for k, v in told.summary().items()))
    if options.json:
        about: dict[str, Any] = {"model": model.name, "runtime": model.runtime, "data": options.data.name}
        content = {**about, "splits": {key: told.as_dict() for key, told in found.items()}}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.evaluate", description=__doc__)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        help="fer2013.csv, or a folder with one folder a class (also below train, validation and test folders); faces "
        "of any size, grey or colour, cut out as the bundle's training faces were",
    )
    add("--weights", type=Path, default=Path("weights/fer2013"), help="the bundle (default: %(default)s)")
    add("--runtime", choices=RUNTIMES, default="auto", help="default: %(default)s, LiteRT where its file matches")
    add("--split", help="training, validation, test or all (default: validation, else test, else all)")
    add("--json", type=Path, metavar="FILE", help="write the report to this file, too")
    return parser


if __name__ == "__main__":
    sys.exit(main())
