import socket
import threading

import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage

from delivery.websocket import TOO_LARGE, Closed, HandshakeError, WebSocket

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEADERS = {
    "host": "localhost",
    "upgrade": "websocket",
    "connection": "keep-alive, Upgrade",
    "sec-websocket-key": KEY,
    "sec-websocket-version": "13",
}


class Peer:
    """The browser's end."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.protocol = WSConnection(ConnectionType.CLIENT)
        self.protocol.send(Request(host="localhost", target="/"))

    def opened(self) -> None:
        """Take the server's answer to the key above in place of the one that was made up here."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head, "the example of RFC 6455, 1.3"
        self.protocol = WSConnection(ConnectionType.CLIENT)
        request = self.protocol.send(Request(host="localhost", target="/"))
        server = WSConnection(ConnectionType.SERVER)
        server.receive_data(request)
        list(server.events())
        self.protocol.receive_data(server.send(AcceptConnection()))
        list(self.protocol.events())

    def send(self, *events) -> None:
        self.connection.sendall(b"".join(self.protocol.send(event) for event in events))

    def event(self):
        while True:
            for event in self.protocol.events():
                return event
            self.protocol.receive_data(self.connection.recv(65536) or None)


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    theirs.settimeout(30)
    with ours, theirs:
        link, peer = WebSocket(ours, HEADERS, limit=1000), Peer(theirs)
        link.accept({})
        peer.opened()
        yield link, peer


@pytest.mark.parametrize("lacking", ["upgrade", "connection", "sec-websocket-key", "sec-websocket-version"])
def test_a_request_that_lacks_something_is_no_handshake(lacking):
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(HandshakeError):
        WebSocket(ours, {name: value for name, value in HEADERS.items() if name != lacking}, limit=1000)


def test_messages_go_both_ways(pair):
    link, peer = pair
    peer.send(BytesMessage(data=b"picture"), TextMessage(data="grüße"))
    assert link.receive(30) == b"picture"
    assert link.receive(30) == "grüße"
    link.send('{"faces": []}')
    assert peer.event().data == '{"faces": []}'


def test_a_message_in_pieces_is_put_together_over_several_waits(pair):
    link, peer = pair
    peer.send(BytesMessage(data=b"one ", message_finished=False))
    with pytest.raises(TimeoutError):
        link.receive(0.05)
    peer.send(BytesMessage(data=b"two", message_finished=True))
    assert link.receive(30) == b"one two"


def test_waiting_ends(pair):
    link, _ = pair
    with pytest.raises(TimeoutError):
        link.receive(0.1)


def test_pings_are_answered_on_the_way(pair):
    link, peer = pair
    peer.send(Ping(payload=b"there?"), BytesMessage(data=b"frame"))
    assert link.receive(30) == b"frame"
    answer = peer.event()
    assert isinstance(answer, Pong)
    assert bytes(answer.payload) == b"there?"


@pytest.mark.parametrize("finished", [True, False])
def test_a_message_too_large_ends_the_connection_with_its_reason(pair, finished):
    link, peer = pair
    received = []
    thread = threading.Thread(target=lambda: received.append(peer.event()))
    thread.start()
    peer.send(BytesMessage(data=bytes(1001), message_finished=finished))
    with pytest.raises(Closed, match="at most 1000 bytes"):
        link.receive(30)
    thread.join(30)
    assert (received[0].code, received[0].reason) == (TOO_LARGE, "a message has at most 1000 bytes")


def test_many_small_pieces_count_together(pair):
    link, peer = pair
    peer.send(*(BytesMessage(data=bytes(100), message_finished=False) for _ in range(11)))
    with pytest.raises(Closed, match="at most 1000 bytes"):
        link.receive(30)


def test_a_close_is_answered_and_ends_it(pair):
    link, peer = pair
    peer.send(CloseConnection(code=1000))
    with pytest.raises(Closed, match="1000"):
        link.receive(30)
    assert isinstance(peer.event(), CloseConnection)


def test_a_peer_that_vanishes_ends_it(pair):
    link, peer = pair
    peer.connection.close()
    with pytest.raises(Closed):
        link.receive(30)


def test_nonsense_on_the_line_ends_it(pair):
    link, peer = pair
    peer.connection.sendall(b"\xff\xff\xff\xff" * 10)
    with pytest.raises(Closed, match="protocol"):
        link.receive(30)
    assert isinstance(peer.event(), CloseConnection)


def test_what_is_not_asked_for_waits_at_the_sender(pair):
    _, peer = pair
    peer.connection.settimeout(0.3)
    events = [BytesMessage(data=bytes(900))] * 10_000
    with pytest.raises(TimeoutError):
        peer.send(*events)


def test_a_peer_that_does_not_read_its_close_holds_nobody_up(pair):
    link, _ = pair
    link.close(1001, "x" * 500)  # returns
