"""The networks that can be trained, by name."""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from training.networks.mobilenet import mobilenetv2

Tensor = Any
Normalization = type[keras.layers.BatchNormalization]


def compact(shape: tuple[int, int, int], classes: int, norm: Normalization) -> keras.Model:
    """A residual network of 1.7 million parameters for faces of about 48x48 pixels.

    Basic blocks (He et al., 2016) with squeeze-and-excitation (Hu et al., 2018) where the maps are small. Only a thin
    stem works at full size, so that an epoch stays short on a CPU. Each image is first normalised to mean 0 and
    variance 1, so that dim and pale pictures look like others.
    """
    inputs = keras.Input(shape)
    x = layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False)(inputs)
    x = _activated(_convolved(x, 16, norm))
    x = _activated(_convolved(x, 32, norm, stride=2))
    for stage, (width, blocks) in enumerate([(32, 2), (64, 2), (128, 2), (256, 1)]):
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            x = _residual(x, width, norm, stride, excite=stage > 0)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    x = layers.Dense(classes)(x)
    outputs = layers.Activation("softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="compact")


def tiny(shape: tuple[int, int, int], classes: int, norm: Normalization) -> keras.Model:
    """Four plain convolutions, some 60 thousand parameters, for trying out data and settings within minutes."""
    inputs = keras.Input(shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    for width in (16, 32, 64, 64):
        x = _activated(_convolved(x, width, norm, stride=2))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(classes)(x)
    outputs = layers.Activation("softmax", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="tiny")


def cnn5(shape: tuple[int, int, int], classes: int, norm: Normalization) -> keras.Model:
    """Five blocks of two convolutions and pooling, in the manner of VGG (Simonyan and Zisserman, 2015), for 48x48 grey.

    2.4 million parameters; the sides must be 32 pixels at least.
    """
    inputs = keras.Input(shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    for width in (32, 64, 128, 256, 256):
        x = _pooled(x, width, norm)
    return keras.Model(inputs, _classified(x, classes), name="cnn5")


def colour128(shape: tuple[int, int, int], classes: int, norm: Normalization) -> keras.Model:
    """A thin stem that quarters the size, then four blocks of two convolutions and pooling, for 128x128 colour.

    1.8 million parameters; the sides must be 32 pixels at least.
    """
    inputs = keras.Input(shape)
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    x = _activated(_convolved(x, 24, norm, size=5, stride=2))
    x = layers.MaxPooling2D(padding="same")(x)
    for width in (48, 96, 192, 256):
        x = _pooled(x, width, norm)
    return keras.Model(inputs, _classified(x, classes), name="colour128")


def _pooled(x: Tensor, width: int, norm: Normalization) -> Tensor:
    for _ in range(2):
        x = _activated(_convolved(x, width, norm))
    x = layers.MaxPooling2D(padding="same")(x)
    return layers.Dropout(0.1)(x)


def _classified(x: Tensor, classes: int) -> Tensor:
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(256, activation="relu")(x)
    x = layers.Dropout(0.4)(x)
    x = layers.Dense(classes)(x)
    return layers.Activation("softmax", dtype="float32")(x)


def _convolved(x: Tensor, width: int, norm: Normalization, size: int = 3, stride: int = 1) -> Tensor:
    x = layers.Conv2D(width, size, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return norm(momentum=0.9)(x)  # Keras' 0.99 would leave small data sets with the initial statistics


def _activated(x: Tensor) -> Tensor:
    return layers.Activation("relu")(x)


def _residual(x: Tensor, width: int, norm: Normalization, stride: int, excite: bool) -> Tensor:
    y = _activated(_convolved(x, width, norm, stride=stride))
    y = _convolved(y, width, norm)
    if excite:
        y = _excited(y)
    if stride > 1:
        x = layers.AveragePooling2D(stride, padding="same")(x)
    if x.shape[-1] != width:
        x = _convolved(x, width, norm, size=1)
    return _activated(layers.Add()([x, y]))


def _excited(x: Tensor) -> Tensor:
    width = x.shape[-1]
    gate = layers.GlobalAveragePooling2D(keepdims=True)(x)
    gate = layers.Conv2D(max(width // 8, 8), 1, activation="relu")(gate)
    gate = layers.Conv2D(width, 1, activation="sigmoid")(gate)
    return layers.Multiply()([x, gate])


ARCHITECTURES: dict[str, Callable[[tuple[int, int, int], int, Normalization], keras.Model]] = {
    "compact": compact,
    "tiny": tiny,
    "cnn5": cnn5,
    "colour128": colour128,
    "mobilenetv2": mobilenetv2,
}
INPUTS: dict[str, tuple[int, bool]] = {"colour128": (128, True), "mobilenetv2": (128, True)}
"""Default side in pixels and whether the input is colour; 48 pixels grey for the others."""
