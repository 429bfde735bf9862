import gc
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from access import connections
from access.connections import Connections, Identity
from access.sessions import Session
from tests.support.waiting import until

ANN, BEN = Identity("a", "ann", "watch"), Identity("b", "ben", "watch")
LIMIT = 10


class Allowed:
    """Who still has access, and how often that was asked."""

    def __init__(self) -> None:
        self.grants = {"a", "b"}
        self.asked = threading.Semaphore(0)

    def __call__(self, identity: Identity) -> bool:
        self.asked.release()
        return identity.grant in self.grants


@pytest.fixture
def allowed() -> Allowed:
    return Allowed()


@pytest.fixture
def made(monkeypatch, allowed) -> Iterator[Connections]:
    monkeypatch.setattr(connections, "CHECK_EVERY", 0.02)
    made = Connections(allowed)
    yield made
    made.close()
    if made._thread is not None:
        made._thread.join(LIMIT)
        assert not made._thread.is_alive()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    server, client = socket.socketpair()
    client.settimeout(LIMIT)
    with server, client:
        yield server, client


def views(allowed: Allowed) -> bool:
    """Whether it is asked twice from now on, so that one whole check has passed."""
    while allowed.asked.acquire(blocking=False):
        pass
    return all(allowed.asked.acquire(timeout=LIMIT) for _ in range(2))


def test_a_connection_is_shut_when_its_owner_is_allowed_no_more_and_others_stay(made, allowed, pair, caplog):
    caplog.set_level("INFO", "access")
    server, client = pair
    other, its_client = socket.socketpair()
    with other, its_client:
        made.register(server, ANN)
        made.register(other, BEN)
        assert views(allowed)
        server.send(b"x")
        assert client.recv(1) == b"x", "it is open yet"
        allowed.grants = {"b"}
        assert client.recv(1) == b""
        other.send(b"x")
        assert its_client.recv(1) == b"x"
        assert list(made._open) == [other]
    made.close()
    assert "ended a connection of the grant a" in caplog.text


def test_a_connection_ends_with_its_session(made, pair):
    server, client = pair
    session = Session("a", 0, "one", time.time() + 0.1)
    identity = Identity("a", "ann", "watch", session)
    assert (identity.until, ANN.until) == (session.until, float("inf"))
    made.register(server, identity)
    assert client.recv(1) == b""
    assert time.time() >= session.until


def test_a_connection_that_serves_anybody_now_is_left_alone(made, allowed, pair):
    server, client = pair
    made.register(server, ANN)
    made.register(server, None)
    allowed.grants = set()
    assert len(made._open) == 0
    made.register(server, None)
    server.send(b"x")
    assert client.recv(1) == b"x"


def test_a_connection_is_forgotten_when_it_is_gone(made, allowed):
    server, client = socket.socketpair()
    made.register(server, ANN)
    assert views(allowed)
    server.close()
    client.close()
    del server
    until(lambda: gc.collect() >= 0 and not len(made._open), LIMIT)


def test_there_is_a_thread_from_the_first_connection_on_and_none_after_the_end(made, pair):
    assert made._thread is None
    made.register(pair[0], None)
    assert made._thread is None
    made.register(pair[0], ANN)
    thread = made._thread
    made.register(pair[0], BEN)
    assert made._thread is thread
    made.close()
    assert not thread.is_alive()
    late = Connections(lambda _: True)
    late.close()
    late.register(pair[0], ANN)
    assert late._thread is None
