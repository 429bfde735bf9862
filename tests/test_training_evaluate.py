import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_faces import write_csv, write_tree

from model import EmotionModel
from training.data import read
from training.evaluate import main, measure, reports

SHIPPED = Path(__file__).resolve().parent.parent / "weights" / "fer2013"


@pytest.fixture(scope="module")
def model():
    return EmotionModel.load(SHIPPED, "litert")


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad", 5: "surprise"}, 4)


def test_it_prints_figures_classes_and_confusion_matrix(table, tmp_path, capsys):
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--json", str(tmp_path / "out" / "report.json")]) == 0
    page = capsys.readouterr().out
    assert "fer2013 (litert) on fer2013.csv, validation" in page
    for word in ("accuracy", "macro_f1", "precision", "recall", "support", "truth", "surprise"):
        assert word in page
    told = json.loads((tmp_path / "out" / "report.json").read_text())
    validation = told["splits"]["validation"]
    assert validation["images"] == 12
    assert f"{validation['accuracy']}" in page
    assert sum(map(sum, validation["confusion_matrix"])) == 12


def test_accuracy_is_the_share_of_images_that_the_model_gets_right(model, table):
    split = read(table, model.spec, model.labels).part("validation")
    rows = model.probabilities(split.images.astype(np.float32))
    assert measure(model, split).accuracy == pytest.approx((rows.argmax(axis=1) == split.truth).mean())


@pytest.mark.parametrize("side", [31, 48, 200])
def test_a_tree_of_faces_of_any_size_in_colour_is_measured(tmp_path, capsys, side):
    tree = write_tree(tmp_path, {"Happiness": "happy", "sad": "sad"}, 3, side=side, splits=())
    assert main(["--data", str(tree), "--weights", str(SHIPPED)]) == 0
    page = capsys.readouterr().out
    assert f"on {tree.name}, all" in page
    assert "images               6" in page


def test_duplicates_of_training_images_are_told_apart(model, tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 3)
    shutil.copy(tree / "train" / "sad" / "000.png", tree / "test" / "sad" / "copy.png")
    found = reports(model, read(tree, model.spec, model.labels), "validation")
    assert {name: told.images for name, told in found.items()} == {
        "validation": 7,
        "validation_without_duplicates": 6,
    }


def test_a_split_can_be_chosen(table, capsys):
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--split", "training"]) == 0
    assert "fer2013.csv, training" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--split", "test"], "the data has no test split, only training, validation"),
        (["--weights", "weights/nothing"], "no such folder"),
        (["--data", "nothing.csv"], "nothing.csv: no such file"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(table, capsys, arguments, told):
    assert main(["--data", str(table), "--weights", str(SHIPPED), *arguments]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("evaluate: ")
    assert told in error


def test_broken_pictures_are_told(tmp_path, capsys):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1, splits=())
    cv2.imwrite(str(tree / "sad" / "more.png"), np.zeros((1, 1), np.uint8))
    (tree / "sad" / "broken.jpg").write_text("no picture")
    assert main(["--data", str(tree), "--weights", str(SHIPPED)]) == 2
    assert "broken.jpg: no picture that can be read" in capsys.readouterr().err
