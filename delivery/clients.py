"""Who sits in the fan-out: sockets that are written to without waiting, in a row for each hub."""

import socket
import threading
from collections.abc import Callable
from typing import Protocol

from delivery.stream import Item
from delivery.viewers import Viewer


class AnyHub(Protocol):
    """A hub of whatever can be sent: pictures, events."""

    def peek(self) -> tuple[int, Item | None]:
        """As `Hub.glance`."""
        ...

    def add_listener(self, listener: Callable[[], None]) -> None:
        """As `Hub.listen`."""
        ...

    def remove_listener(self, listener: Callable[[], None]) -> None:
        """As `Hub.unlisten`."""
        ...


class Client:
    """One viewer's socket, and what is still to be written of the part that it is being sent."""

    def __init__(self, connection: socket.socket, viewer: Viewer, chunked: bool) -> None:
        self.connection = connection
        self.number = connection.fileno()
        self.viewer = viewer
        self.chunked = chunked
        self.done = threading.Event()
        self.rest: memoryview | None = None
        self.blocked = False
        """Whether the kernel takes nothing at the moment, so that no part was begun."""

    @property
    def busy(self) -> bool:
        """Whether the kernel must take more before the next part can be offered."""
        return self.blocked or self.rest is not None

    def write(self, data: bytes | memoryview) -> None:
        """Write as much as the kernel takes without waiting, and keep the rest; a part not begun is not kept.

        Raises:
            OSError: the viewer is gone.
        """
        try:
            taken = self.connection.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            taken = 0
        self.blocked = taken == 0 and self.rest is None
        self.rest = memoryview(data)[taken:] if taken < len(data) and not self.blocked else None


class HubClients:
    """The viewers of one hub, and its newest part in the two forms in which it goes out."""

    def __init__(self, hub: AnyHub) -> None:
        self.hub = hub
        self.clients: set[Client] = set()
        self.sequence = 0
        self.plain = self.chunk = b""

    def refresh(self) -> bool:
        """Take the hub's newest part; whether there is a newer one.

        Raises:
            Ended: the hub was closed.
        """
        sequence, item = self.hub.peek()
        if item is None or sequence == self.sequence:
            return False
        self.sequence, self.plain = sequence, item.part
        self.chunk = b"%X\r\n%b\r\n" % (len(item.part), item.part)
        return True
