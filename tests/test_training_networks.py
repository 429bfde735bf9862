import keras
import numpy as np
import pytest

from training.backend import batch_normalization
from training.networks import ARCHITECTURES


@pytest.mark.parametrize(("name", "parameters"), [("compact", 1_651_239), ("tiny", 61_207)])
def test_a_network_has_its_size_and_gives_probabilities(name, parameters):
    network = ARCHITECTURES[name]((48, 48, 1), 7, keras.layers.BatchNormalization)
    assert network.count_params() == parameters
    assert network.output_shape == (None, 7)
    assert network.layers[1].__class__.__name__ == "Rescaling"
    rows = np.asarray(network(np.full((2, 48, 48, 1), 255, np.float32), training=False))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("shape", "classes"), [((128, 128, 3), 5), ((40, 44, 1), 2)])
def test_a_network_takes_other_sizes_colours_and_numbers_of_classes(name, shape, classes):
    network = ARCHITECTURES[name](shape, classes, keras.layers.BatchNormalization)
    assert network.input_shape == (None, *shape)
    assert network.output_shape == (None, classes)


def test_what_is_trained_and_what_is_served_have_the_same_variables():
    shapes = [
        [weight.shape for weight in ARCHITECTURES["compact"]((48, 48, 1), 7, norm).get_weights()]
        for norm in (batch_normalization(), keras.layers.BatchNormalization)
    ]
    assert shapes[0] == shapes[1]


def test_the_fused_normalisation_computes_what_keras_own_does():
    batch = np.random.default_rng(0).normal(3, 2, (8, 6, 6, 4)).astype(np.float32)
    layers = [norm(momentum=0.9) for norm in (batch_normalization(), keras.layers.BatchNormalization)]
    trained = [np.asarray(layer(batch, training=True)) for layer in layers]
    np.testing.assert_allclose(*trained, atol=1e-4)
    means, variances = ([layer.weights[index].numpy() for layer in layers] for index in (2, 3))
    np.testing.assert_allclose(*means, atol=1e-5)
    np.testing.assert_allclose(*variances, rtol=0.01)  # one divides by n, the other by n - 1
    np.testing.assert_allclose(*(np.asarray(layer(batch, training=False)) for layer in layers), rtol=0.02, atol=0.02)
