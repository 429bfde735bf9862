import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.support.cameras.drawn_faces import write_csv, write_tree
from training.data.corruptions import CORRUPTIONS
from training.evaluate import main

SHIPPED = Path(__file__).resolve().parents[2] / "weights" / "fer2013"


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad", 5: "surprise"}, 4)


def test_it_prints_figures_classes_and_confusion_matrix(table, tmp_path, capsys):
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--json", str(tmp_path / "out" / "report.json")]) == 0
    page = capsys.readouterr().out
    assert "fer2013 (litert) on fer2013.csv, validation" in page
    for word in ("accuracy", "macro_f1", "precision", "recall", "support", "truth", "surprise"):
        assert word in page
    content = json.loads((tmp_path / "out" / "report.json").read_text())
    validation = content["splits"]["validation"]
    assert validation["images"] == 12
    assert f"{validation['accuracy']}" in page
    assert sum(map(sum, validation["confusion_matrix"])) == 12


@pytest.mark.parametrize("side", [31, 48, 200])
def test_a_tree_of_faces_of_any_size_in_colour_is_measured(tmp_path, capsys, side):
    tree = write_tree(tmp_path, {"Happiness": "happy", "sad": "sad"}, 3, side=side, splits=())
    assert main(["--data", str(tree), "--weights", str(SHIPPED)]) == 0
    page = capsys.readouterr().out
    assert f"on {tree.name}, all" in page
    assert "images               6" in page


class Page(HTMLParser):
    """The words, tags and addresses of an HTML page."""

    def __init__(self, text):
        super().__init__()
        self.words, self.tags, self.addresses = "", [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.addresses += [value for name, value in attributes if name in ("src", "href")]

    def handle_data(self, data):
        self.words += f" {data.strip()}"


def test_averaging_and_spoiling_are_told_in_text_and_json(table, tmp_path, capsys):
    file = tmp_path / "report.json"
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--tta", "--corrupt", "--json", str(file)]) == 0
    page, content = capsys.readouterr().out, json.loads(file.read_text())
    assert set(content["tta"]) == {"flip", "ten-crop"}
    assert set(content["corruptions"]) == set(CORRUPTIONS)
    for name, report in content["tta"].items():
        assert re.search(rf"validation, {name} averaging +12 +{report['accuracy']:.4f}", page)
    for name, strengths in content["corruptions"].items():
        assert re.search(rf"{name} +{strengths['mild']['accuracy']:.4f} +{strengths['strong']['accuracy']:.4f}", page)


def test_json_holds_means_and_reliability(table, tmp_path):
    file = tmp_path / "report.json"
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--json", str(file)]) == 0
    validation = json.loads(file.read_text())["splits"]["validation"]
    assert set(validation["means"]) == {"macro", "weighted"}
    assert validation["means"]["weighted"]["recall"] == validation["accuracy"]
    assert sum(validation["reliability"]["counts"]) == 12
    assert 0 <= validation["ece"] <= 1


def test_several_bundles_stand_side_by_side(table, tmp_path, capsys):
    other = shutil.copytree(SHIPPED, tmp_path / "other" / "fer2013")
    file, plots = tmp_path / "report.json", tmp_path / "plots"
    arguments = ["--data", str(table), "--weights", str(SHIPPED), "--weights", str(other)]
    assert main([*arguments, "--json", str(file), "--png", str(plots)]) == 0
    names = ["weights-fer2013", "other-fer2013"]  # of one name, so the folders tell them apart
    last = capsys.readouterr().out.split("\n\n")[-1]
    assert all(re.search(rf"^{name}: validation +12 ", last, re.MULTILINE) for name in names)
    assert [bundle["model"] for bundle in json.loads(file.read_text())["bundles"]] == names
    assert sorted(path.name for path in plots.iterdir()) == sorted(
        f"{name}-{plot}.png" for name in names for plot in ("confusion", "reliability")
    )


def test_the_html_page_holds_everything_and_loads_nothing(table, tmp_path):
    file = tmp_path / "out" / "page.html"
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--html", str(file), "--tta", "--corrupt"]) == 0
    page = Page(file.read_text(encoding="utf-8"))
    assert [address.partition(",")[0] for address in page.addresses] == ["data:image/png;base64"] * 2
    assert not {"script", "link", "iframe"} & set(page.tags)
    for words in (
        "fer2013 on fer2013.csv, validation",
        "ten-crop averaging",
        "weighted mean",
        "surprise",
        *CORRUPTIONS,
    ):
        assert words in page.words


def test_names_in_the_html_page_are_words_and_not_markup(tmp_path):
    data = write_csv(tmp_path / "<b>&.csv", {3: "happy", 4: "sad"}, 1)
    assert main(["--data", str(data), "--weights", str(SHIPPED), "--html", str(tmp_path / "page.html")]) == 0
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert "b" not in page.tags
    assert "fer2013 on <b>&.csv" in page.words


def test_a_file_that_cannot_be_written_is_told(table, tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--json", str(tmp_path / "taken" / "x.json")]) == 2
    assert "evaluate: " in capsys.readouterr().err


def test_measuring_with_litert_does_not_wait_for_tensorflow():
    code = "import sys, training.evaluate; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=SHIPPED.parent.parent, timeout=60).returncode == 0


def test_a_share_that_was_set_aside_can_be_judged_alone(tmp_path, capsys):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 10, splits=())
    assert main(["--data", str(tree), "--weights", str(SHIPPED), "--validation-split", "0.2"]) == 0
    page = capsys.readouterr().out
    assert f"on {tree.name}, validation" in page
    assert "images               4" in page


def test_a_split_can_be_chosen(table, capsys):
    assert main(["--data", str(table), "--weights", str(SHIPPED), "--split", "training"]) == 0
    assert "fer2013.csv, training" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--split", "test"], "the data has no test split, only training, validation"),
        (["--weights", "weights/nothing"], "no such folder"),
        (["--data", "nothing.csv"], "nothing.csv: no such file"),
    ],
)
def test_what_cannot_be_measured_is_told_in_one_line(table, capsys, arguments, message):
    assert main(["--data", str(table), "--weights", str(SHIPPED), *arguments]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("evaluate: ")
    assert message in error


def test_broken_pictures_are_told(tmp_path, capsys):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1, splits=())
    cv2.imwrite(str(tree / "sad" / "more.png"), np.zeros((1, 1), np.uint8))
    (tree / "sad" / "broken.jpg").write_text("no picture")
    assert main(["--data", str(tree), "--weights", str(SHIPPED)]) == 2
    assert "broken.jpg: no picture that can be read" in capsys.readouterr().err
