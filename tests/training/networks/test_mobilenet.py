import keras
import numpy as np
import pytest

from errors import DataError
from training.networks.mobilenet import load_pretrained, mobilenetv2

SIZE = (32, 32, 1)


@pytest.fixture(scope="module")
def network():
    return mobilenetv2(SIZE, 3, keras.layers.BatchNormalization)


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A file such as Keras offers, with weights that can be told from any others."""
    path = tmp_path_factory.mktemp("imagenet") / "no_top.weights.h5"
    source = keras.applications.MobileNetV2(input_shape=(96, 96, 3), include_top=False, weights=None)
    source.get_layer("Conv1").set_weights([np.full((3, 3, 3, 32), 0.25, np.float32)])
    source.save_weights(path)
    return path


def test_a_file_of_weights_is_taken_over_also_for_grey_and_other_sizes(network, pretrained):
    head = [layer.get_weights()[0].copy() for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert load_pretrained(network, pretrained)
    assert (network.get_layer("Conv1").get_weights()[0] == 0.25).all()
    after = [layer.get_weights()[0] for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    assert all((one == other).all() for one, other in zip(head, after, strict=True))


def test_weights_that_cannot_be_had_are_told_and_training_goes_on(network, monkeypatch, capsys):
    def unreachable(*_, **__):
        raise OSError("Name or service not known")

    monkeypatch.setattr("keras.src.applications.mobilenet_v2.file_utils.get_file", unreachable)
    before = network.get_layer("Conv1").get_weights()[0].copy()
    assert not load_pretrained(network, "imagenet")
    output = capsys.readouterr().err
    assert "warning: no ImageNet weights could be had (Name or service not known)" in output
    assert "--pretrained FILE" in output
    np.testing.assert_array_equal(network.get_layer("Conv1").get_weights()[0], before)


def test_nothing_is_looked_for_where_none_is_asked_for(network, monkeypatch):
    monkeypatch.setattr("keras.applications.MobileNetV2", None)
    assert not load_pretrained(network, "none")


def test_a_file_of_other_weights_is_told(network, tmp_path):
    other = tmp_path / "other.weights.h5"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save_weights(other)
    for path in (other, tmp_path / "missing.h5"):
        with pytest.raises(DataError, match=rf"{path.name}: holds no weights of MobileNetV2"):
            load_pretrained(network, path)


def test_grey_is_repeated_without_code_in_the_stored_network(network):
    assert "Lambda" not in network.to_json()
    colour = mobilenetv2((32, 32, 3), 3, keras.layers.BatchNormalization)
    colour.set_weights(network.get_weights())
    grey = np.random.default_rng(0).uniform(0, 255, (2, *SIZE)).astype(np.float32)
    rows = [np.asarray(net(batch)) for net, batch in ((network, grey), (colour, grey.repeat(3, axis=3)))]
    np.testing.assert_allclose(*rows, atol=1e-5)
