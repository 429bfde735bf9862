import json

import keras
import numpy as np
import pytest

from inference.bundle import CARD, read_card, sha256
from inference.runtimes import load_keras_network
from training.compilation.bundle_files import write_card, write_network
from training.networks.architectures import tiny

CARD_OF_A_STRANGER = {
    "name": "très petit",
    "labels": ["a", "b"],
    "input": {"width": 8, "height": 8, "channels": 1},
    "preprocessing": {"crop_scale": 1.0, "crop_shift": 0.0},
    "files": {},
}


@pytest.fixture
def network():
    return tiny((8, 8, 1), 2, keras.layers.BatchNormalization)


def test_what_is_written_is_read_back_as_the_same_network(network, tmp_path):
    write_network(tmp_path / "new" / "bundle", network)
    read = load_keras_network(
        tmp_path / "new" / "bundle" / "model.json", tmp_path / "new" / "bundle" / "model.weights.h5"
    )
    for one, other in zip(network.get_weights(), read.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_files_are_vouched_for_by_their_hashes(network, tmp_path):
    files = write_network(tmp_path, network)
    assert set(files) == {"model.json", "model.weights.h5"}
    assert all(sha256(tmp_path / name) == digest for name, digest in files.items())


def test_a_card_is_replaced_whole_and_keeps_its_letters(tmp_path):
    write_card(tmp_path, {"longer": "x" * 5000})
    write_card(tmp_path, CARD_OF_A_STRANGER)
    assert read_card(tmp_path) == CARD_OF_A_STRANGER
    assert "très" in (tmp_path / CARD).read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == [CARD]


def test_a_card_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_card(tmp_path, CARD_OF_A_STRANGER)
    with pytest.raises(TypeError):
        write_card(tmp_path, {"strange": object()})
    assert json.loads((tmp_path / CARD).read_text(encoding="utf-8"))["name"] == "très petit"
