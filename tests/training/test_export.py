import contextlib
import io
import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import pytest

from errors import BundleError
from faces import EXPRESSIONS
from inference.bundle import sha256
from model import EmotionModel
from tests.support.cameras.drawn_faces import write_csv
from training import export as export_module
from training.compilation.bundle_files import write_card, write_network
from training.data.reading import read
from training.export import export, export_onnx, main
from training.networks.architectures import tiny


@pytest.fixture(scope="module")
def untrained(tmp_path_factory):
    """A bundle of an untrained network, not compiled yet."""
    keras.utils.set_random_seed(3)
    folder = tmp_path_factory.mktemp("bundles") / "untrained"
    card = {
        "name": "untrained",
        "labels": list(EXPRESSIONS),
        "input": {"width": 48, "height": 48, "channels": 1},
        "preprocessing": {"crop_scale": 1.1, "crop_shift": 0.0},
        "figures": {"keras": {"validation": {"accuracy": 0.1}}, "litert": {"validation": {"accuracy": 0.2}}},
        "files": write_network(folder, tiny((48, 48, 1), 7, keras.layers.BatchNormalization)),
    }
    write_card(folder, card)
    return folder


@pytest.fixture
def bundle(untrained, tmp_path):
    """A copy of it, to be changed."""
    return Path(shutil.copytree(untrained, tmp_path / "untrained"))


@pytest.fixture(scope="module")
def exported(untrained, tmp_path_factory):
    """A copy of it after the command, which wrote both files, and what that printed."""
    folder = Path(shutil.copytree(untrained, tmp_path_factory.mktemp("exported") / "untrained"))
    with contextlib.redirect_stdout(io.StringIO()) as page:
        assert main(["--weights", str(folder), "--onnx"]) == 0
    return folder, page.getvalue()


def test_the_compiled_file_is_made_from_the_weights(untrained, exported):
    folder, page = exported
    before = json.loads((untrained / "card.json").read_text())
    assert "model.tflite: int8" in page
    card = EmotionModel.load(folder, "litert").card
    assert card["litert"]["made_from"] == sha256(folder / "model.weights.h5")
    assert card["figures"] == {"keras": before["figures"]["keras"]}  # what was not measured is not told
    for key in ("labels", "input", "preprocessing"):
        assert card[key] == before[key]


def test_given_images_measure_both_runtimes(bundle, tmp_path):
    data = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 4)
    model = EmotionModel.load(bundle, "keras")
    card = export(bundle, "float32", read(data, model.spec, model.labels))
    assert card["litert"]["precision"] == "float32"
    assert card["litert"]["largest_difference"] < 1e-5
    assert card["figures"]["keras"] == card["figures"]["litert"]
    assert card["figures"]["litert"]["validation"]["images"] == 8
    models = [EmotionModel.load(bundle, runtime) for runtime in ("keras", "litert")]
    batch = np.random.default_rng(0).uniform(0, 255, (3, *model.spec.shape)).astype(np.float32)
    np.testing.assert_allclose(*(each.probabilities(batch) for each in models), atol=1e-5)


def test_runtimes_that_do_not_agree_are_refused(bundle, monkeypatch):
    monkeypatch.setitem(export_module.LARGEST_DIFFERENCE, "int8", 1e-9)
    with pytest.raises(BundleError, match=r"differs from Keras by .* choose a finer --precision"):
        export(bundle, "int8")


def test_weights_that_were_replaced_are_refused(bundle, capsys):
    (bundle / "model.weights.h5").write_bytes(b"other weights")
    assert main(["--weights", str(bundle)]) == 2
    assert "model.weights.h5: damaged or replaced" in capsys.readouterr().err


def test_onnx_gives_what_keras_gives(exported):
    folder, page = exported
    assert "model.onnx: outputs differ from Keras' by" in page
    batch = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"))
    given = session.run(None, {session.get_inputs()[0].name: batch})[0]
    np.testing.assert_allclose(given, EmotionModel.load(folder, "keras").probabilities(batch), atol=1e-5)


def test_missing_packages_for_onnx_are_named(untrained, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(BundleError, match="pip install tf2onnx=="):
        export_onnx(untrained)


def test_the_precisions_are_compared_and_nothing_changes(bundle, tmp_path, capsys):
    data = write_csv(tmp_path / "fer2013.csv", dict.fromkeys(range(7), "happy"), 3)
    before = {file.name: sha256(file) for file in bundle.iterdir()}
    assert main(["--weights", str(bundle), "--compare"]) == 2
    assert "Name images: --data" in capsys.readouterr().err
    assert main(["--weights", str(bundle), "--data", str(data), "--compare"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    assert [row[0] for row in table[2:]] == ["float32", "float16", "int8"]
    sizes = [float(row[1].split()[0]) for row in table[2:]]
    assert sizes[0] > sizes[1] > sizes[2]
    assert float(table[2][3]) < 1e-4
    assert {file.name: sha256(file) for file in bundle.iterdir()} == before
