"""The clients of the fan-out: sockets that are written to without blocking, grouped by hub."""

import socket
import threading
from collections.abc import Callable
from typing import Protocol

from delivery.stream import Item
from delivery.viewers import Viewer


class AnyHub(Protocol):
    """A hub of anything that can be sent: pictures or events."""

    def peek(self) -> tuple[int, Item | None]:
        """As `Hub.peek`."""
        ...

    def add_listener(self, listener: Callable[[], None]) -> None:
        """As `Hub.add_listener`."""
        ...

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """As `Hub.remove_listener`."""
        ...


class Client:
    """One viewer's socket, and the unsent rest of the part that is being written."""

    def __init__(self, connection: socket.socket, viewer: Viewer, chunked: bool) -> None:
        self.connection = connection
        self.number = connection.fileno()
        self.viewer = viewer
        self.chunked = chunked
        self.done = threading.Event()
        self.rest: memoryview | None = None
        self.blocked = False
        """Whether the socket's buffer is full, so that no part was begun."""

    @property
    def busy(self) -> bool:
        """Whether the socket must become writable before the next part can be sent."""
        return self.blocked or self.rest is not None

    def write(self, data: bytes | memoryview) -> None:
        """Write as much as fits without blocking, and keep the rest; a part of which nothing fits is not kept.

        Raises:
            OSError: the viewer has disconnected.
        """
        try:
            sent = self.connection.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        self.blocked = sent == 0 and self.rest is None
        self.rest = memoryview(data)[sent:] if sent < len(data) and not self.blocked else None


class HubClients:
    """The clients of one hub, and the hub's newest part, plain and framed as a chunk."""

    def __init__(self, hub: AnyHub) -> None:
        self.hub = hub
        self.clients: set[Client] = set()
        self.sequence = 0
        self.plain = self.chunk = b""

    def refresh(self) -> bool:
        """Take the hub's newest part; return whether it is new.

        Raises:
            Ended: the hub was closed.
        """
        sequence, item = self.hub.peek()
        if item is None or sequence == self.sequence:
            return False
        self.sequence, self.plain = sequence, item.part
        self.chunk = b"%X\r\n%b\r\n" % (len(item.part), item.part)
        return True
