"""The newest-frame hub: one producer, any number of viewers. Knows nothing of cameras."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from delivery.viewers import Viewer
from faces import Face

BOUNDARY = "frame"
OPENING = f"--{BOUNDARY}\r\n".encode()
REPEAT_AFTER = 1.0
"""Seconds after which an unchanged picture is sent again, so that the write notices a viewer who has vanished."""

T = TypeVar("T")


class Item(Protocol):
    """Anything that can be sent: `part` holds the bytes for every viewer, made once."""

    @property
    def part(self) -> bytes:
        """The bytes, ready to follow those of the item before."""
        ...


Sent = TypeVar("Sent", bound=Item)


class Ended(Exception):  # noqa: N818 - an end is no error
    """The hub was closed: there will be no further item."""


class Hub(Generic[T]):
    """Holds the newest item only: slow readers skip items, fast ones wait. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._sequence = 0
        self._ended = False
        self._listeners: tuple[Callable[[], None], ...] = ()

    def publish(self, item: T) -> None:
        """Replace the item and wake all waiting threads."""
        with self._condition:
            self._item = item
            self._sequence += 1
            self._condition.notify_all()
        self._notify()

    def newest(self, after: int = 0, timeout: float = REPEAT_AFTER) -> tuple[int, T]:
        """Wait until the sequence number is above `after`; return it and the newest item.

        Raises:
            TimeoutError: nothing newer came within `timeout` seconds.
            Ended: the hub was closed.
        """
        with self._condition:
            self._condition.wait_for(lambda: self._ended or self._is_newer(after), timeout)
            if self._ended:
                raise Ended
            if self._item is None or not self._is_newer(after):
                raise TimeoutError(f"nothing new within {timeout:g} s")
            return self._sequence, self._item

    def peek(self) -> tuple[int, T | None]:
        """Return the sequence number and the newest item, if there is one, without waiting.

        Raises:
            Ended: the hub was closed.
        """
        with self._condition:
            if self._ended:
                raise Ended
            return self._sequence, self._item

    def _is_newer(self, after: int) -> bool:
        return self._item is not None and self._sequence > after

    def clear(self) -> None:
        """Forget the item, so that no viewer is shown an old one later."""
        with self._condition:
            self._item = None

    def close(self) -> None:
        """End the hub for good: every waiting thread, now or later, gets `Ended`."""
        with self._condition:
            self._ended = True
            self._item = None
            self._condition.notify_all()
        self._notify()

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Register a callback, called in the producer's thread at each new item and at the end; it must be quick."""
        with self._condition:
            self._listeners = (*self._listeners, listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """Remove a callback."""
        with self._condition:
            self._listeners = tuple(known for known in self._listeners if known != listener)

    def _notify(self) -> None:
        for listener in self._listeners:
            listener()


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded frame.

    `captured_at` is in seconds since the UTC epoch, `position` on the source's own clock. `drawn` marks a notice that
    is no camera frame. `faces` are those of this frame, smoothed as its view options say; their boxes are in pixels of
    the camera's frame, whose width and height are `size`.
    """

    jpeg: bytes
    number: int
    captured_at: float
    drawn: bool = False
    faces: tuple[Face, ...] = ()
    position: float = 0.0
    size: tuple[int, int] = (0, 0)

    def part(self) -> bytes:
        """Encode the frame as a part of multipart/x-mixed-replace (RFC 2046), closing boundary included.

        Browsers show a part only after the boundary that follows it, so it is sent with the part.
        """
        head = (
            f"Content-Type: image/jpeg\r\nContent-Length: {len(self.jpeg)}\r\n"
            f"X-Timestamp: {self.captured_at:.6f}\r\nX-Frame: {self.number}\r\n\r\n"
        )
        return b"".join((head.encode(), self.jpeg, b"\r\n", OPENING))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A picture with the bytes for every viewer, made once."""

    picture: Picture
    part: bytes


def parts(hub: Hub[Sent], viewer: Viewer, opening: bytes = OPENING) -> Iterator[bytes]:
    """Yield the body of one viewer's stream: the opening (a boundary for pictures), then the newest part when due."""
    yield opening
    sequence, newest = 0, None
    while True:
        try:
            sequence, newest = hub.newest(sequence)
            due = viewer.should_send(sequence)
        except TimeoutError:
            due = newest is not None and viewer.idle_for(REPEAT_AFTER)
        except Ended:
            return
        if due and newest is not None:
            yield newest.part
            viewer.record_sent(len(newest.part))
