"""Who may be there no more is let go in the middle of a stream, whichever web server serves it."""

import http.client
import json
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing
from urllib.parse import urlencode

import pytest

from access.connections import Connections, Identity
from access.sessions import Session
from tests.support.servers.grants import Grants
from tests.support.servers.recorded import film
from tests.support.servers.servers import free_port, running
from tests.support.waiting import until

COMMANDS = {"werkzeug": [sys.executable, "main.py"], "gunicorn": [sys.executable, "-m", "gunicorn", "main:app"]}
STREAMS = ("/video_feed", "/api/events", "/api/own-camera")
LIMIT = 30.0
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
        "EXPRESSION_STORAGE": str(grants.path.with_name("storage")),
    }
    with running(COMMANDS[request.param], port, env):
        yield port, grants


def ask(port, path, proof, data=None):
    """The JSON that is answered to a proof of who asks, a header."""
    headers = {**proof, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def submitted(port, path, cookie="", **form):
    """The head of the answer to a form of the log-in page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    with closing(connection):
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        assert answer.status == 303
        return answer.headers


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def opened(port, path, proof):
    """A socket on which a stream has begun, for who shows a proof."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {"Host": f"127.0.0.1:{port}", **proof}
    if path == "/api/own-camera":
        headers |= {**upgrade, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.sendall("\r\n".join(lines).encode())
    assert connection.recv(12)[9:12] in (b"200", b"101")
    return connection


def ended(connection, seconds):
    """Whether a stream ends within some time; what still comes is read."""
    end = time.monotonic() + seconds
    connection.settimeout(0.2)
    while time.monotonic() < end:
        try:
            if not connection.recv(1 << 16):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


def viewers(port, grants):
    state = ask(port, "/api/state", grants.bearer("watch"))
    return state["viewers"] + state["visitors"]


def test_streams_of_a_revoked_grant_end_and_those_of_others_go_on(server):
    port, grants = server
    _, token = grants.register.add("guest", "analyse")
    with closing(opened(port, "/video_feed", grants.bearer("watch"))) as other:
        guests = [opened(port, path, bearer(token)) for path in STREAMS]
        assert not any(ended(guest, 0.3) for guest in guests)
        grants.register.revoke("guest")
        assert all(ended(guest, LIMIT) for guest in guests)
        assert not ended(other, 1.5), "somebody else's stream was ended"
        for guest in guests:
            guest.close()
        until(lambda: viewers(port, grants) == 1)


def test_streams_of_a_session_end_with_its_log_out_and_those_of_the_same_grant_go_on(server):
    port, grants = server
    cookie = submitted(port, "/login", password=grants.tokens["analyse"])["Set-Cookie"].partition(";")[0]
    with closing(opened(port, "/video_feed", grants.bearer("analyse"))) as other:
        copies = [opened(port, path, {"Cookie": cookie}) for path in STREAMS]
        assert not any(ended(copy, 0.3) for copy in copies)
        submitted(port, "/logout", cookie)
        assert all(ended(copy, LIMIT) for copy in copies)
        assert not ended(other, 0.2), "the token is still good"
        for copy in copies:
            copy.close()


def test_a_record_of_a_revoked_grant_ends_and_is_whole(server):
    port, grants = server
    _, token = grants.register.add("filmer", "analyse")
    path = f"/api/records/{ask(port, '/api/records', bearer(token), b'{}')['id']}"
    until(lambda: ask(port, path, bearer(token))["duration"] >= 1)
    grants.register.revoke("filmer")
    until(lambda: ask(port, path, grants.bearer("analyse"))["status"] == "done")
    summary = ask(port, path, grants.bearer("analyse"))
    assert summary["message"] == "The person who started it lost access."
    assert len(film(grants.path.with_name("storage") / path.removeprefix("/api/") / "video.mp4")) > 5


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_asks_for_a_token_like_everything_else(server, path):
    port, _ = server
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30)
    with refused.value as error:
        assert error.code == 401
        assert error.headers["Cache-Control"] == "no-store"


def test_a_connection_that_serves_somebody_else_now_is_left_alone(monkeypatch):
    monkeypatch.setattr("access.connections.CHECK_EVERY", 0.02)
    anna, ben = Identity("a", "anna", "watch"), Identity("b", "ben", "watch")
    late = Identity("a", "anna", "watch", Session("a", 0, "x", time.time() - 1))
    connections = Connections(lambda identity: identity.grant == "a")
    pairs = [socket.socketpair() for _ in range(4)]
    for (ours, _), owners in zip(pairs, [(ben, anna), (anna, ben), (late,), (ben, None)], strict=True):
        for owner in owners:
            connections.register(ours, owner)
    assert [ended(pairs[place][1], 30) for place in (1, 2)] == [True, True]
    assert [ended(pairs[place][1], 0.3) for place in (0, 3)] == [False, False]
    connections.close()
    for end in (end for pair in pairs for end in pair):
        end.close()
