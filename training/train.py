"""Train a network on labelled faces and write it as a weights bundle that the server can run."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from typing import Any

import keras

from errors import ExpressionError
from inference.preprocess import InputSpec
from model import EmotionModel
from training.compilation.bundle_files import write_card, write_network
from training.data.augment import Augmentation
from training.data.dataset import NO_FACE, Dataset, class_weights, faces_only
from training.data.sources import load_dataset
from training.export import export, figures
from training.loop.average_checkpoint import AverageCheckpoint
from training.loop.batches import Batches
from training.loop.logs import logging_callbacks, run_folder, write_curves
from training.loop.optimizers import Plateau, optimizer
from training.loop.run import Run, State
from training.loop.stopping import StoppingCriteria
from training.loop.teachers import Teachers
from training.loop.warm_start import load_bundle_weights
from training.networks.architectures import ARCHITECTURES
from training.networks.backend import batch_normalization, can_compile, jit_compile
from training.networks.mobilenet import load_pretrained
from training.options import command, defaults, parser, resolve, settings


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train as the options say, from reading the data to the finished bundle; return the bundle's card.

    The bundle gets the weights of the epoch with the best validation accuracy.

    Raises:
        DataError: data or settings cannot be used.
    """
    plan = resolve(options)
    logs = logging_callbacks(plan)
    dataset = load_dataset(plan, _spec(plan))
    run = Run(run_folder(plan))
    run.begin(settings(options), options.resume, defaults())
    keras.utils.set_random_seed(options.seed)
    try:
        served = _fit(plan, dataset, run, logs)
    finally:
        write_curves(run, plan.output.name)
    served.set_weights(run.best_weights())
    return _write_bundle(options, served, dataset, run)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 2 with one line on stderr if something cannot be used."""
    options = parser(__doc__).parse_args(arguments)
    try:
        card = train(options)
    except ExpressionError as error:
        print(f"train: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("train: stopped. The finished epochs are saved; go on with --resume", file=sys.stderr)
        return 130
    scores = (card["figures"].get("litert") or card["figures"]["keras"])["validation"]
    print(f"{options.output}: " + ", ".join(f"{name} {value}" for name, value in scores.items()))
    return 0


def _spec(plan: argparse.Namespace) -> InputSpec:
    return InputSpec(plan.size, plan.size, 3 if plan.colour else 1, plan.crop_scale, plan.crop_shift)


def _fit(plan: argparse.Namespace, dataset: Dataset, run: Run, logs: list[keras.callbacks.Callback]) -> keras.Model:
    """Train, or resume training; return the network to be served, with arbitrary weights."""
    training = dataset.part("training")
    served, model = _networks(plan, dataset)
    augmentation = Augmentation() if plan.augment else Augmentation.none()
    teachers = Teachers(plan.teacher, plan.teacher_share, dataset.labels, _spec(plan))
    batches = Batches(training, plan.batch_size, plan.seed, augmentation, plan.balance, teachers)
    _compile(model, plan, steps=len(batches))
    state = _restore(model, plan, run, dataset.labels)
    batches.start_epoch(state.epoch)
    criteria = StoppingCriteria(plan.target_accuracy, plan.patience)
    checkpoint = AverageCheckpoint(served, batches, dataset.part("validation"), run, state, plan.average, criteria)
    plateau = [Plateau(run, plan, steps=len(batches))] if plan.schedule == "plateau" else []
    print(f"{served.count_params()} parameters, {len(training)} images, {state.epoch} of {plan.epochs} epochs done")
    if not checkpoint.stop_reason:
        model.fit(
            batches,
            epochs=plan.epochs,
            initial_epoch=state.epoch,
            callbacks=[checkpoint, *logs, *plateau],  # TensorBoard logs what the checkpoint adds
            class_weight=class_weights(training) if plan.class_weights == "balanced" else None,
            verbose=1 if sys.stdout.isatty() else 2,
        )
    if checkpoint.stop_reason:
        print(f"stopped after {state.epoch} epochs: {checkpoint.stop_reason}")
    return served


def _networks(plan: argparse.Namespace, dataset: Dataset) -> tuple[keras.Model, keras.Model]:
    """Return the network to serve, in float32, and the one to train; both have the same variables."""
    shape, classes = _spec(plan).shape, len(dataset.labels)
    build = ARCHITECTURES[plan.architecture]
    served = build(shape, classes, keras.layers.BatchNormalization)
    keras.mixed_precision.set_global_policy("mixed_bfloat16" if plan.mixed_precision else "float32")
    model = build(shape, classes, batch_normalization())
    keras.mixed_precision.set_global_policy("float32")
    return served, model


def _compile(model: keras.Model, plan: argparse.Namespace, steps: int) -> None:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=plan.label_smoothing)
    model.compile(optimizer(plan, steps), loss, metrics=["accuracy"], jit_compile=jit_compile())
    model.optimizer.build(model.trainable_variables)


def _restore(model: keras.Model, plan: argparse.Namespace, run: Run, labels: tuple[str, ...]) -> State:
    """Return the state of the run, with its weights loaded into the network; a new run may load pretrained ones."""
    state = run.load()
    if state.model is not None and state.optimizer is not None:
        model.set_weights(state.model)
        for variable, value in zip(model.optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
    elif plan.start:
        load_bundle_weights(model, plan.start, labels)
    elif plan.architecture == "mobilenetv2":
        load_pretrained(model, plan.pretrained)
    return state


def _write_bundle(options: argparse.Namespace, served: keras.Model, dataset: Dataset, run: Run) -> dict[str, Any]:
    folder, spec, history = options.output, _spec(resolve(options)), run.history()
    best = max(history, key=lambda row: row["val_accuracy"])
    card = {
        "name": folder.resolve().name,
        "labels": [label for label in dataset.labels if label != NO_FACE],
        "input": {
            "width": spec.width,
            "height": spec.height,
            "channels": spec.channels,
            "colour": "red, green, blue" if spec.channels == 3 else "grey",
            "values": "0 to 255",
        },
        "preprocessing": {"crop_scale": spec.crop_scale, "crop_shift": spec.crop_shift},
        "network": {"architecture": options.architecture, "parameters": served.count_params()},
        "training": {
            "command": command(options),
            "data": options.data.name,
            "votes": options.votes.name if options.votes else None,
            "also": [tree.name for tree in options.also],
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
    if NO_FACE in dataset.labels:
        card["no_face"] = {"threshold": 0.5}
    write_card(folder, card)
    faces = faces_only(dataset)
    if can_compile():
        return export(folder, options.precision, faces)
    card["figures"] = {"keras": figures(EmotionModel.load(folder, "keras"), faces)}
    write_card(folder, card)
    print(f"TensorFlow is not here to compile for LiteRT. Where it is: python -m training.export --weights {folder}")
    return card


if __name__ == "__main__":
    sys.exit(main())
