"""Fit a bundle's temperature on validation images and fold it into its weights, so that its confidence can be believed.

Predicted labels stay the same; only their probabilities change. A bundle whose expected calibration error would not
fall is left unchanged.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import ExpressionError
from inference.bundle import ARCHITECTURE, WEIGHTS, read_card, spec_of, verified_path
from inference.runtimes import load_keras_network
from training.arguments import share
from training.compilation.bundle_files import write_card, write_network
from training.compilation.precisions import PRECISIONS
from training.data.dataset import Dataset, divide
from training.data.reading import read
from training.data.votes import read_votes, with_majority_truth
from training.evaluation.metrics import Report, report
from training.evaluation.temperature import (
    cross_validated_probabilities,
    fit_temperature,
    fold,
    logits_of,
    scaled_softmax,
)
from training.export import export


@dataclass(frozen=True, slots=True)
class Fit:
    """The temperature that fits a bundle's validation images best, and the Keras network's reports on them.

    `before` is the bundle unchanged. `after` is cross-validated: each half of the images with the temperature of the
    other. `fitted` uses the temperature fitted on all of them, so it flatters a little.
    """

    temperature: float
    before: Report
    after: Report
    fitted: Report

    @property
    def better(self) -> bool:
        """Whether the expected calibration error falls; the fit's aim, the least log-loss, need not imply it."""
        return self.after.reliability.calibration_error < self.before.reliability.calibration_error

    def as_dict(self) -> dict[str, float]:
        """Return the figures for the card."""
        figures: dict[str, float] = {"images": self.before.images}
        for name, each in (("before", self.before), ("after", self.after), ("fitted", self.fitted)):
            figures[f"ece_{name}"] = round(each.reliability.calibration_error, 4)
            figures[f"log_loss_{name}"] = round(each.log_loss, 4)
        return figures


def fit(folder: Path, dataset: Dataset) -> Fit:
    """Fit a bundle's temperature on the validation split, without changing anything.

    Raises:
        BundleError: the bundle cannot be read, or its network does not end in a dense layer and softmax.
        DataError: there is no validation split, or only one image in it.
    """
    card, split = read_card(folder), dataset.part("validation")
    logits = logits_of(_network(folder, card), split.images)[:, : len(card["labels"])]  # without the one of no face
    temperature = fit_temperature(split.truth, logits)
    probabilities = (
        scaled_softmax(logits, 1.0),
        cross_validated_probabilities(split.truth, logits),
        scaled_softmax(logits, temperature),
    )
    return Fit(temperature, *(report(split.truth, rows, card["labels"]) for rows in probabilities))


def apply(folder: Path, fit: Fit, dataset: Dataset, command: str, precision: str | None = None) -> dict[str, Any]:
    """Fold a temperature into a bundle's weights, compile and measure it again, and record that in the card.

    Args:
        folder: the bundle, which is changed.
        fit: the result of `fit` for it.
        dataset: the one of the fit.
        command: the command for the card that reproduces this.
        precision: of the compiled file; None keeps the card's, or takes int8.

    Returns:
        The new card; its `calibration` has the temperature (the product, if this was done before) and the figures.
    """
    card = read_card(folder)
    network = _network(folder, card)
    fold(network, fit.temperature)
    earlier = card.get("calibration", {}).get("temperature", 1.0)
    card["calibration"] = {
        "command": command,
        "temperature": round(earlier * fit.temperature, 5),
        **fit.as_dict(),
    }
    card["files"] = {**card["files"], **write_network(folder, network)}
    write_card(folder, card)
    return export(folder, precision or card.get("litert", {}).get("precision", "int8"), dataset)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = _parser().parse_args(arguments)
    try:
        card = read_card(options.weights)
        dataset = read(options.data, spec_of(card), card["labels"])
        if options.votes:
            dataset = with_majority_truth(dataset, read_votes(options.votes, dataset))
        if options.validation_split:
            dataset = divide(dataset, options.validation_split, options.seed)
        result = fit(options.weights, dataset)
        if result.better:
            apply(options.weights, result, dataset, _command(options), options.precision)
    except ExpressionError as error:
        print(f"calibrate: {error}", file=sys.stderr)
        return 2
    figures = result.as_dict()
    print(
        f"{options.weights}: {'' if result.better else 'left as it is; '}temperature {result.temperature:.4f} fits "
        f"{figures['images']} images best; expected calibration error {figures['ece_before']:.4f} before, "
        f"{figures['ece_after']:.4f} after; log-loss {figures['log_loss_before']:.4f} before, "
        f"{figures['log_loss_after']:.4f} after (cross-validated)"
    )
    return 0


def _network(folder: Path, card: dict[str, Any]) -> Any:
    return load_keras_network(verified_path(folder, ARCHITECTURE, card), verified_path(folder, WEIGHTS, card))


def _command(options: argparse.Namespace) -> str:
    parts = [f"python -m training.calibrate --data {options.data.name} --weights weights/{options.weights.name}"]
    if options.votes:
        parts.append(f"--votes {options.votes.name}")
    if options.validation_split:
        parts.append(f"--validation-split {options.validation_split:g} --seed {options.seed}")
    if options.precision:
        parts.append(f"--precision {options.precision}")
    return " ".join(parts)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="fer2013.csv or a class-per-folder tree with validation images")
    add("--weights", type=Path, required=True, metavar="DIR", help="the bundle, which is changed where that helps")
    add("--votes", type=Path, help="fer2013new.csv: fit on what most of the FER+ votes say")
    add("--validation-split", type=share, help="fit on the share of the images that training set aside with the same "
        "value, where the data itself is not divided")  # fmt: skip
    add("--seed", type=int, default=1, help="that of the training, with --validation-split (default: %(default)s)")
    add("--precision", choices=PRECISIONS, help="of the compiled file (default: what it was)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
