"""The options of a training run, and their command line."""

import argparse
from pathlib import Path
from typing import Any

from errors import DataError
from training.arguments import count, positive, pretrained, share
from training.compilation.precisions import PRECISIONS
from training.loop.optimizers import RECIPES, SCHEDULES
from training.networks.architectures import ARCHITECTURES, INPUTS

UNRELATED = ("output", "run_folder", "resume", "crop_scale", "crop_shift", "precision", "tensorboard")
"""Options that may differ when a run is resumed, since they do not affect the training."""
BUNDLES = ("output", "start", "teacher")
"""Options that name a bundle."""


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows defaults, except of options that have none."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None or action.default is False else super()._get_help_string(action)


def parser(description: str | None = None) -> argparse.ArgumentParser:
    """Return the command line parser of `python -m training.train`."""
    result = argparse.ArgumentParser(
        prog="python -m training.train",
        description=description,
        formatter_class=_Help,
    )
    _add_data(result.add_argument_group("data"))
    _add_network(result.add_argument_group("network"))
    _add_schedule(result.add_argument_group("training"))
    return result


def resolve(options: argparse.Namespace) -> argparse.Namespace:
    """Return the options with the dependent ones filled in: size and colour, learning rate, weight decay, weights.

    Raises:
        DataError: --pretrained is given for a network that has no such weights.
    """
    size, colour = INPUTS.get(options.architecture, (48, False))
    rate, decay = RECIPES[options.optimizer]
    mobile = options.architecture == "mobilenetv2"
    if options.pretrained not in (None, "none") and not mobile:
        raise DataError(f"--pretrained goes with --architecture mobilenetv2, not with {options.architecture}")
    derived = {
        "size": size,
        "colour": colour,
        "learning_rate": rate,
        "weight_decay": decay,
        "pretrained": "imagenet" if mobile else "none",
    }
    missing = {name: value for name, value in derived.items() if getattr(options, name) is None}
    return argparse.Namespace(**{**vars(options), **missing})


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options that affect a run, with the names of files in place of their paths."""
    return {name: _plain(value) for name, value in vars(resolve(options)).items() if name not in UNRELATED}


def defaults() -> dict[str, Any]:
    """Return the settings of a run with only the data and the bundle given."""
    return settings(parser().parse_args(["--data", "data", "--output", "output"]))


def command(options: argparse.Namespace) -> str:
    """Return the command that makes the same bundle: every option that is not the default, and no local path."""
    options_parser = parser()
    parts = ["python -m training.train"]
    for name, value in vars(options).items():
        if value == options_parser.get_default(name) or name in ("run_folder", "resume", "tensorboard"):
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, list):
            parts += [f"{flag} {_named(name, item)}" for item in value]
        elif isinstance(value, bool):
            parts.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            parts.append(f"{flag} {_named(name, value)}")
    return " ".join(parts)


def _named(option: str, value: Any) -> Any:
    """Return a value without its path; bundles are below weights/."""
    return f"weights/{value.name}" if option in BUNDLES else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.name if isinstance(value, Path) else value


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--data", type=Path, required=True, help="fer2013.csv, or a folder with one folder a class, also below train, "
        "validation and test folders; pictures of any size, grey or colour")  # fmt: skip
    add("--votes", type=Path, help="fer2013new.csv: mix the FER+ votes into the targets")
    add("--votes-share", type=share, default=0.5, help="weight of the votes against the data's own labels, 0 to 1")
    add("--judge-by", choices=("labels", "votes"), default="labels", help="votes: what is validated is what most of "
        "the ten saw")  # fmt: skip
    add("--also", type=Path, action="append", default=[], metavar="DIR", help="a folder with one folder a class, of "
        "the same classes, to train on as well; in a folder no_face, what only looks like a face to a detector: the "
        "network learns to tell it. Repeat it for several")  # fmt: skip
    add("--also-weight", type=positive, default=1.0, help="how often its images are shown, relative to the data's")
    add("--teacher", type=Path, action="append", default=[], metavar="DIR", help="distil: a bundle of the same labels "
        "and size; what it says of each training image is mixed into its target. Repeat it for the mean")  # fmt: skip
    add("--teacher-share", type=share, default=0.5, help="weight of the teachers against the targets, 0 to 1")
    add("--balance", type=share, default=0.0, help="show images of rare classes more often: 0 not at all, 1 until all "
        "classes are shown alike")  # fmt: skip
    add("--validation-split", type=share, help="share of the images to set aside where the data has no such split")
    add("--class-weights", choices=("none", "balanced"), default="none", help="balanced: classes with few images count "
        "more, so that all classes weigh the same")  # fmt: skip
    add("--augment", action=argparse.BooleanOptionalAction, default=True, help="change the images at random")
    add("--output", type=Path, required=True, help="the bundle to write, such as weights/mine")
    add("--run-folder", type=Path, help="checkpoints and history.csv; runs/ and the bundle's name unless given")
    add("--resume", action="store_true", help="go on after the last finished epoch of the run folder")


def _add_network(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--architecture", choices=ARCHITECTURES, default="compact", help="the network")
    add("--size", type=count, help="width and height that the network takes, in pixels; unless given, 128 for "
        "colour128 and mobilenetv2, else 48")  # fmt: skip
    add("--colour", action=argparse.BooleanOptionalAction, help="take colour, or grey; unless given, colour for "
        "colour128 and mobilenetv2, else grey")  # fmt: skip
    add("--pretrained", type=pretrained, metavar="imagenet|none|FILE", help="what mobilenetv2 starts from; imagenet "
        "(downloaded once) unless given; where that cannot be had, it starts from scratch with a warning")  # fmt: skip
    add("--start", type=Path, metavar="DIR", help="a bundle of the same architecture to start from: all its weights "
        "but those of the last layer, of which only those of common labels")  # fmt: skip
    add("--crop-scale", type=float, default=1.0, help="side of the crop relative to the face detector's box")
    add("--crop-shift", type=float, default=0.0, help="how far the crop lies below the box, in box heights")
    add("--precision", choices=PRECISIONS, default="int8", help="of the weights in the compiled file")


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--epochs", type=count, default=50, help="passes over the training images")
    add("--batch-size", type=count, default=128, help="images a step")
    add("--optimizer", choices=RECIPES, default="sgd", help="sgd has Nesterov momentum 0.9")
    add("--schedule", choices=SCHEDULES, default="cosine", help="how the learning rate falls after its rise")
    add("--learning-rate", type=float, help="its peak; 0.1 for sgd, 0.001 for adamw unless given")
    add("--warm-up", type=float, default=2, help="epochs of rising learning rate")
    add("--plateau", type=count, default=5, help="epochs without a better validation accuracy before the plateau "
        "schedule takes three tenths of the learning rate")  # fmt: skip
    add("--weight-decay", type=float, help="times the learning rate, a step, of every kernel; 0.005 for sgd, 0.05 for "
        "adamw unless given")  # fmt: skip
    add("--label-smoothing", type=share, default=0.1, help="share of each target spread over all classes")
    add("--average", type=share, default=0.998, help="momentum of the moving average of the weights, a step")
    add("--target-accuracy", type=share, help="stop once the validation accuracy reaches this, 0 to 1")
    add("--patience", type=count, help="stop after so many epochs without a better validation accuracy")
    add("--tensorboard", action="store_true", help="write logs for TensorBoard into the run folder")
    add("--mixed-precision", action="store_true", help="compute in bfloat16, where the processor is faster at it")
    add("--seed", type=int, default=1, help="of weights, order and augmentation")
