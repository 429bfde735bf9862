import contextlib
import io
import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from inference.bundle import read_card
from inference.preprocess import InputSpec
from model import EmotionModel
from tests.support.cameras.drawn_faces import write_csv
from training import evaluate
from training.calibrate import Fit, fit, main
from training.compilation.bundle_files import write_network
from training.data.reading import read
from training.evaluation.temperature import fold
from training.networks.architectures import tiny

LABELS = {3: "happy", 4: "sad", 5: "surprise"}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return write_csv(tmp_path_factory.mktemp("data") / "fer2013.csv", LABELS, 20)


@pytest.fixture(scope="module")
def sure(tmp_path_factory):
    """A bundle of an untrained network that is far too sure of itself."""
    keras.utils.set_random_seed(3)
    folder = tmp_path_factory.mktemp("before") / "sure"
    network = tiny((48, 48, 1), 7, keras.layers.BatchNormalization)
    fold(network, 0.1)
    card = {
        "name": "sure",
        "labels": ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"],
        "input": {"width": 48, "height": 48, "channels": 1},
        "preprocessing": {"crop_scale": 1.0, "crop_shift": 0.0},
        "files": write_network(folder, network),
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


@pytest.fixture(scope="module")
def calibrated(sure, table, tmp_path_factory):
    """The same bundle after the command, and what that printed."""
    folder = Path(shutil.copytree(sure, tmp_path_factory.mktemp("after") / "sure"))
    with contextlib.redirect_stdout(io.StringIO()) as page:
        assert main(["--data", str(table), "--weights", str(folder), "--precision", "float32"]) == 0
    return folder, page.getvalue()


def test_a_bundle_becomes_less_sure_and_keeps_what_it_says(sure, calibrated):
    folder, page = calibrated
    before = EmotionModel.load(sure, "keras")
    after = {runtime: EmotionModel.load(folder, runtime) for runtime in ("keras", "litert")}
    calibration = after["litert"].card["calibration"]
    assert calibration["temperature"] > 1.5
    assert calibration["ece_after"] < calibration["ece_before"]
    assert calibration["log_loss_after"] < calibration["log_loss_before"]
    assert calibration["command"] == (
        "python -m training.calibrate --data fer2013.csv --weights weights/sure --precision float32"
    )
    assert f"temperature {calibration['temperature']:.4f} fits 60 images best" in page
    batch = np.random.default_rng(1).uniform(0, 255, (20, 48, 48, 1)).astype(np.float32)
    rows = [model.probabilities(batch) for model in (before, *after.values())]
    np.testing.assert_allclose(rows[1], rows[2], atol=1e-4)
    np.testing.assert_array_equal(rows[0].argmax(axis=1), rows[1].argmax(axis=1))
    assert rows[1].max(axis=1).mean() < rows[0].max(axis=1).mean()


def test_evaluating_finds_the_error_that_the_card_tells(calibrated, table, tmp_path):
    folder, file = calibrated[0], tmp_path / "report.json"
    arguments = ["--data", str(table), "--weights", str(folder), "--runtime", "keras", "--json", str(file)]
    assert evaluate.main(arguments) == 0
    found = json.loads(file.read_text())["splits"]["validation"]
    card = EmotionModel.load(folder, "keras").card
    assert found["ece"] == pytest.approx(card["calibration"]["ece_fitted"], abs=1e-3)
    assert found["ece"] == card["figures"]["keras"]["validation"]["ece"]


def test_calibrating_again_changes_nothing(calibrated, table, tmp_path):
    again = shutil.copytree(calibrated[0], tmp_path / "again")
    assert main(["--data", str(table), "--weights", str(again)]) == 0
    temperatures = [read_card(folder)["calibration"]["temperature"] for folder in (calibrated[0], again)]
    assert temperatures[1] == pytest.approx(temperatures[0], rel=1e-3)


def test_a_bundle_that_would_not_become_better_is_left_alone(sure, table, monkeypatch, capsys):
    before = {path.name: path.read_bytes() for path in sure.iterdir()}
    monkeypatch.setattr("training.calibrate.Fit.better", False)
    assert main(["--data", str(table), "--weights", str(sure)]) == 0
    assert {path.name: path.read_bytes() for path in sure.iterdir()} == before
    assert "left as it is; temperature" in capsys.readouterr().out


def test_better_means_a_smaller_calibration_error(sure, table):
    found = fit(sure, read(table, InputSpec(48, 48, 1)))
    assert found.better
    assert not Fit(1.0, found.after, found.before, found.fitted).better


def test_data_without_validation_images_is_told(sure, tmp_path, capsys):
    data = write_csv(tmp_path / "training.csv", LABELS, 2, usages=("Training",))
    assert main(["--data", str(data), "--weights", str(sure)]) == 2
    assert "calibrate: the data has no validation split" in capsys.readouterr().err
