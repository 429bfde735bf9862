"""Train a network on labelled faces and write it as a weights bundle that the server can run."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from errors import DataError, ExpressionError
from preprocess import InputSpec
from training.augment import Augmentation
from training.backend import batch_normalization, jit_compile
from training.batches import Batches
from training.bundle import write_card, write_network
from training.data import read
from training.export import export
from training.fer2013 import with_votes
from training.networks import ARCHITECTURES
from training.options import command, parser, settings
from training.records import Dataset, divide
from training.run import Run
from training.watch import Watch


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train as the options say, from reading the data to the finished bundle; return the bundle's card.

    Raises:
        DataError: data or settings that cannot be used.
    """
    dataset = _prepared(options)
    run = Run(options.run_folder or Path("runs") / options.output.name)
    run.begin(settings(options), options.resume)
    keras.utils.set_random_seed(options.seed)
    served = _trained(options, dataset, run)
    served.set_weights(run.best_weights())
    return _written(options, served, dataset, run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when done, 2 with one line on stderr when something cannot be used."""
    options = parser(__doc__).parse_args(arguments)
    try:
        card = train(options)
    except ExpressionError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: stopped. The finished epochs are saved; go on with --resume", file=sys.stderr)
        return 130
    figures = card["figures"]["litert"]["validation"]
    print(f"{options.output}: " + ", ".join(f"{name} {value}" for name, value in figures.items()))
    return 0


def _prepared(options: argparse.Namespace) -> Dataset:
    dataset = divide(read(options.data, _spec(options)), options.validation_split, options.seed)
    if options.votes:
        if options.data.is_dir():
            raise DataError("--votes goes with a fer2013.csv, whose order it follows, not with a folder")
        dataset = with_votes(dataset, options.votes, options.votes_share)
    return dataset


def _spec(options: argparse.Namespace) -> InputSpec:
    channels = 3 if options.colour else 1
    return InputSpec(options.size, options.size, channels, options.crop_scale, options.crop_shift)


def _trained(options: argparse.Namespace, dataset: Dataset, run: Run) -> keras.Model:
    """Train, or go on training; return the network as it will be served, with whatever weights."""
    training = dataset.part("training")
    shape, classes = training.images.shape[1:], len(dataset.labels)
    build = ARCHITECTURES[options.architecture]
    served = build(shape, classes, keras.layers.BatchNormalization)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if options.mixed_precision else "float32")
    model = build(shape, classes, batch_normalization())
    keras.mixed_precision.set_global_policy("float32")
    augmentation = Augmentation() if options.augment else Augmentation.none()
    batches = Batches(training, options.batch_size, options.seed, augmentation)
    _compile(model, options, steps=len(batches))
    state = run.load()
    if state.model is not None and state.optimizer is not None:
        model.set_weights(state.model)
        for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
        batches.start_epoch(state.epoch)
    watch = Watch(served, batches, dataset.part("validation"), run, state, options.average, options.target_accuracy)
    print(f"{served.count_params()} parameters, {len(training)} images, {state.epoch} of {options.epochs} epochs done")
    if not watch.reached:
        verbose = 1 if sys.stdout.isatty() else 2
        model.fit(batches, epochs=options.epochs, initial_epoch=state.epoch, callbacks=[watch], verbose=verbose)
    return served


def _compile(model: keras.Model, options: argparse.Namespace, steps: int) -> None:
    warm = min(options.warm_up, options.epochs / 2) * steps
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, options.epochs * steps - warm, warmup_target=options.learning_rate, warmup_steps=warm
    )
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True, weight_decay=options.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=options.label_smoothing)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile())
    optimizer.build(model.trainable_variables)


def _written(options: argparse.Namespace, served: keras.Model, dataset: Dataset, run: Run) -> dict[str, Any]:
    folder, spec, history = options.output, _spec(options), run.history()
    best = max(history, key=lambda row: row["val_accuracy"])
    card = {
        "name": folder.resolve().name,
        "labels": list(dataset.labels),
        "input": {
            "width": spec.width,
            "height": spec.height,
            "channels": spec.channels,
            "colour": "red, green, blue" if options.colour else "grey",
            "values": "0 to 255",
        },
        "preprocessing": {"crop_scale": spec.crop_scale, "crop_shift": spec.crop_shift},
        "network": {"architecture": options.architecture, "parameters": served.count_params()},
        "training": {
            "command": command(options),
            "data": options.data.name,
            "votes": options.votes.name if options.votes else None,
            "images": {name: len(split) for name, split in dataset.splits.items()},
            "seed": options.seed,
            "epochs": len(history),
            "best_epoch": int(best["epoch"]),
            "minutes": round(sum(row["seconds"] for row in history) / 60, 1),
            "machine": f"{os.cpu_count()} cores, {platform.machine()}",
            "date": time.strftime("%Y-%m-%d", time.gmtime()),
        },
        "files": write_network(folder, served),
    }
    write_card(folder, card)
    return export(folder, options.precision, dataset)


if __name__ == "__main__":
    sys.exit(main())
