from functools import cache

import keras
import numpy as np
import pytest

from training.networks.architectures import ARCHITECTURES
from training.networks.backend import batch_normalization


@cache
def built(name, shape, classes, norm=keras.layers.BatchNormalization):
    """A network, which no test changes."""
    return ARCHITECTURES[name](shape, classes, norm)


@pytest.mark.parametrize(("name", "parameters"), [("compact", 1_651_239), ("tiny", 61_207), ("cnn5", 2_423_847)])
def test_a_network_has_its_size_and_gives_probabilities(name, parameters):
    network = built(name, (48, 48, 1), 7)
    assert network.count_params() == parameters
    assert network.output_shape == (None, 7)
    rows = np.asarray(network(np.full((2, 48, 48, 1), 255, np.float32), training=False))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("shape", "classes"), [((128, 128, 3), 5), ((40, 44, 1), 2)])
def test_a_network_takes_other_sizes_colours_and_numbers_of_classes(name, shape, classes):
    network = built(name, shape, classes)
    assert network.input_shape == (None, *shape)
    assert network.output_shape == (None, classes)


@pytest.mark.parametrize(
    ("name", "shape", "classes", "parameters"),
    [
        ("colour128", (128, 128, 3), 5, 1_759_085),
        ("mobilenetv2", (128, 128, 3), 5, 2_587_205),
        ("mobilenetv2", (48, 48, 1), 7, 2_587_719),
    ],
)
def test_a_network_for_larger_images_has_its_size_and_gives_probabilities(name, shape, classes, parameters):
    network = built(name, shape, classes)
    assert network.count_params() == parameters
    rows = np.asarray(network(np.full((2, *shape), 255, np.float32), training=False))
    assert rows.shape == (2, classes)
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_network_scales_its_pixels_itself_and_is_trained_whole(name):
    network = built(name, (40, 44, 1), 2)
    assert isinstance(network.layers[1], keras.layers.Rescaling | keras.layers.LayerNormalization)
    assert all(layer.trainable for layer in network.layers)


@pytest.mark.parametrize("name", ["cnn5", "colour128", "mobilenetv2"])
def test_there_are_two_dense_layers_with_dropout_between_them(name):
    network = built(name, (128, 128, 3), 5)
    last = [type(layer).__name__ for layer in network.layers[-5:]]
    assert [kind for kind in last if kind != "GlobalAveragePooling2D"][-4:] == [
        "Dense",
        "Dropout",
        "Dense",
        "Activation",
    ]


def test_what_is_trained_and_what_is_served_have_the_same_variables():
    shapes = [
        [weight.shape for weight in built("compact", (48, 48, 1), 7, norm).get_weights()]
        for norm in (batch_normalization(), keras.layers.BatchNormalization)
    ]
    assert shapes[0] == shapes[1]
