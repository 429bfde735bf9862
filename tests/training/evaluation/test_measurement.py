import shutil
from pathlib import Path

import numpy as np
import pytest

from model import EmotionModel
from tests.support.cameras.drawn_faces import write_csv, write_tree
from training.data.corruptions import CORRUPTIONS
from training.data.dataset import Dataset
from training.data.reading import read
from training.evaluation.measurement import corruption_reports, default_split, measure, reports, tta_reports

SHIPPED = Path(__file__).resolve().parents[3] / "weights" / "fer2013"


@pytest.fixture(scope="module")
def model():
    return EmotionModel.load(SHIPPED, "litert")


@pytest.fixture
def split(model, tmp_path):
    table = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad", 5: "surprise"}, 4)
    return read(table, model.spec, model.labels).part("validation")


def test_accuracy_is_the_share_of_images_that_the_model_gets_right(model, split):
    rows = model.probabilities(split.images.astype(np.float32))
    assert measure(model, split).accuracy == pytest.approx((rows.argmax(axis=1) == split.truth).mean())


def test_duplicates_of_training_images_are_told_apart(model, tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 3)
    shutil.copy(tree / "train" / "sad" / "000.png", tree / "test" / "sad" / "copy.png")
    found = reports(model, read(tree, model.spec, model.labels), "validation")
    assert {name: report.images for name, report in found.items()} == {
        "validation": 7,
        "validation_without_duplicates": 6,
    }


def test_every_way_of_averaging_is_measured_and_differs_from_the_single_pass(model, split):
    single = measure(model, split)
    found = tta_reports(model, split)
    assert list(found) == ["flip", "ten-crop"]
    assert len({single.log_loss, *(report.log_loss for report in found.values())}) == 3


def test_every_corruption_is_measured_in_both_strengths(model, split):
    found = corruption_reports(model, split)
    assert list(found) == list(CORRUPTIONS)
    assert all(list(strengths) == ["mild", "strong"] for strengths in found.values())
    assert len({report.log_loss for strengths in found.values() for report in strengths.values()}) == 2 * len(
        CORRUPTIONS
    )


@pytest.mark.parametrize(
    ("splits", "chosen"),
    [(("training", "validation", "test"), "validation"), (("training", "test"), "test"), (("all",), "all"),
     (("training",), "training")],
)  # fmt: skip
def test_a_split_that_was_not_trained_on_is_preferred(splits, chosen):
    assert default_split(Dataset(("a", "b"), dict.fromkeys(splits))) == chosen
