"""Code that depends on the Keras backend: the only place in training that may name one."""

import importlib.util
from typing import Any

import keras


def jit_compile() -> bool | str:
    """XLA makes small convolutional networks slower on a CPU under TensorFlow; elsewhere Keras may choose."""
    return False if keras.backend.backend() == "tensorflow" else "auto"


def batch_normalization() -> Any:
    """Return the layer class of batch normalisation for training: Keras' variables, and one fused kernel if possible.

    TensorFlow's fused kernel makes a training step about a third shorter on a CPU.
    """
    if keras.backend.backend() != "tensorflow":
        return keras.layers.BatchNormalization
    import tensorflow as tf

    class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # keras has no types
        def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
            if not training:
                return super().call(inputs, training=False, mask=mask)
            scale, offset = tf.cast(self.gamma, tf.float32), tf.cast(self.beta, tf.float32)
            outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
                inputs, scale, offset, epsilon=self.epsilon, is_training=True
            )
            for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
                average.assign(average * self.momentum + value * (1 - self.momentum))
            return outputs

    return FusedBatchNormalization


def can_compile() -> bool:
    """Whether networks can be compiled for LiteRT here: that needs TensorFlow, whatever backend was trained with."""
    return importlib.util.find_spec("tensorflow") is not None


def litert_options(precision: str) -> dict[str, Any]:
    """Return the options of Keras' LiteRT export for a precision of weights."""
    if precision == "float32":
        return {}
    import tensorflow as tf

    options: dict[str, Any] = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if precision == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    return options
