import keras
import numpy as np
import pytest
import tensorflow as tf

from training.networks.backend import batch_normalization, jit_compile, litert_options


def test_the_fused_normalisation_computes_what_keras_own_does():
    batch = np.random.default_rng(0).normal(3, 2, (8, 6, 6, 4)).astype(np.float32)
    layers = [norm(momentum=0.9) for norm in (batch_normalization(), keras.layers.BatchNormalization)]
    trained = [np.asarray(layer(batch, training=True)) for layer in layers]
    np.testing.assert_allclose(*trained, atol=1e-4)
    means, variances = ([layer.weights[index].numpy() for layer in layers] for index in (2, 3))
    np.testing.assert_allclose(*means, atol=1e-5)
    np.testing.assert_allclose(*variances, rtol=0.01)  # one divides by n, the other by n - 1
    np.testing.assert_allclose(*(np.asarray(layer(batch, training=False)) for layer in layers), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_other_backends_get_keras_own_layer_and_choice_of_compiler(monkeypatch, name):
    monkeypatch.setattr(keras.backend, "backend", lambda: name)
    assert batch_normalization() is keras.layers.BatchNormalization
    assert jit_compile() == "auto"


def test_tensorflow_trains_without_xla():
    assert jit_compile() is False


def test_precisions_tell_the_converter_what_to_do():
    assert litert_options("float32") == {}
    assert litert_options("int8") == {"optimizations": [tf.lite.Optimize.DEFAULT]}
    assert litert_options("float16")["target_spec"] == {"supported_types": [tf.float16]}
