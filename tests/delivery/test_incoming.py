import math
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from delivery import incoming
from delivery.incoming import MAX_DRAINED, Deadlines, close_unread, unread_bytes


def request(head: bytes, body: bytes = b""):
    """gunicorn's request for what a client sends."""
    return next(RequestParser(Config(), iter([head + b"\r\n\r\n" + body]), ("127.0.0.1", 1)))


POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def test_what_is_left_of_a_body_is_known_by_its_length_and_of_chunks_by_whether_they_have_ended():
    assert unread_bytes(request(b"GET / HTTP/1.1\r\nHost: a")) == 0
    assert unread_bytes(request(POST + b"Content-Length: 5", b"12345")) == 5
    chunks = request(POST + b"Transfer-Encoding: chunked", b"2\r\nab\r\n0\r\n\r\n")
    assert unread_bytes(chunks) == math.inf
    chunks.body.read()
    assert unread_bytes(chunks) == 0
    assert unread_bytes(SimpleNamespace(body=None)) == 0


@pytest.mark.parametrize(("length", "closes"), [(0, False), (MAX_DRAINED, False), (MAX_DRAINED + 1, True)])
def test_an_answer_closes_the_connection_where_more_is_left_than_is_read_away(length, closes):
    received = request(POST + b"Content-Length: %d" % length)
    close_unread(received)
    assert received.should_close() == closes


def test_an_answer_closes_the_connection_where_it_was_asked_to():
    received = request(POST + b"Connection: close\r\nContent-Length: 0")
    close_unread(received)
    assert received.should_close()


@pytest.fixture
def deadlines(monkeypatch):
    monkeypatch.setattr(incoming, "CHECK_EVERY", 0.02)
    made = Deadlines(limit=0.05)
    yield made
    made.close()
    made._thread.join(5)


def is_let_go(deadlines: Deadlines, asked=None, slowly: bool = False, within: float = 30.0) -> bool:
    """Whether a thread that waits for more of a request is told that there is no more."""
    sock, client = socket.socketpair()
    with sock, client, deadlines.limit(SimpleNamespace(sock=sock)):
        if asked is not None:
            deadlines.head_received(asked, slowly)
        sock.settimeout(within)
        try:
            return sock.recv(1) == b""
        except TimeoutError:
            return False


def test_who_sends_no_head_or_no_whole_body_in_time_is_let_go_and_nobody_else(deadlines):
    half = request(POST + b"Content-Length: 5")
    assert is_let_go(deadlines)
    assert is_let_go(deadlines, half)
    assert not is_let_go(deadlines, request(POST), within=0.3), "it has sent all, and waits for its answer"
    assert not is_let_go(deadlines, half, slowly=True, within=0.3), "it hands in a file"
    assert deadlines._pending == {}


def test_a_thread_that_goes_on_after_its_limit_keeps_nobody_else_from_being_let_go(deadlines):
    sock, client = socket.socketpair()
    with sock, client, deadlines.limit(SimpleNamespace(sock=sock)), ThreadPoolExecutor(1) as pool:
        sock.settimeout(30)
        assert sock.recv(1) == b""
        assert pool.submit(is_let_go, deadlines).result(30)


def test_one_thread_watches_all_and_none_before_the_first_or_after_the_end(monkeypatch):
    def watching() -> int:
        return sum(thread.name == "deadlines" for thread in threading.enumerate())

    monkeypatch.setattr(incoming, "CHECK_EVERY", 0.02)
    made = Deadlines()
    made.head_received(request(POST), slowly=False)
    assert watching() == 0
    for _ in range(2):
        with made.limit(SimpleNamespace(sock=None)):
            assert watching() == 1
    made.close()
    made._thread.join(5)
    with made.limit(SimpleNamespace(sock=None)):
        assert watching() == 0
