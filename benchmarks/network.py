"""How long does the network take for a face, on one thread, compared with a plain one of usual size?

The baseline is what tutorials and papers on FER-2013 use: eight 3x3 convolutions of 1.2 million parameters on 48x48
grey, in float32, compiled for LiteRT in the same way. Its weights are random, which does not affect the time. Both
alternate in one run, on one thread.
"""

import argparse
import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers

from benchmarks.tools.report import write
from inference.bundle import COMPILED, read_card
from model import EmotionModel
from training.compilation.litert import compile_litert
from training.compilation.precisions import milliseconds

COUNTS = (1, 4, 16)
BAR = 1.0
"""Largest time for one face, relative to the baseline's."""


def plain() -> keras.Model:
    """Make eight convolutions in four pooled pairs, and global average pooling: 1.2 million parameters."""
    inputs = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 127.5, -1)(inputs)
    for width in (32, 64, 128, 256):
        for _ in range(2):
            x = layers.Conv2D(width, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            x = layers.Activation("relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(7, activation="softmax")(x))


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.network", description=__doc__)
    parser.add_argument("--weights", type=Path, action="append", metavar="DIR", help="bundles (default: all shipped)")
    options = parser.parse_args()
    folders = options.weights or sorted(Path("weights").iterdir())
    network = plain()
    images = np.random.default_rng(0).integers(0, 256, (max(COUNTS), 48, 48, 1)).astype(np.uint8)
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / COMPILED
        compile_litert(network, file, "float32")
        card = {key: value for key, value in read_card(folders[0]).items() if key != "no_face"}
        baseline = EmotionModel.from_file(file, {**card, "name": "baseline"})
        models = [baseline, *(EmotionModel.from_file(folder / COMPILED, read_card(folder)) for folder in folders)]
        times = {count: milliseconds(models, images[:count]) for count in COUNTS}
    print(f"one thread; the baseline has {network.count_params()} parameters, float32")
    print("| network | " + " | ".join(f"{count} faces" for count in COUNTS) + " | ratio, 1 face |")
    print("|---|" + "---|" * (len(COUNTS) + 1))
    figures = {}
    for index, model in enumerate(models):
        row = {count: times[count][index] for count in COUNTS}
        ratio = row[1] / times[1][0]
        figures[model.name] = {"milliseconds": row, "ratio": ratio, "bar": BAR}
        print(f"| {model.name} | " + " | ".join(f"{value:.2f} ms" for value in row.values()) + f" | {ratio:.2f} |")
    write("network", figures)


if __name__ == "__main__":
    main()
