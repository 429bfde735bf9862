"""The server side of a WebSocket (RFC 6455), read and written by the thread that serves it; knows nothing of pictures.

wsproto does the framing. No thread reads ahead: unread data waits in the kernel, and then at the sender.
"""

import socket
import time
from collections.abc import Mapping
from contextlib import suppress

from wsproto import ConnectionType, WSConnection
from wsproto.connection import ConnectionState
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Message, Ping, Request, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

CHUNK = 65536
"""The most bytes to read at once."""
STALL = 5.0
"""Seconds after which a write that the peer does not read fails."""
LINGER = 0.5
"""Seconds to wait for the peer's close."""

NORMAL, AWAY, UNFIT, TOO_LARGE, FAILED = 1000, 1001, 1008, 1009, 1011
"""Close codes of RFC 6455, 7.4.1: normal, server stops, rule broken, message too large, internal error."""


class Closed(Exception):  # noqa: N818 - an end is no error
    """The connection has ended; the message says why."""


class HandshakeError(Exception):
    """A request that is no valid WebSocket handshake."""


class WebSocket:
    """One connection with a WebSocket request; nothing is sent before `accept`.

    Args:
        connection: a connected socket from which the request's head has been read.
        headers: the request's headers, by lower-case name.
        limit: bytes of the largest accepted message.

    Raises:
        HandshakeError: the headers are no WebSocket handshake.
    """

    def __init__(self, connection: socket.socket, headers: Mapping[str, str], limit: int) -> None:
        self._connection = connection
        self._protocol = WSConnection(ConnectionType.SERVER)
        self._limit = limit
        self._parts: list[bytes | str] = []
        self._size = 0
        try:
            pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
            self._protocol.initiate_upgrade_connection(pairs, "/")
            requests = [event for event in self._protocol.events() if isinstance(event, Request)]
        except (RemoteProtocolError, LocalProtocolError) as error:
            raise HandshakeError(str(error)) from None
        if not requests:
            raise HandshakeError("the request asks for no WebSocket")

    def accept(self, headers: Mapping[str, str]) -> None:
        """Accept the handshake, with additional headers.

        Raises:
            Closed: the peer is gone.
        """
        if self._connection.family in (socket.AF_INET, socket.AF_INET6):
            self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        extra = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        self._write(self._protocol.send(AcceptConnection(extra_headers=extra)))

    def receive(self, timeout: float) -> bytes | str:
        """Return the next whole message, binary or text; answer pings on the way.

        Raises:
            TimeoutError: none came within `timeout` seconds; partial input is kept for the next call.
            Closed: the connection has ended, or was closed for a message too large or a protocol error.
        """
        until = time.monotonic() + timeout
        while True:
            message = self._next()
            if message is not None:
                return message
            self._read(until - time.monotonic())

    def _next(self) -> bytes | str | None:
        """The next complete message among the data read, if there is one."""
        for event in self._protocol.events():
            if isinstance(event, BytesMessage | TextMessage):
                message = self._collect(event)
                if message is not None:
                    return message
            elif isinstance(event, Ping):
                self._write(self._protocol.send(event.response()))
            elif isinstance(event, CloseConnection):
                self._end(event)
        return None

    def _end(self, event: CloseConnection) -> None:
        """Answer the peer's close; wsproto reports a protocol error as if it were one."""
        if self._protocol.state is ConnectionState.REMOTE_CLOSING:
            with suppress(Closed):
                self._write(self._protocol.send(event.response()))
            raise Closed(f"the other side closed it ({event.code})")
        self.close(event.code, event.reason or "")
        raise Closed(f"the other side broke the protocol: {event.reason}")

    def _collect(self, event: BytesMessage | TextMessage) -> bytes | str | None:
        self._size += len(event.data)
        if self._size > self._limit:
            reason = f"a message has at most {self._limit} bytes"
            self.close(TOO_LARGE, reason)
            raise Closed(reason)
        self._parts.append(event.data if isinstance(event.data, str) else bytes(event.data))
        if not event.message_finished:
            return None
        parts, self._parts, self._size = self._parts, [], 0
        if isinstance(event, TextMessage):
            return "".join(part for part in parts if isinstance(part, str))
        return b"".join(part for part in parts if isinstance(part, bytes))

    def _read(self, timeout: float) -> None:
        if timeout <= 0:
            raise TimeoutError
        self._connection.settimeout(timeout)
        try:
            data = self._connection.recv(CHUNK)
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed(f"the connection broke: {error}") from None
        if not data:
            raise Closed("the other side has gone")
        self._protocol.receive_data(data)

    def send(self, text: str) -> None:
        """Send a text message.

        Raises:
            Closed: the peer is gone, or reads nothing.
        """
        message: Message[str] = TextMessage(data=text)
        self._write(self._protocol.send(message))

    def _write(self, data: bytes) -> None:
        self._connection.settimeout(STALL)
        try:
            self._connection.sendall(data)
        except OSError as error:
            raise Closed(f"the connection broke: {error}") from None

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Send a close with a reason of up to 120 bytes; then wait briefly for the peer's close.

        Without that wait, unread data from the peer would make the kernel reset the connection, and the reason would be
        lost.
        """
        with suppress(Closed, LocalProtocolError, OSError):
            shortened = reason.encode()[:120].decode(errors="ignore")
            self._write(self._protocol.send(CloseConnection(code, shortened)))
            self._connection.shutdown(socket.SHUT_WR)
            self._drain(time.monotonic() + LINGER)

    def _drain(self, until: float) -> None:
        while (left := until - time.monotonic()) > 0:
            self._connection.settimeout(left)
            if not self._connection.recv(CHUNK):
                return
