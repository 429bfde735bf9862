"""The walk-through of training/README.md, command by command, on a small tree of drawn faces."""

import json
import re
import shlex
from pathlib import Path

import cv2
import pytest

import main
from config.loader import load
from model import EmotionModel
from service.server import Server
from tests.support.cameras.drawn_faces import draw, write_tree
from training import evaluate, train

README = Path(__file__).resolve().parents[2] / "training" / "README.md"
CLASSES = {"cross": "angry", "glad": "happy", "gloomy": "sad", "plain": "neutral", "startled": "surprise"}
QUICKER = ["--epochs", "8", "--batch-size", "10", "--target-accuracy", "0.9", "--no-augment", "--average", "0.8"]
"""What the test adds to the training command, so that it takes seconds."""


def commands():
    """The arguments of each command below the heading of the walk-through, by what it runs."""
    text = README.read_text(encoding="utf-8").split("## Five expressions of your own")[1].split("\n## ")[0]
    lines = re.findall(r"^    (python (?:.*\\\n)*.*)", text, re.MULTILINE)
    return [shlex.split(line.replace("\\\n", " "))[1:] for line in lines]


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(["--architecture", "tiny", "--size", "128", "--colour", "--learning-rate", "0.01"], id="tiny"),
        pytest.param([], id="as-written", marks=pytest.mark.long),
    ],
)
def folder(request, tmp_path_factory):
    """Five class folders of 128x128 colour pictures, as a person would have them, and the bundle made from them."""
    path = tmp_path_factory.mktemp("walkthrough")
    write_tree(path / "faces", CLASSES, 25, side=128, splits=())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        assert train.main([*commands()[0][2:], *QUICKER, *request.param]) == 0
    return path


def test_the_commands_are_those_that_the_test_runs():
    assert [" ".join(command[:2]) for command in commands()] == [
        "-m training.train",
        "-m training.evaluate",
        "main.py analyze",
        "main.py --weights",
    ]


def test_five_own_classes_become_a_colour_bundle(folder):
    model = EmotionModel.load(folder / "weights" / "mine")
    assert model.labels == tuple(CLASSES)
    assert model.spec.shape == (128, 128, 3)
    assert model.card["training"]["images"] == {"training": 100, "validation": 25}
    assert model.card["figures"]["litert"]["validation"]["accuracy"] > 0.5  # a guess is right in one of five


def test_evaluating_judges_on_what_training_set_aside(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert evaluate.main(commands()[1][2:]) == 0
    figures = EmotionModel.load(folder / "weights" / "mine").card["figures"]["litert"]["validation"]
    page = capsys.readouterr().out
    assert re.search(rf"accuracy +{figures['accuracy']}\n", page)
    assert "data:image/png" in (folder / "report.html").read_text(encoding="utf-8")


def test_the_bundle_reads_pictures_and_serves(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    cv2.imwrite("photo.jpg", cv2.copyMakeBorder(draw("happy", 1, 400), *[100] * 4, cv2.BORDER_REPLICATE))
    assert main.main(commands()[2][1:]) == 0
    (file,) = json.loads(capsys.readouterr().out)
    assert list(file["faces"][0]["probabilities"]) == list(CLASSES)
    settings = load(vars(main._parser().parse_args(commands()[3][1:])), {})
    assert Server(settings).model.labels == tuple(CLASSES)
