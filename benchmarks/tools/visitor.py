"""A visitor with a camera of their own, like the page: JPEG frames over a WebSocket, one at a time."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    RejectConnection,
    Request,
    TextMessage,
)

HOST, ADDRESS = "127.0.0.1", "/api/own-camera"
TIMEOUT = 20.0
"""Longest wait for an answer in seconds."""


class Ended(Exception):  # noqa: N818 - an end is no error
    """The server closed the WebSocket, or refused it; `code` is the close's, or the HTTP status."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class Asker(Protocol):
    """A way to have frames analysed; `period` is the least time in seconds from one frame to the next."""

    period: float

    def ask(self, jpeg: bytes) -> Any:
        """Send a frame and wait for its answer."""
        ...

    def close(self) -> None:
        """End the connection."""
        ...


class Link:
    """The client's end of the WebSocket.

    Args:
        port: the server's, on this machine.
        origin: of the page that it pretends to come from; empty for a program.
        security: for TLS.

    Raises:
        Ended: the server refused it.
    """

    def __init__(self, port: int, origin: str = "", security: ssl.SSLContext | None = None) -> None:
        self.connection = socket.create_connection((HOST, port), timeout=TIMEOUT)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        headers = [(b"Origin", origin.encode())] if origin else []
        if security is not None:
            self.connection = security.wrap_socket(self.connection, server_hostname=HOST)
        request = Request(host=f"{HOST}:{port}", target=ADDRESS, extra_headers=headers)
        self.connection.sendall(self._protocol.send(request))
        event = self._event()
        if isinstance(event, RejectConnection):
            self.connection.close()
            raise Ended(event.status_code, "")
        assert isinstance(event, AcceptConnection)
        self.greeting = self.receive()
        self.period = 1 / self.greeting["fps"]

    def _event(self) -> Event:
        while True:
            for event in self._protocol.events():
                return event
            data = self.connection.recv(65536)
            self._protocol.receive_data(data or None)

    def send(self, data: bytes | str) -> None:
        """Send one message, binary or text."""
        event: Event = TextMessage(data=data) if isinstance(data, str) else BytesMessage(data=data)
        self.connection.sendall(self._protocol.send(event))

    def receive(self) -> Any:
        """Receive the next answer.

        Raises:
            Ended: the server closed the WebSocket.
        """
        text = ""
        while True:
            event = self._event()
            if isinstance(event, CloseConnection):
                raise Ended(int(event.code), event.reason or "")
            if isinstance(event, TextMessage):
                text += event.data
                if event.message_finished:
                    return json.loads(text)

    def ask(self, jpeg: bytes) -> Any:
        """Send a frame and wait for its answer."""
        self.send(jpeg)
        return self.receive()

    def close(self) -> None:
        """Cut the connection without a close, as a lost line does."""
        self.connection.close()


@dataclass
class Visitor(threading.Thread):
    """Plays a clip over and over for some seconds, in a thread of its own.

    Args:
        connect: makes the connection.
        jpegs: the clip's frames.
        seconds: how long.
        fps: the camera's frame rate; outdated frames are not sent.

    Attributes:
        trips: when each frame was sent, in seconds since the first, and seconds until its answer was decoded.
        faces: how many faces each answer has.
        failures: answers without faces.
    """

    connect: Callable[[], Asker]
    jpegs: Sequence[bytes]
    seconds: float
    fps: float = 30.0
    trips: list[tuple[float, float]] = field(default_factory=list)
    faces: list[int] = field(default_factory=list)
    failures: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Send the clip's newest frame, wait for the answer, and repeat."""
        link = self.connect()
        start, shown = time.monotonic(), -1
        while (now := time.monotonic()) < start + self.seconds:
            number = int((now - start) * self.fps)
            if number == shown:
                time.sleep(max(0.0, start + (number + 1) / self.fps - time.monotonic()))
                continue
            shown = number
            sent = time.monotonic()
            answer = link.ask(self.jpegs[number % len(self.jpegs)])
            self.trips.append((sent - start, time.monotonic() - sent))
            self.faces.append(len(answer.get("faces", ())))
            if "faces" not in answer:
                self.failures.append(answer)
            time.sleep(max(0.0, sent + link.period - time.monotonic()))
        link.close()
