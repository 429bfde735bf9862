"""What a bundle does on labelled faces: as they are, seen several ways, and spoilt."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tqdm import tqdm

from model import EmotionModel
from training.data.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from training.data.dataset import WHOLE, Dataset, Split, duplicates
from training.evaluation.metrics import Report, report
from training.evaluation.tta import VIEWS, probabilities


@dataclass(frozen=True, slots=True)
class Measurement:
    """Everything measured of one bundle on one split.

    `splits`: the report on the split by its name, and on what is left of it without duplicates of training images.
    `views`: the reports of averaging over views of each image, by the views' name. `corruptions`: the reports on spoilt
    images, by corruption and strength. The last two are empty where they were not asked for.
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
        """The report on the whole split, single pass."""
        return self.splits[self.split]

    def rows(self) -> Iterator[tuple[str, dict[str, float]]]:
        """Name and summary of each set and of each way of averaging: what bundles are compared by."""
        for name, told in self.splits.items():
            yield name.replace("_", " "), told.summary()
        for name, told in self.views.items():
            yield f"{self.split}, {name} averaging", told.summary()

    def as_dict(self) -> dict[str, Any]:
        """The whole measurement, ready for JSON."""
        content: dict[str, Any] = {"model": self.model, "runtime": self.runtime, "data": self.data, "split": self.split}
        content["splits"] = {name: told.as_dict() for name, told in self.splits.items()}
        if self.views:
            content["tta"] = {name: told.as_dict() for name, told in self.views.items()}
        if self.corruptions:
            content["corruptions"] = {
                name: {strength: told.summary() for strength, told in strengths.items()}
                for name, strengths in self.corruptions.items()
            }
        return content


def measure(model: EmotionModel, split: Split, views: str = "single") -> Report:
    """What the model says of images that are already at its size."""
    return report(split.truth, probabilities(model, split.images, views), model.labels)


def reports(model: EmotionModel, dataset: Dataset, name: str) -> dict[str, Report]:
    """The report on one split, on what is left of it without exact duplicates of training images, and, where the truth
    is that of votes, on what more than half of them agree on."""
    split = dataset.part(name)
    found = {name: measure(model, split)}
    if name in ("validation", "test") and "training" in dataset.splits:
        repeated = duplicates(split, dataset.splits["training"])
        if repeated.any() and not repeated.all():
            found[f"{name}_without_duplicates"] = measure(model, split.take(~repeated))
    if f"{name}_agreed" in dataset.splits:
        found[f"{name}_agreed"] = measure(model, dataset.splits[f"{name}_agreed"])
    return found


def averaged(model: EmotionModel, split: Split) -> dict[str, Report]:
    """The report of each way of averaging over views, without the single pass."""
    return {name: measure(model, split, name) for name in VIEWS if name != "single"}


def spoilt(model: EmotionModel, split: Split) -> dict[str, dict[str, Report]]:
    """The report on the images under each corruption, mild and strong."""
    return {
        name: {
            strength: report(split.truth, probabilities(model, corrupted(split.images, name, strength)), model.labels)
            for strength in STRENGTHS
        }
        for name in tqdm(CORRUPTIONS, desc="corruptions", disable=None)
    }


def preferred(dataset: Dataset) -> str:
    """The split to judge by when none is named: validation, else test, else all."""
    return next(name for name in ("validation", "test", WHOLE, *dataset.splits) if name in dataset.splits)
