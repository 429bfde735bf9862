"""What travels through Redis, and under which names: pictures, reports on cameras, wishes of web processes.

A key that changes is told of by an empty message on a channel of the same name; who wants the value reads it, so that
only the newest is ever sent, and nothing waits in Redis for who is slow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from delivery.counters import Counters
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from errors import RelayError

PREFIX = "expression:1"
"""The number is that of the form of all this: who speaks another one is not seen."""
CAMERAS = f"{PREFIX}:cameras"
"""The set of the cameras' names; that of a node which was killed stays until a web process drops it."""
CHANGES = f"{PREFIX}:changes"
"""The channel that tells when a camera node begins or ends."""


def picture_key(camera: str, view: ViewOptions) -> str:
    """Where a camera's newest picture in a look is."""
    return f"{PREFIX}:picture:{camera}:{view}"


def report_key(camera: str) -> str:
    """Where a camera's newest report is."""
    return f"{PREFIX}:report:{camera}"


def subscriptions_channel(camera: str) -> str:
    """Where a camera node hears what is wanted of a camera."""
    return f"{PREFIX}:wishes:{camera}"


def lock_key(camera: str) -> str:
    """Where the name of a camera's owner is."""
    return f"{PREFIX}:lease:{camera}"


def inbox_channel(process: str) -> str:
    """Where a process hears its own signs of life, and that it is to look again at what it follows."""
    return f"{PREFIX}:inbox:{process}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a web process wants of a camera, and who watches it there.

    `process` is the sender's name. `here` are the ids of streams that are being sent, `left` those that have ended
    lately, `viewers` how many there are, `listeners` for how many it is open without a picture. `counts` are
    `Viewers.counts`. With `bye` the process ends.
    """

    process: str
    views: tuple[ViewOptions, ...] = ()
    smoothings: tuple[float, ...] = ()
    viewers: int = 0
    listeners: int = 0
    here: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    bye: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """How a camera fares.

    `state` is what the API tells. `faces` has the faces of the newest frame, as the API tells them, by time constants
    that were asked for. `views` are those that are drawn. The others are `Subscription`'s, of all web processes
    together.
    """

    state: dict[str, Any]
    faces: dict[float, list[dict[str, Any]]]
    notice: str
    counters: Counters
    views: tuple[ViewOptions, ...]
    here: tuple[str, ...]
    left: tuple[str, ...]
    counts: Mapping[str, int]


Message = Picture | Report | Subscription

_encoder = msgspec.msgpack.Encoder()
_decoders = {kind: msgspec.msgpack.Decoder(kind) for kind in (Picture, Report, Subscription)}


def pack(message: Message) -> bytes:
    """A message as MessagePack."""
    return _encoder.encode(message)


def picture_of(data: bytes) -> Picture:
    """The picture that was packed.

    Raises:
        RelayError: it is none.
    """
    picture: Picture = _unpack(data, Picture)
    return picture


def report_of(data: bytes) -> Report:
    """The report that was packed; raises as `picture_of`."""
    report: Report = _unpack(data, Report)
    return report


def subscription_of(data: bytes) -> Subscription:
    """The wish that was packed; raises as `picture_of`."""
    wish: Subscription = _unpack(data, Subscription)
    return wish


def _unpack(data: bytes, kind: type[Any]) -> Any:
    try:
        return _decoders[kind].decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        told = f"Redis holds something that is no {kind.__name__.lower()} ({error}); do all nodes run one version?"
        raise RelayError(told) from None
