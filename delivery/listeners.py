"""The listeners to the cameras' events: adding and removing them, and the data of their events."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.cameras import Camera
from delivery.events import Channel, Event, Events
from delivery.stream import Hub


@dataclass(frozen=True, slots=True)
class Topic:
    """What a listener subscribes to: cameras by name, and the smoothing time constant of probabilities in seconds."""

    cameras: tuple[str, ...]
    smoothing: float


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """One listener; `watches` says whether it keeps the cameras open."""

    channel: Channel[Topic]
    watches: bool

    @property
    def hub(self) -> Hub[Event]:
        """The hub of its events."""
        return self.channel.hub


class Listeners:
    """All listeners of this process. The constructor starts nothing.

    Args:
        cameras: the cameras by name; may be filled later.
        server_info: what events say about the server beside its cameras, ready for JSON.
    """

    def __init__(self, cameras: Mapping[str, Camera], server_info: Callable[[], dict[str, Any]]) -> None:
        self._cameras = cameras
        self._server_info = server_info
        self._events: Events[Topic] = Events(self._make_data)
        self._listeners: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def enter(self, topic: Topic, watches: bool = True) -> Listener:
        """Add a listener, and open the cameras if it watches; each call needs one of `leave`."""
        if watches:
            for name in topic.cameras:
                self._cameras[name].add_listener()
        listener = Listener(self._events.enter(topic), watches)
        self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Remove a listener; idle cameras close by themselves."""
        self._listeners.remove(listener)
        self._events.leave(listener.channel)
        if listener.watches:
            for name in listener.channel.topic.cameras:
                self._cameras[name].remove_listener()

    def wake(self) -> None:
        """Send all listeners an event at once, because something has changed; thread-safe and quick."""
        self._events.wake()

    def close(self) -> None:
        """End every listener's stream for good."""
        self._events.close()

    def _make_data(self, topics: Sequence[Topic]) -> list[str]:
        """Make the data of some topics' events; a camera that several topics share is encoded once."""
        server, cameras = _json_line(self._server_info()), dict[tuple[str, float], str]()
        for topic in topics:
            for name in topic.cameras:
                if (name, topic.smoothing) not in cameras:
                    cameras[name, topic.smoothing] = self._camera(name, topic.smoothing)
        return [
            f'{server[:-1]},"cameras":[{",".join(cameras[name, topic.smoothing] for name in topic.cameras)}]}}'
            for topic in topics
        ]

    def _camera(self, name: str, smoothing: float) -> str:
        camera = self._cameras[name]
        return _json_line({**camera.summary(smoothing), "left": camera.ended_streams})


def _json_line(data: dict[str, Any]) -> str:
    """Encode data as JSON in one line, without spaces."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
