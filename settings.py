"""Every setting once: name, type, unit, bounds, default and help; read from the command line and the environment."""

import argparse
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

from errors import SettingError

PREFIX = "EXPRESSION_"
NAMED_SOURCE = re.compile(r"([^/:?.=]*)=(.*)")
"""A name, `=`, and a source. An address or a path has one of the other characters before its first `=`."""
CAMERA_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def _setting(
    default: Any,
    words: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    group: str = "server",
) -> Any:
    metadata = {"help": words, "unit": unit, "low": low, "high": high, "choices": choices, "group": group}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one server, checked when read; each is documented in the README.

    A field's metadata holds its help, unit, bounds, choices and group.
    """

    source: tuple[str, ...] = _setting(
        ("auto",),
        "where frames come from: auto (the first webcam, else the demo), a camera number, a device path, a video "
        "file, an http or rtsp address, or demo; NAME=SOURCE names it; repeat for several (environment: ';' between)",
    )
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(5000, "port to listen on; 0 takes any free one", low=0, high=65535)
    max_viewers: int = _setting(200, "viewers at a time; one more is told to come back later", low=1, high=2000)
    max_visitors: int = _setting(
        8, "visitors at a time who show their own camera; one more is told to come back later", low=0, high=500
    )
    visitor_fps: float = _setting(
        20.0, "frames of a visitor's own camera that are looked at", unit="frames/s", low=1, high=60
    )
    idle: float = _setting(5.0, "time without viewers after which a camera is closed", unit="s", low=0, high=3600)
    log_level: str = _setting("info", "what the terminal tells", choices=("debug", "info", "warning", "error"))
    width: int = _setting(1280, "frame width asked of a webcam", unit="px", low=64, high=7680, group="source")
    height: int = _setting(720, "frame height asked of a webcam", unit="px", low=48, high=4320, group="source")
    fps: float = _setting(30.0, "frame rate asked of a webcam", unit="frames/s", low=1, high=240, group="source")
    frozen: float = _setting(
        10.0,
        "time after which a camera whose picture stays exactly the same counts as frozen; 0 lets still pictures pass",
        unit="s",
        low=0,
        high=3600,
        group="source",
    )
    search_width: int = _setting(
        480,
        "width to which a live frame is reduced before faces are searched",
        unit="px",
        low=80,
        high=3840,
        group="faces",
    )
    search_every: float = _setting(
        0.4,
        "time between searches for new faces, where something changed; known ones are followed in every frame",
        unit="s",
        low=0,
        high=60,
        group="faces",
    )
    min_face: float = _setting(
        0.1, "smallest face searched for, as a share of the frame's shorter side", low=0.01, high=1, group="faces"
    )
    scale_factor: float = _setting(
        1.1, "step between the face sizes searched for; smaller finds more, slower", low=1.01, high=2, group="faces"
    )
    neighbours: int = _setting(
        5, "overlapping finds that make a face; more means fewer false ones", low=1, high=50, group="faces"
    )
    smoothing: float = _setting(
        0.4,
        "time constant over which probabilities and labels are smoothed; 0 for none",
        unit="s",
        low=0,
        high=10,
        group="faces",
    )
    draw: str = _setting(
        "label",
        "what is drawn on a face: a label with its expression, or bars for all of them as well",
        choices=("label", "bars"),
        group="faces",
    )
    weights: str = _setting("weights/ferplus", "folder of the weights bundle", group="model")
    runtime: str = _setting("auto", "what runs the network", choices=("auto", "keras", "litert"), group="model")
    threshold: float = _setting(
        0.35, "probability below which an expression is called unsure", low=0, high=1, group="model"
    )
    quality: int = _setting(80, "JPEG quality of the stream", low=1, high=100, group="picture")
    max_picture: int = _setting(
        25, "size of a picture that may be handed in", unit="MB", low=1, high=1000, group="files"
    )
    max_video: int = _setting(
        500, "size of a video that may be handed in", unit="MB", low=1, high=100_000, group="files"
    )
    max_minutes: float = _setting(
        30.0, "length of a video that may be handed in", unit="min", low=0.01, high=6000, group="files"
    )
    storage: str = _setting("storage", "folder for videos that were handed in, and their results", group="files")
    keep: float = _setting(24.0, "time after which they are deleted", unit="h", low=0, high=100_000, group="files")
    queue: str = _setting(
        "sqlite",
        "where videos wait: sqlite, in that folder, or a Redis server such as redis://host:6379/0",
        group="files",
    )
    worker: str = _setting(
        "own",
        "who analyses videos: own, a process that the server starts when there is one; or apart, `main.py worker`",
        choices=("own", "apart"),
        group="files",
    )


SETTINGS: dict[str, Field[Any]] = {item.name: item for item in fields(Settings)}


def option(name: str) -> str:
    """The command line's form of a setting's name, such as --max-viewers."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The environment's form of a setting's name, such as EXPRESSION_MAX_VIEWERS."""
    return PREFIX + name.upper()


def parse(name: str, text: str) -> Any:
    """The value of a setting given as text.

    Raises:
        SettingError: text that is not of the setting's type, or a value out of its bounds.
    """
    item = SETTINGS[name]
    kind: type = type(item.default)
    if kind is tuple:
        return tuple(part.strip() for part in text.split(";") if part.strip())
    try:
        value = kind(text)
    except ValueError:
        expected = {int: "a whole number", float: "a number"}[kind]
        raise SettingError(f"{name}: got {text!r}, expected {expected}, such as {item.default}") from None
    _check(item, value)
    return value


def _check(item: Field[Any], value: Any) -> None:
    low, high, choices = (item.metadata[key] for key in ("low", "high", "choices"))
    if choices and value not in choices:
        raise SettingError(
            f"{item.name}: got {value!r}, expected one of {', '.join(choices)}{_nearest(value, choices)}"
        )
    if low is not None and not low <= value <= high:  # a NaN fails this too
        unit = f" {item.metadata['unit']}" if item.metadata["unit"] else ""
        raise SettingError(f"{item.name}: got {value:g}{unit}, expected {low:g} to {high:g}{unit}")


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """The settings that the environment gives, as values by name.

    Raises:
        SettingError: a variable that begins with EXPRESSION_ but names no setting, or a bad value.
    """
    given = {}
    known = [variable(name) for name in SETTINGS]
    for key, text in environment.items():
        if not key.startswith(PREFIX):
            continue
        if key not in known:
            raise SettingError(f"environment: {key} is no setting{_nearest(key, known)} (main.py --help lists them)")
        given[key.removeprefix(PREFIX).lower()] = parse(key.removeprefix(PREFIX).lower(), text)
    return given


def add_options(parser: argparse.ArgumentParser, groups: Sequence[str] | None = None) -> None:
    """Add an option for every setting (of the named groups, or all) to a command line's parser."""
    for name, item in SETTINGS.items():
        if groups is not None and item.metadata["group"] not in groups:
            continue
        repeated = type(item.default) is tuple
        parser.add_argument(
            option(name),
            default=argparse.SUPPRESS,  # so that what was not given leaves the environment's value alone
            action="append" if repeated else "store",
            metavar=name.upper(),
            help=describe(name).replace("%", "%%"),
        )


def describe(name: str) -> str:
    """One line on a setting: its help, unit, bounds or choices, and default."""
    item = SETTINGS[name]
    unit, low, high, choices = (item.metadata[key] for key in ("unit", "low", "high", "choices"))
    default = "; ".join(item.default) if isinstance(item.default, tuple) else item.default
    bounds = ", ".join(choices) or (f"{low:g} to {high:g}" if low is not None else "")
    notes = [note for note in (f"{bounds} {unit}".strip(), f"default {default}") if note]
    return f"{item.metadata['help']} ({'; '.join(notes)})"


def load(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Settings from the command line's options, which go before the environment, which goes before the defaults.

    Args:
        options: text by setting name, as `add_options` has the parser leave it; other names are passed over.
        environment: such as `os.environ`.

    Raises:
        SettingError: an unknown setting in the environment, or a bad value in either.
    """
    given = from_environment(environment)
    for name in SETTINGS.keys() & options.keys():
        value = options[name]
        given[name] = tuple(value) if isinstance(value, list) else parse(name, value)
    return replace(Settings(), **given)


def named_sources(sources: Sequence[str]) -> dict[str, str]:
    """Sources by camera name, from `NAME=SOURCE` or bare sources; bare ones are called camera, camera-2, and so on.

    Raises:
        SettingError: no source, a name that does not fit into an address, or one name or webcam given twice.
    """
    named: dict[str, str] = {}
    for position, text in enumerate(sources, 1):
        name, source = _name_and_source(text, position)
        if name in named:
            raise SettingError(f"source: two cameras are called {name!r}; give each its own name, as NAME=SOURCE")
        for other, taken in named.items():
            if _device(source) and _device(source) == _device(taken):
                raise SettingError(
                    f"source: {other!r} and {name!r} are both {source!r}, and a webcam has room for one; to show it "
                    f"twice, open /video_feed/{other} twice"
                )
        named[name] = source
    if not named:
        raise SettingError("source: got none, expected at least one, such as auto, 0 or demo")
    return named


def _name_and_source(text: str, position: int) -> tuple[str, str]:
    match = NAMED_SOURCE.fullmatch(text)
    if not match:
        return "camera" if position == 1 else f"camera-{position}", text
    name, source = (part.strip() for part in match.groups())
    if not CAMERA_NAME.fullmatch(name):
        raise SettingError(
            f"source: {name!r} cannot name a camera, since it stands in addresses; take up to 32 letters, digits, "
            f"'-' and '_', as in front-door={source or '0'}"
        )
    if not source:
        raise SettingError(f"source: {text!r} names a camera but no source, expected such as {name}=0 or {name}=demo")
    return name, source


def _device(source: str) -> str:
    """The webcam that a source is, as a path; empty for what any number of readers may open."""
    if source == "auto":
        return source
    return f"/dev/video{int(source)}" if source.isdigit() else source if source.startswith("/dev/") else ""
