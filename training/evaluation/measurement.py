"""Measurements of a bundle on labelled faces: unchanged, with test-time augmentation, and corrupted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from model import EmotionModel
from training.data.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from training.data.dataset import WHOLE, Dataset, Split, duplicates
from training.evaluation.metrics import Report, report
from training.evaluation.tta import VIEWS, probabilities


@dataclass(frozen=True, slots=True)
class Measurement:
    """All measurements of one bundle on one split.

    `splits`: the report on the split by its name, and on the split without duplicates of training images. `views`: the
    reports with test-time augmentation, by the name of the views. `corruptions`: the reports on corrupted images, by
    corruption and strength. The last two are empty if they were not asked for.
    """

    model: str
    runtime: str
    data: str
    split: str
    splits: dict[str, Report]
    views: dict[str, Report] = field(default_factory=dict)
    corruptions: dict[str, dict[str, Report]] = field(default_factory=dict)

    @property
    def report(self) -> Report:
        """The report on the whole split, without test-time augmentation."""
        return self.splits[self.split]

    def rows(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Yield name and summary of each set and each way of averaging, to compare bundles by."""
        for name, each in self.splits.items():
            yield name.replace("_", " "), each.summary()
        for name, each in self.views.items():
            yield f"{self.split}, {name} averaging", each.summary()

    def as_dict(self) -> dict[str, Any]:
        """Return the whole measurement as JSON types."""
        content: dict[str, Any] = {"model": self.model, "runtime": self.runtime, "data": self.data, "split": self.split}
        content["splits"] = {name: each.as_dict() for name, each in self.splits.items()}
        if self.views:
            content["tta"] = {name: each.as_dict() for name, each in self.views.items()}
        if self.corruptions:
            content["corruptions"] = {
                name: {strength: each.summary() for strength, each in strengths.items()}
                for name, strengths in self.corruptions.items()
            }
        return content


def measure(model: EmotionModel, split: Split, views: str = "single") -> Report:
    """Measure a model on images that are already at its size."""
    return report(split.truth, probabilities(model, split.images, views), model.labels)


def reports(model: EmotionModel, dataset: Dataset, name: str) -> dict[str, Report]:
    """Return the report on one split, on the split without exact duplicates of training images, and, if the truth is
    the majority's vote, on the images on which more than half agree."""
    split = dataset.part(name)
    results = {name: measure(model, split)}
    if name in ("validation", "test") and "training" in dataset.splits:
        repeated = duplicates(split, dataset.splits["training"])
        if repeated.any() and not repeated.all():
            results[f"{name}_without_duplicates"] = measure(model, split.take(~repeated))
    if f"{name}_agreed" in dataset.splits:
        results[f"{name}_agreed"] = measure(model, dataset.splits[f"{name}_agreed"])
    return results


def tta_reports(model: EmotionModel, split: Split) -> dict[str, Report]:
    """Return the report of each kind of test-time augmentation."""
    return {name: measure(model, split, name) for name in VIEWS if name != "single"}


def corruption_reports(model: EmotionModel, split: Split) -> dict[str, dict[str, Report]]:
    """Return the report on the images under each corruption, mild and strong."""
    return {
        name: {
            strength: report(split.truth, probabilities(model, corrupt(split.images, name, strength)), model.labels)
            for strength in STRENGTHS
        }
        for name in tqdm(CORRUPTIONS, desc="corruptions", disable=None)
    }


def default_split(dataset: Dataset) -> str:
    """Return the name of the split to measure on by default: validation, else test, else all."""
    return next(name for name in ("validation", "test", WHOLE, *dataset.splits) if name in dataset.splits)
