"""The messages that go through Redis, and their keys: pictures, camera reports, subscriptions of web processes.

An empty message on the channel of a key's name announces that the key has changed. Readers then get the value, so only
the newest value is ever sent, and Redis queues nothing for slow readers.
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
"""The number is the version of the protocol; processes of another version are not seen."""
CAMERAS = f"{PREFIX}:cameras"
"""The set of the cameras' names; the name of a killed node stays until a web process drops it."""
CHANGES = f"{PREFIX}:changes"
"""The channel that announces that a camera node starts or ends."""


def picture_key(camera: str, view: ViewOptions) -> str:
    """Key of a camera's newest picture with some view options."""
    return f"{PREFIX}:picture:{camera}:{view}"


def report_key(camera: str) -> str:
    """Key of a camera's newest report."""
    return f"{PREFIX}:report:{camera}"


def subscriptions_channel(camera: str) -> str:
    """Channel on which a camera node receives subscriptions."""
    return f"{PREFIX}:wishes:{camera}"


def lock_key(camera: str) -> str:
    """Key that holds the owner of a camera's name."""
    return f"{PREFIX}:lease:{camera}"


def inbox_channel(process: str) -> str:
    """Channel on which a process receives its own heartbeat, and learns that its subscriptions have changed."""
    return f"{PREFIX}:inbox:{process}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a web process subscribes to of one camera, and who watches it there.

    `process` is the sender's name. `here` holds the ids of the streams being sent, `left` of those that ended lately.
    `viewers` counts viewers, `listeners` clients that get events only. `counts` are `Viewers.counts`. `bye` says that
    the process ends.
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
    """A camera's state, for all web processes.

    `state` is the camera's state in the API. `faces` are the faces of the newest frame as in the API, by the smoothing
    time constants that were requested. `views` are those that are drawn. The other fields are `Subscription`'s, summed
    over all web processes.
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
    """Encode a message as MessagePack."""
    return _encoder.encode(message)


def picture_of(data: bytes) -> Picture:
    """Decode a picture.

    Raises:
        RelayError: the data is no picture.
    """
    picture: Picture = _unpack(data, Picture)
    return picture


def report_of(data: bytes) -> Report:
    """Decode a report; raises as `picture_of`."""
    report: Report = _unpack(data, Report)
    return report


def subscription_of(data: bytes) -> Subscription:
    """Decode a subscription; raises as `picture_of`."""
    subscription: Subscription = _unpack(data, Subscription)
    return subscription


def _unpack(data: bytes, kind: type[Any]) -> Any:
    try:
        return _decoders[kind].decode(data)
    except (msgspec.MsgspecError, ValueError) as error:
        expected = kind.__name__.lower()
        raise RelayError(
            f"Redis holds something that is no {expected} ({error}); do all nodes run one version?"
        ) from None
