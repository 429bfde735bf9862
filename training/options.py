"""The options of a training run, and the command line that gives them."""

import argparse
from pathlib import Path
from typing import Any

from training.export import PRECISIONS
from training.networks import ARCHITECTURES

PASSING = ("output", "run_folder", "resume", "crop_scale", "crop_shift", "precision")
"""Options that may differ when a run is resumed: they do not change the training."""


def parser(description: str | None = None) -> argparse.ArgumentParser:
    """The command line of `python -m training.train`."""
    made = argparse.ArgumentParser(
        prog="python -m training.train",
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    _add_data(made.add_argument_group("data"))
    _add_network(made.add_argument_group("network"))
    _add_schedule(made.add_argument_group("training"))
    return made


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """What decides how a run goes, with the names of files in place of their paths."""
    return {name: _plain(value) for name, value in vars(options).items() if name not in PASSING}


def command(options: argparse.Namespace) -> str:
    """The command that makes the same bundle: every option that is not the default, and no path of this machine."""
    defaults = parser()
    parts = ["python -m training.train"]
    for name, value in vars(options).items():
        if value == defaults.get_default(name) or name in ("run_folder", "resume"):
            continue
        flag = "--" + name.replace("_", "-")
        if isinstance(value, bool):
            parts.append(flag if value else flag.replace("--", "--no-", 1))
        else:
            parts.append(f"{flag} {'weights/' + value.name if name == 'output' else _plain(value)}")
    return " ".join(parts)


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Path) else value


def _add_data(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--data", type=Path, required=True, help="fer2013.csv, or a folder with one folder a class, also below train, "
        "validation and test folders; pictures of any size, grey or colour")  # fmt: skip
    add("--votes", type=Path, help="fer2013new.csv: mix the FER+ votes into the targets")
    add("--votes-share", type=_share, default=0.5, help="weight of the votes against the data's own labels, 0 to 1")
    add("--validation-split", type=_share, help="share of the images to set aside where the data has no such split")
    add("--augment", action=argparse.BooleanOptionalAction, default=True, help="change the images at random")
    add("--output", type=Path, required=True, help="the bundle to write, such as weights/mine")
    add("--run-folder", type=Path, help="checkpoints and history.csv; runs/ and the bundle's name unless given")
    add("--resume", action="store_true", help="go on after the last finished epoch of the run folder")


def _add_network(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--architecture", choices=ARCHITECTURES, default="compact", help="the network")
    add("--size", type=_count, default=48, help="width and height that the network takes, in pixels")
    add("--colour", action="store_true", help="take colour; grey otherwise")
    add("--crop-scale", type=float, default=1.0, help="side of the crop relative to the face detector's box")
    add("--crop-shift", type=float, default=0.0, help="how far the crop lies below the box, in box heights")
    add("--precision", choices=PRECISIONS, default="int8", help="of the weights in the compiled file")


def _add_schedule(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("--epochs", type=_count, default=50, help="passes over the training images")
    add("--batch-size", type=_count, default=128, help="images a step")
    add("--learning-rate", type=float, default=0.1, help="its peak; it rises linearly, then falls as a cosine")
    add("--warm-up", type=float, default=2, help="epochs of rising learning rate")
    add("--weight-decay", type=float, default=5e-3, help="times the learning rate, a step, of every kernel")
    add("--label-smoothing", type=_share, default=0.1, help="share of each target spread over all classes")
    add("--average", type=_share, default=0.998, help="momentum of the moving average of the weights, a step")
    add("--target-accuracy", type=_share, help="stop once the validation accuracy reaches this, 0 to 1")
    add("--mixed-precision", action="store_true", help="compute in bfloat16, where the processor is faster at it")
    add("--seed", type=int, default=1, help="of weights, order and augmentation")


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a share from 0 to 1, got {text}")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return value
