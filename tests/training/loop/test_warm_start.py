import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.bundle import ARCHITECTURE, WEIGHTS, sha256
from inference.runtimes import load_keras_network
from training.compilation.bundle_files import write_network
from training.data.dataset import NO_FACE
from training.loop.warm_start import load_bundle_weights
from training.networks.architectures import ARCHITECTURES


def made(classes, architecture="tiny", side=48):
    return ARCHITECTURES[architecture]((side, side, 1), classes, keras.layers.BatchNormalization)


@pytest.fixture
def bundle(tmp_path):
    folder = tmp_path / "before"
    shutil.copytree(Path("weights/fer2013"), folder)
    card = json.loads((folder / "card.json").read_text())
    card["files"] |= write_network(folder, made(7))
    (folder / "card.json").write_text(json.dumps(card))
    assert card["files"][WEIGHTS] == sha256(folder / WEIGHTS)
    return folder


def test_all_weights_are_taken_and_of_the_last_layer_those_of_common_labels(bundle):
    before = load_keras_network(bundle / ARCHITECTURE, bundle / WEIGHTS).get_weights()
    network = made(4)
    drawn = network.get_weights()
    load_bundle_weights(network, bundle, ("neutral", "happy", "bored", NO_FACE))
    after = network.get_weights()
    for old, new in zip(before[:-2], after[:-2], strict=True):
        np.testing.assert_array_equal(new, old)
    for place, name in ((0, "neutral"), (1, "happy")):
        np.testing.assert_array_equal(after[-2][:, place], before[-2][:, EXPRESSIONS.index(name)])
    np.testing.assert_array_equal(after[-2][:, 2:], drawn[-2][:, 2:])


@pytest.mark.parametrize("other", ["cnn5", "compact"])
def test_another_architecture_is_refused(bundle, other):
    with pytest.raises(DataError, match=r"has other layers or another input.*leave out --start"):
        load_bundle_weights(made(7, other), bundle, EXPRESSIONS)
