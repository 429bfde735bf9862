"""Clients that hold a connection and say or take nothing: everybody else is answered all the same."""

import resource
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from benchmarks.tools.processes import usage
from delivery.incoming import LIMIT
from tests.support.clients.streams import Viewer
from tests.support.servers.gunicorns import DEMO
from tests.support.servers.servers import free_port, running

SILENT = 1000
SHORT = 2.0
"""Seconds for a whole request where the real limit would keep the test waiting."""
HURRIED = f"""
import sys
from delivery import incoming
from gunicorn.app.wsgiapp import run
incoming.Deadlines.__init__.__defaults__ = ({SHORT},)
sys.argv = ["gunicorn", "main:app"]
run()
"""
HALF = "half a head"
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "


@pytest.fixture(scope="module", autouse=True)
def enough_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 8192), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture
def werkzeug():
    port = free_port()
    with running([sys.executable, "main.py"], port, {**DEMO, "EXPRESSION_PORT": str(port)}) as process:
        yield process, port


@pytest.fixture
def hurried():
    port = free_port()
    with running([sys.executable, "-c", HURRIED], port, {**DEMO, "EXPRESSION_PORT": str(port)}):
        yield port


def connected(port: int, first: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(first)
    return client


def is_answered(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        return b"</html>" in answer.read()


@pytest.mark.parametrize("server", ["werkzeug", "gunicorn"])
def test_a_thousand_silent_connections_take_no_thread_and_keep_nobody_waiting(request, server):
    process, port = request.getfixturevalue(server)
    viewer = Viewer(port)
    viewer.await_frames(5)
    before = usage(process.pid)
    with ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(connected(port))
        assert all(is_answered(port) for _ in range(3))
        assert usage(process.pid).threads < before.threads + 20
        viewer.await_frames(5)
    viewer.leave()


def test_who_sends_a_request_byte_by_byte_is_let_go_and_who_hands_in_a_file_is_not(hurried):
    let_go(hurried, SHORT, HALF)


@pytest.mark.long
def test_who_sends_a_request_byte_by_byte_or_half_of_it_is_let_go_and_who_hands_in_a_file_is_not(gunicorn):
    _, port = gunicorn
    let_go(port, LIMIT)


def let_go(port: int, limit: float, without: str = "") -> None:
    """Heads, and bodies that are no files; nobody may hold a thread for as long as they like."""
    start, answers, after = time.monotonic(), {}, {}
    ways = {
        HALF: HEAD,
        "head": HEAD,
        "body": b"POST /api/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n"
        b"Content-Type: application/json\r\n\r\n",
        "file": b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n",
    }
    with ExitStack() as stack:
        clients = {way: stack.enter_context(connected(port, first)) for way, first in ways.items() if way != without}
        while time.monotonic() < start + limit + 30 and len(answers) < len(clients) - 1:
            for way in clients.keys() - answers.keys():
                clients[way].settimeout(0.2)
                with suppress(TimeoutError):
                    clients[way].sendall(b"" if way == HALF else b"a")
                    answers[way], after[way] = clients[way].recv(15), time.monotonic() - start
    expected = {HALF: b"", "head": b"", "body": b"HTTP/1.1 400 BA"}
    assert answers == {way: answer for way, answer in expected.items() if way != without}
    assert after.get(HALF, 9) > 8
    assert min(after["head"], after["body"]) > limit - 1


def test_clients_that_do_not_hang_up_hold_up_nobody(gunicorn):
    _, port = gunicorn
    with ExitStack() as stack:
        for _ in range(20):
            request = HEAD + b"x\r\nConnection: close\r\n\r\n"
            client = stack.enter_context(connected(port, request))
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert is_answered(port)
