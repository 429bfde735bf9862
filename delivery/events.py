"""Server-sent events (HTML standard, 9.2), made once for all listeners of a topic; knows nothing of cameras."""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from delivery.stream import Hub

log = logging.getLogger("events")

EVERY = 0.25
"""Seconds from one event to the next."""
SOONEST = 0.02
"""The least seconds between two events when something has changed: several changes at once make one event."""
OPENING = b"retry: 1000\n\n"
"""The start of every stream: milliseconds after which a browser reconnects when its stream has ended."""

Topic = TypeVar("Topic", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Event:
    """The bytes that every listener of a topic is sent."""

    part: bytes


def state_event(number: int, data: str) -> Event:
    """An event called `state`; `data` must be a single line."""
    return Event(f"id: {number}\nevent: state\ndata: {data}\n\n".encode())


@dataclass(eq=False)
class Channel(Generic[Topic]):
    """One topic's hub and the number of its listeners."""

    topic: Topic
    hub: Hub[Event] = field(default_factory=Hub)
    listeners: int = 0


class Events(Generic[Topic]):
    """Makes the events of all topics with listeners, in one thread that runs only while there are any.

    Args:
        make_data: returns the data of some topics in their order, each a single line; called in that thread.
    """

    def __init__(self, make_data: Callable[[Sequence[Topic]], Sequence[str]]) -> None:
        self._make_data = make_data
        self._condition = threading.Condition()
        self._channels: dict[Topic, Channel[Topic]] = {}
        self._fresh: list[Channel[Topic]] = []
        self._thread: threading.Thread | None = None
        self._made_at = self._due = 0.0
        self._number = 0
        self._closed = False

    def enter(self, topic: Topic) -> Channel[Topic]:
        """Add a listener; a new topic's first event is made at once. Each call needs one of `leave`."""
        with self._condition:
            channel = self._channels.get(topic)
            if channel is None:
                channel = self._channels[topic] = Channel(topic)
                self._fresh.append(channel)
            channel.listeners += 1
            if self._closed:
                channel.hub.close()
            elif self._thread is None:
                self._thread = threading.Thread(target=self._run, name="events", daemon=True)
                self._thread.start()
            self._condition.notify()
        return channel

    def leave(self, channel: Channel[Topic]) -> None:
        """Remove a listener; the thread ends with the last one."""
        with self._condition:
            channel.listeners -= 1
            if not channel.listeners and self._channels.get(channel.topic) is channel:
                del self._channels[channel.topic]
                self._condition.notify()

    def wake(self) -> None:
        """Make the next events at once, because something has changed; thread-safe and quick."""
        with self._condition:
            self._due = min(self._due, self._made_at + SOONEST)
            self._condition.notify()

    def close(self, timeout: float = 1.0) -> None:
        """End every listener's stream and the thread for good."""
        with self._condition:
            self._closed = True
            channels, thread = list(self._channels.values()), self._thread
            self._condition.notify()
        for channel in channels:
            channel.hub.close()
        if thread is not None:
            thread.join(timeout)

    def _run(self) -> None:
        try:
            while channels := self._await():
                self._publish(channels)
        except Exception:
            log.exception("events could not be made; their listeners will reconnect")
            self._end_all()

    def _await(self) -> list[Channel[Topic]]:
        """Wait until events are due; return the channels that need one, or none when the thread is to end."""
        with self._condition:
            while self._channels and not self._closed:
                now = time.monotonic()
                if now >= self._due:
                    self._made_at, self._due, self._fresh = now, now + EVERY, []
                    return list(self._channels.values())
                if self._fresh:
                    fresh, self._fresh = self._fresh, []
                    return fresh
                self._condition.wait(self._due - now)
            self._thread = None
            return []

    def _publish(self, channels: Sequence[Channel[Topic]]) -> None:
        events = self._make_data([channel.topic for channel in channels])
        for channel, data in zip(channels, events, strict=True):
            self._number += 1
            channel.hub.publish(state_event(self._number, data))

    def _end_all(self) -> None:
        """End all streams; the next listener starts a new thread."""
        with self._condition:
            channels = list(self._channels.values())
            self._channels.clear()
            self._thread = None
        for channel in channels:
            channel.hub.close()
