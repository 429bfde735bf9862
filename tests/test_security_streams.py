"""Who may be there no more is let go in the middle of a stream, whichever web server serves it."""

import json
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from access.connections import Connections, Identity
from tests.grants import Grants
from tests.servers import free_port, running

COMMANDS = {"werkzeug": [sys.executable, "main.py"], "gunicorn": [sys.executable, "-m", "gunicorn", "main:app"]}
STREAMS = ("/video_feed", "/api/events", "/api/own-camera")
LIMIT = 5.0
"""Seconds within which a stream must have ended; it is looked every second."""


@pytest.fixture(scope="module", params=COMMANDS)
def server(request, tmp_path_factory):
    grants, port = Grants(tmp_path_factory.mktemp("access")), free_port()
    env = {
        "EXPRESSION_SOURCE": "demo",
        "EXPRESSION_WIDTH": "320",
        "EXPRESSION_HEIGHT": "180",
        "EXPRESSION_ACCESS": str(grants.path),
        "EXPRESSION_PORT": str(port),
    }
    with running(COMMANDS[request.param], port, env):
        yield port, grants


def opened(port, path, token):
    """A socket on which a stream has begun."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=20)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {"Host": f"127.0.0.1:{port}", "Authorization": f"Bearer {token}"}
    if path == "/api/own-camera":
        headers |= {**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    assert connection.recv(12)[9:12] in (b"200", b"101")
    return connection


def ended(connection, seconds):
    """Whether a stream ends within some time; what still comes is read."""
    until = time.monotonic() + seconds
    connection.settimeout(0.2)
    while time.monotonic() < until:
        try:
            if not connection.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def viewers(port, grants):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/state", headers=grants.bearer("watch"))
    with urllib.request.urlopen(request, timeout=5) as answer:
        told = json.load(answer)
    return told["viewers"] + told["visitors"]


def test_streams_of_a_revoked_grant_end_within_seconds_and_those_of_others_go_on(server):
    port, grants = server
    _, token = grants.register.add("guest", "analyse")
    with closing(opened(port, "/video_feed", grants.tokens["watch"])) as other:
        guests = [opened(port, path, token) for path in STREAMS]
        assert not any(ended(guest, 0.3) for guest in guests)
        grants.register.revoke("guest")
        since = time.monotonic()
        assert all(ended(guest, LIMIT) for guest in guests)
        assert time.monotonic() - since < LIMIT
        assert not ended(other, 1.5), "somebody else's stream was ended"
        for guest in guests:
            guest.close()
        until = time.monotonic() + LIMIT
        while viewers(port, grants) != 1:
            assert time.monotonic() < until, "the server still counts who was let go"
            time.sleep(0.1)


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_asks_for_a_token_like_everything_else(server, path):
    port, _ = server
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5)
    with refused.value as error:
        assert error.code == 401
        assert error.headers["Cache-Control"] == "no-store"


def test_a_connection_that_serves_somebody_else_now_is_left_alone(monkeypatch):
    monkeypatch.setattr("access.connections.LOOK", 0.02)
    anna, ben = Identity("a", "anna", "watch"), Identity("b", "ben", "watch")
    late = Identity("a", "anna", "watch", until=time.time() - 1)
    connections = Connections(lambda identity: identity.grant == "a")
    pairs = [socket.socketpair() for _ in range(4)]
    for (ours, _), owners in zip(pairs, [(ben, anna), (anna, ben), (late,), (ben, None)], strict=True):
        for owner in owners:
            connections.serves(ours, owner)
    assert [ended(theirs, 0.3) for _, theirs in pairs] == [False, True, True, False]
    connections.close()
    for end in (end for pair in pairs for end in pair):
        end.close()
