import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from faces import EXPRESSIONS
from model import EmotionModel
from tests.support.cameras.drawn_faces import write_csv
from training.calibrate import main as calibrate
from training.compilation.bundle_files import write_card, write_network
from training.merge import main
from training.networks.architectures import ARCHITECTURES


def bundle(folder, seed, **changes):
    """A bundle of an untrained network."""
    keras.utils.set_random_seed(seed)
    card = {
        "name": folder.name,
        "labels": list(EXPRESSIONS),
        "input": {"width": 48, "height": 48, "channels": 1},
        "preprocessing": {"crop_scale": 1.1, "crop_shift": 0.0},
        "training": {"command": f"make {folder.name}"},
    } | changes
    network = ARCHITECTURES["tiny"]((48, 48, 1), 7 + ("no_face" in card), keras.layers.BatchNormalization)
    write_card(folder, {**card, "files": write_network(folder, network)})
    return folder


def merge(tmp_path, *folders, extra=()):
    given = [argument for folder in folders for argument in ("--weights", str(folder))]
    return main([*given, "--output", str(tmp_path / "both"), *extra])


@pytest.fixture(scope="module")
def merged(tmp_path_factory):
    """A folder with two bundles, the images to measure on, and what was made of them."""
    folder = tmp_path_factory.mktemp("merged")
    data = write_csv(folder / "fer2013.csv", {3: "happy", 4: "sad"}, 8)
    parts = [bundle(folder / name, seed) for seed, name in enumerate(("first", "second"))]
    assert merge(folder, *parts, extra=["--precision", "float32", "--data", str(data)]) == 0
    return folder


def test_the_logits_are_the_mean_of_the_parts(merged):
    batch = np.random.default_rng(0).uniform(0, 255, (6, 48, 48, 1)).astype(np.float32)
    parts = [EmotionModel.load(merged / name, "keras") for name in ("first", "second")]
    logs = np.mean([np.log(part.probabilities(batch)) for part in parts], axis=0)
    expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    for runtime in ("keras", "litert"):
        given = EmotionModel.load(merged / "both", runtime).probabilities(batch)
        np.testing.assert_allclose(given, expected, atol=1e-4)
    card = json.loads((merged / "both" / "card.json").read_text())
    assert [part["command"] for part in card["training"]["parts"]] == ["make first", "make second"]
    assert card["preprocessing"] == {"crop_scale": 1.1, "crop_shift": 0.0}


def test_a_merged_bundle_is_measured_and_can_be_calibrated(merged, tmp_path):
    copy = Path(shutil.copytree(merged / "both", tmp_path / "both"))
    assert EmotionModel.load(copy).card["figures"]["litert"]["validation"]["images"] == 16
    before = EmotionModel.load(copy).card["files"]["model.weights.h5"]
    assert calibrate(["--data", str(merged / "fer2013.csv"), "--weights", str(copy)]) == 0
    after = EmotionModel.load(copy).card
    assert after["figures"]["litert"]["validation"]["images"] == 16
    assert after["files"]["model.weights.h5"] != before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": list(reversed(EXPRESSIONS))}, "its labels differ"),
        ({"no_face": {"threshold": 0.5}}, "one tells non-faces, the other does not"),
    ],
)
def test_bundles_of_different_kinds_are_refused(tmp_path, capsys, changes, message):
    assert merge(tmp_path, bundle(tmp_path / "first", 1), bundle(tmp_path / "second", 2, **changes)) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "both").exists()


def test_one_bundle_is_nothing_to_merge(tmp_path, capsys):
    shutil.copytree(Path("weights/fer2013"), tmp_path / "one")
    assert merge(tmp_path, tmp_path / "one") == 2
    assert "nothing to merge" in capsys.readouterr().err
