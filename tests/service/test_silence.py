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
from tests.support.servers.servers import free_port, running

SMALL = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180", "EXPRESSION_FPS": "15"}
SILENT = 1000
COMMANDS = {"werkzeug": [sys.executable, "main.py"], "gunicorn": [sys.executable, "-m", "gunicorn", "main:app"]}
HEAD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: "


@pytest.fixture(scope="module", autouse=True)
def enough_files() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[1], 8192), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(params=COMMANDS)
def served(request):
    port = free_port()
    with running(COMMANDS[request.param], port, {**SMALL, "EXPRESSION_PORT": str(port)}) as process:
        yield process, port


def connected(port: int, first: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(first)
    return client


def seconds_to_answer(port: int) -> float:
    start = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert b"</html>" in answer.read()
    return time.monotonic() - start


def test_a_thousand_silent_connections_take_no_thread_and_keep_nobody_waiting(served):
    process, port = served
    viewer = Viewer(port, seconds=4)
    viewer.await_parts(5)
    before = usage(process.pid)
    with ExitStack() as stack:
        for _ in range(SILENT):
            stack.enter_context(connected(port))
        assert max(seconds_to_answer(port) for _ in range(3)) < 2
        assert usage(process.pid).threads < before.threads + 20
        viewer.join(30)
        assert viewer.keeps_pace(15)


@pytest.mark.parametrize("served", ["gunicorn"], indirect=True)
def test_who_sends_a_request_byte_by_byte_or_half_of_it_is_let_go_and_who_hands_in_a_file_is_not(served):
    """Heads, and bodies that are no files; nobody may hold a thread for as long as they like."""
    _, port = served
    start, told, after = time.monotonic(), {}, {}
    ways = {
        "half a head": HEAD,
        "head": HEAD,
        "body": b"POST /api/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n"
        b"Content-Type: application/json\r\n\r\n",
        "file": b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n",
    }
    with ExitStack() as stack:
        clients = {way: stack.enter_context(connected(port, first)) for way, first in ways.items()}
        while time.monotonic() < start + LIMIT + 6 and len(told) < 3:
            for way in clients.keys() - told.keys():
                clients[way].settimeout(0.2)
                with suppress(TimeoutError):
                    clients[way].sendall(b"" if way.startswith("half") else b"a")
                    told[way], after[way] = clients[way].recv(15), time.monotonic() - start
    assert told == {"half a head": b"", "head": b"", "body": b"HTTP/1.1 400 BA"}
    assert after["half a head"] > 8
    assert min(after["head"], after["body"]) > LIMIT - 1


def test_clients_that_do_not_hang_up_hold_up_nobody():
    port = free_port()
    with running(COMMANDS["gunicorn"], port, {**SMALL, "EXPRESSION_PORT": str(port)}), ExitStack() as stack:
        for _ in range(20):
            request = HEAD + b"x\r\nConnection: close\r\n\r\n"
            client = stack.enter_context(connected(port, request))
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert seconds_to_answer(port) < 2
