"""All settings: name, type, unit, bounds, default and help. `config.loader` loads their values."""

from dataclasses import Field, dataclass, field, fields
from typing import Any

PREFIX = "EXPRESSION_"
REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
"""The schemes of a Redis server's address."""


def _setting(
    default: Any,
    description: str,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    group: str = "server",
    secret: bool = False,
) -> Any:
    metadata = {"help": description, "unit": unit, "low": low, "high": high, "choices": choices, "group": group}
    return field(default=default, metadata={**metadata, "secret": secret})


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of one server, checked when loaded; each is documented in docs/settings.md.

    A field's metadata holds its help, unit, bounds, choices and group, and whether its value is a secret.
    """

    source: tuple[str, ...] = _setting(
        ("auto",),
        "where frames come from: auto (the first webcam, else the demo), a camera number, a device path, a video "
        "file, an http or rtsp address, or demo; NAME=SOURCE names it; repeat for several (environment: ';' between)",
    )
    host: str = _setting("127.0.0.1", "address to listen on")
    port: int = _setting(5000, "port to listen on; 0 takes any free one", low=0, high=65535)
    insecure_public: bool = _setting(
        False, "whether everybody on other machines may watch and do everything where there is no access control"
    )
    hosts: tuple[str, ...] = _setting(
        ("localhost",),
        "names by which browsers may call this server, besides addresses and this machine's own name; repeat for "
        "several (environment: ';' between)",
    )
    proxies: int = _setting(
        0, "proxies in front, whose X-Forwarded-For and X-Forwarded-Proto are believed", low=0, high=5
    )
    access: str = _setting("access.json", "file that says who may come in; `main.py access` writes it", group="access")
    max_viewers: int = _setting(200, "viewers at a time; one more is asked to come back later", low=1, high=2000)
    max_listeners: int = _setting(
        200, "listeners to events at a time; one more is asked to come back later", low=1, high=2000
    )
    max_visitors: int = _setting(
        8, "visitors at a time who show their own camera; one more is asked to come back later", low=0, high=500
    )
    visitor_fps: float = _setting(
        20.0, "frames of a visitor's own camera that are looked at", unit="frames/s", low=1, high=60
    )
    workers: int = _setting(
        1, "gunicorn's worker processes; more than one wants redis_url, since a camera has one owner", low=1, high=64
    )
    redis_url: str = _setting(
        "",
        "Redis server, such as redis://host:6379/0, over which this server shows the cameras of `main.py camera`, "
        "which gives that address too; empty for cameras of its own",
    )
    idle: float = _setting(5.0, "time without viewers after which a camera is closed", unit="s", low=0, high=3600)
    log_level: str = _setting("info", "what the log tells", choices=("debug", "info", "warning", "error"))
    log_format: str = _setting(
        "text", "form of the log: lines for people, or one JSON object an event for programs", choices=("text", "json")
    )
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
    detector: str = _setting(
        "auto",
        "what finds faces: blazeface, a small network that finds small, turned and tilted ones too; haar, OpenCV's "
        "cascade; auto is blazeface where it can run",
        choices=("auto", "blazeface", "haar"),
        group="faces",
    )
    search_width: int = _setting(
        480,
        "width to which a live frame is reduced before faces are followed, and before haar searches it",
        unit="px",
        low=80,
        high=3840,
        group="faces",
    )
    search_every: float = _setting(
        0.3,
        "time between searches for new faces, where something changed; known ones are followed in every frame",
        unit="s",
        low=0,
        high=60,
        group="faces",
    )
    min_face: float = _setting(
        0.0,
        "smallest face searched for, as a share of the frame's shorter side; 0 for as small as the detector does well: "
        "0.03 live and in videos and 20 pixels in pictures with blazeface, 0.1 with haar",
        low=0,
        high=1,
        group="faces",
    )
    scale_factor: float = _setting(
        1.1,
        "step between haar's face sizes; smaller finds more, slower",
        low=1.01,
        high=2,
        group="faces",
    )
    neighbours: int = _setting(
        5, "overlapping finds of haar that make a face; more means fewer false ones", low=1, high=50, group="faces"
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
    privacy: str = _setting(
        "off",
        "what is done to the faces of live cameras, for all who watch: off, blur makes them unrecognisable, emoji "
        "covers them as well; a viewer may choose more of it, never less",
        choices=("off", "blur", "emoji"),
        group="picture",
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
    upload_rate: float = _setting(
        10.0,
        "files that one client may hand in over time, after some at once; who uses the server's own machine without "
        "logging in is not held to it",
        unit="files/s",
        low=0.01,
        high=10_000,
        group="files",
    )
    max_records: int = _setting(
        2, "records of live cameras that are made at a time; 0 turns recording off", low=0, high=50, group="files"
    )
    record_minutes: float = _setting(
        60.0, "longest record, which then ends by itself", unit="min", low=0.01, high=1440, group="files"
    )
    storage: str = _setting(
        "storage", "folder for records, and for videos that were handed in with their results", group="files"
    )
    keep: float = _setting(24.0, "time after which they are deleted", unit="h", low=0, high=100_000, group="files")
    queue: str = _setting(
        "auto",
        "where videos wait: sqlite, in that folder, or a Redis server such as redis://host:6379/0; auto is the server "
        "of redis_url where there is one, else sqlite",
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
    """A setting's command line option, such as --max-viewers."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """A setting's environment variable, such as EXPRESSION_MAX_VIEWERS."""
    return PREFIX + name.upper()


def describe(name: str) -> str:
    """Describe a setting in one line: its help, unit, bounds or choices, and default."""
    item = SETTINGS[name]
    unit, low, high, choices = (item.metadata[key] for key in ("unit", "low", "high", "choices"))
    default = "; ".join(item.default) if isinstance(item.default, tuple) else item.default
    default = str(default).lower() if isinstance(default, bool) else default if default != "" else "none"
    bounds = ", ".join(choices) or (f"{low:g} to {high:g}" if low is not None else "")
    notes = [note for note in (f"{bounds} {unit}".strip(), f"default {default}") if note]
    return f"{item.metadata['help']} ({'; '.join(notes)})"
