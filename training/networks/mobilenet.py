"""MobileNetV2 (Sandler et al., 2018) from keras.applications, and its ImageNet weights."""

import socket
import sys
from pathlib import Path
from typing import Any

import keras
from keras import layers

from errors import DataError

TIMEOUT = 30
"""Seconds without a byte after which a download is given up."""


def mobilenetv2(shape: tuple[int, int, int], classes: int, norm: Any) -> keras.Model:
    """MobileNetV2 with all layers trainable, global average pooling and two dense layers with dropout.

    It scales pixels itself, as its ImageNet weights expect, and repeats grey to three channels. `norm` is not used:
    the network has Keras' own batch normalisation.
    """
    inputs = keras.Input(shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    if shape[2] == 1:
        x = layers.Concatenate()([x, x, x])
    base = keras.applications.MobileNetV2(input_tensor=x, include_top=False, weights=None)
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9  # its 0.999 would leave small data sets with the initial statistics
    x = layers.GlobalAveragePooling2D()(base.output)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(classes)(x)
    outputs = layers.Activation("softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="mobilenetv2")


def load_pretrained(network: keras.Model, pretrained: str | Path) -> bool:
    """Load pretrained weights into the convolutions of a `mobilenetv2`.

    Args:
        network: as `mobilenetv2` makes it; its dense layers stay as they are.
        pretrained: a file of Keras' MobileNetV2 weights without the top; "imagenet" for Keras' own, which are taken
            from ~/.keras/models or downloaded; or "none".

    Returns:
        Whether weights were loaded. If "imagenet" is not available, a warning goes to stderr.

    Raises:
        DataError: the file is missing or holds other weights.
    """
    if pretrained == "none":
        return False
    source = _from_file(pretrained) if isinstance(pretrained, Path) else _from_keras()
    for layer in source.layers if source else ():
        if layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())
    return source is not None


def _from_file(path: Path) -> keras.Model:
    try:
        return _loaded(str(path))
    except Exception as error:  # each kind of file fails in its own way, for one reason
        raise DataError(
            f"{path}: holds no weights of MobileNetV2 ({str(error).splitlines()[0]}). Give the file that Keras offers, "
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5, or --pretrained none"
        ) from error


def _from_keras() -> keras.Model | None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)  # Keras' download has no limit of its own
    try:
        return _loaded("imagenet")
    except Exception as error:  # no network, a proxy's answer, a full disk: training continues all the same
        print(
            f"train: warning: no ImageNet weights could be had ({str(error).splitlines()[0]}); MobileNetV2 starts from "
            "scratch and will need far more epochs. Connect to the Internet, or give the file: --pretrained FILE",
            file=sys.stderr,
        )
        return None
    finally:
        socket.setdefaulttimeout(before)


def _loaded(weights: str) -> keras.Model:
    return keras.applications.MobileNetV2(input_shape=(224, 224, 3), include_top=False, weights=weights)
