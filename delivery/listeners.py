"""Those who listen to the cameras' events: let in and out, and what they are told."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.cameras import Camera
from delivery.events import Channel, Event, Events
from delivery.stream import Hub


@dataclass(frozen=True, slots=True)
class Topic:
    """What a listener wants to hear of: cameras by name, and the time constant of their probabilities in seconds."""

    cameras: tuple[str, ...]
    smoothing: float


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """One who listens; `watches` says whether the cameras are kept open for it."""

    channel: Channel[Topic]
    watches: bool

    @property
    def hub(self) -> Hub[Event]:
        """Where its events come."""
        return self.channel.hub


class Listeners:
    """Counts listeners in and out. Building it starts nothing.

    Args:
        engines: the cameras by name; may be filled later.
        about: what is told of the server beside its cameras, fit for JSON.
    """

    def __init__(self, engines: Mapping[str, Camera], about: Callable[[], dict[str, Any]]) -> None:
        self._engines = engines
        self._about = about
        self._events: Events[Topic] = Events(self._tell)
        self._here: set[Listener] = set()

    def __len__(self) -> int:
        return len(self._here)

    def enter(self, topic: Topic, watches: bool = True) -> Listener:
        """Let one in, and have the cameras open where it watches; each call wants one of `leave`."""
        if watches:
            for name in topic.cameras:
                self._engines[name].add_listener()
        listener = Listener(self._events.enter(topic), watches)
        self._here.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Let one out; the cameras close by themselves when nobody comes back in time."""
        self._here.remove(listener)
        self._events.leave(listener.channel)
        if listener.watches:
            for name in listener.channel.topic.cameras:
                self._engines[name].remove_listener()

    def wake(self) -> None:
        """Tell all listeners at once that something has changed; called by any thread, and quick."""
        self._events.wake()

    def close(self) -> None:
        """End every listener's stream, for good."""
        self._events.close()

    def _tell(self, topics: Sequence[Topic]) -> list[str]:
        """The data of some topics' events; what several of them tell of one camera is put into words once."""
        about, told = _line(self._about()), dict[tuple[str, float], str]()
        for topic in topics:
            for name in topic.cameras:
                if (name, topic.smoothing) not in told:
                    told[name, topic.smoothing] = self._camera(name, topic.smoothing)
        return [
            f'{about[:-1]},"cameras":[{",".join(told[name, topic.smoothing] for name in topic.cameras)}]}}'
            for topic in topics
        ]

    def _camera(self, name: str, smoothing: float) -> str:
        engine = self._engines[name]
        return _line({**engine.summary(smoothing), "left": engine.ended_streams})


def _line(told: dict[str, Any]) -> str:
    """JSON in one line, without spaces."""
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False)
