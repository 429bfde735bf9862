import json

import keras
import numpy as np
import pytest
from drawn_faces import write_csv

from errors import BundleError
from faces import EXPRESSIONS
from model import EmotionModel, sha256
from training import export as export_module
from training.bundle import write_card, write_network
from training.data import read
from training.export import export, main
from training.networks import tiny


@pytest.fixture
def bundle(tmp_path):
    """A bundle of an untrained network, not compiled yet."""
    keras.utils.set_random_seed(3)
    folder = tmp_path / "untrained"
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


def test_the_compiled_file_is_made_from_the_weights(bundle, capsys):
    before = json.loads((bundle / "card.json").read_text())
    assert main(["--weights", str(bundle)]) == 0
    assert "model.tflite: int8" in capsys.readouterr().out
    card = EmotionModel.load(bundle, "litert").card
    assert card["litert"]["made_from"] == sha256(bundle / "model.weights.h5")
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
