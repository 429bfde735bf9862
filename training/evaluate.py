"""Measure one or several weights bundles on labelled faces."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from errors import DataError, ExpressionError
from model import RUNTIMES, EmotionModel
from training.arguments import share
from training.data.dataset import Dataset, divide
from training.data.reading import read
from training.data.votes import read_votes, with_majority_truth
from training.evaluation.comparison import as_html, as_text, table, write_plots
from training.evaluation.measurement import Measurement, corruption_reports, default_split, reports, tta_reports

DEFAULT = Path("weights/ferplus")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        _evaluate(options)
    except (ExpressionError, OSError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 2
    return 0


def _evaluate(options: argparse.Namespace) -> None:
    models = [EmotionModel.load(folder, options.runtime) for folder in options.weights or [DEFAULT]]
    names = _names(models, options.weights or [DEFAULT])
    measurements = []
    for measurement in _measure_all(models, names, options):
        print(f"{as_text(measurement)}\n")
        measurements.append(measurement)
    if len(measurements) > 1:
        print(table(measurements))
    _write(measurements, options)


def _names(models: Sequence[EmotionModel], folders: Sequence[Path]) -> list[str]:
    """Return the bundles' names, with the folder if two have the same."""
    count = Counter(model.name for model in models)
    return [
        model.name if count[model.name] == 1 else f"{folder.parent.name}-{folder.name}"
        for model, folder in zip(models, folders, strict=True)
    ]


def _measure_all(
    models: Sequence[EmotionModel], names: Sequence[str], options: argparse.Namespace
) -> Iterator[Measurement]:
    datasets: dict[Any, Dataset] = {}  # reading large data takes longer than measuring on it
    for model, name in zip(models, names, strict=True):
        key = (model.spec.shape, model.labels)
        if key not in datasets:
            datasets[key] = _with_truth(options, read(options.data, model.spec, model.labels))
        dataset = datasets[key]
        split = options.split or default_split(dataset)
        yield Measurement(
            name,
            model.runtime,
            options.data.name,
            split,
            reports(model, dataset, split),
            tta_reports(model, dataset.part(split)) if options.tta else {},
            corruption_reports(model, dataset.part(split)) if options.corrupt else {},
        )


def _with_truth(options: argparse.Namespace, dataset: Dataset) -> Dataset:
    if options.votes and options.data.is_dir():
        raise DataError("--votes goes with a fer2013.csv, whose order it follows, not with a folder")
    if options.votes:
        return with_majority_truth(dataset, read_votes(options.votes, dataset))
    return divide(dataset, options.validation_split, options.seed) if options.validation_split else dataset


def _write(measurements: Sequence[Measurement], options: argparse.Namespace) -> None:
    if options.json:
        content = [measurement.as_dict() for measurement in measurements]
        whole = content[0] if len(content) == 1 else {"data": options.data.name, "bundles": content}
        _write_text(options.json, json.dumps(whole, indent=2) + "\n")
    if options.png:
        write_plots(measurements, options.png)
    if options.html:
        _write_text(options.html, as_html(measurements))


def _write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


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
    add(
        "--weights",
        type=Path,
        action="append",
        metavar="DIR",
        help=f"the bundle (default: {DEFAULT}); repeat it to see several side by side",
    )
    add("--votes", type=Path, help="fer2013new.csv: judge by what most of the FER+ votes say; images whose majority is "
        "none of the labels, or a tie, are left out")  # fmt: skip
    add("--runtime", choices=RUNTIMES, default="auto", help="default: %(default)s, LiteRT where its file matches")
    add("--split", help="training, validation, test or all (default: validation, else test, else all)")
    add("--validation-split", type=share, help="judge on the share of the images that training set aside with the same "
        "value, where the data itself is not divided")  # fmt: skip
    add("--seed", type=int, default=1, help="that of the training, with --validation-split (default: %(default)s)")
    add("--tta", action="store_true", help="also average over the mirror image, and over ten crops, of each face")
    add("--corrupt", action="store_true", help="also measure on spoilt images: blur, noise, light, size, moved crops")
    add("--json", type=Path, metavar="FILE", help="write everything to this file, too")
    add(
        "--png",
        type=Path,
        metavar="DIR",
        help="write the confusion matrix and the reliability diagram into this folder",
    )
    add("--html", type=Path, metavar="FILE", help="write one page with all figures and plots to this file")
    return parser


if __name__ == "__main__":
    sys.exit(main())
