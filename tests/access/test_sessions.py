"""A log-out ends the session wherever its cookie was copied to, on every server that shares the file of grants."""

import json
import socket
import threading
import time
from pathlib import Path

import pytest
from itsdangerous import URLSafeTimedSerializer

from access import sessions
from access.guard import ANYBODY, Guard
from access.register import Register
from config.settings import Settings
from errors import AccessError
from main import create_app, main
from tests.support.servers.grants import Grants

OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", "Accept": "text/html"}


@pytest.fixture
def grants(tmp_path):
    return Grants(tmp_path)


@pytest.fixture
def guard(grants):
    return Guard(grants.path)


def application(grants):
    return create_app(Settings(source=("demo",), width=320, height=180, idle=0.2, access=str(grants.path)))


@pytest.fixture
def worker(grants):
    return application(grants).test_client()


def log_in(client, token):
    """The cookie of a new session."""
    answer = client.post("/login", data={"password": token}, headers=OURS)
    assert answer.status_code == 303
    return client.get_cookie("expression_session").value


def status(client, cookie):
    """What a program is answered that shows a cookie which it has copied."""
    client = client.application.test_client()
    client.set_cookie("expression_session", cookie)
    return client.get("/api/cameras").status_code


def test_a_copied_cookie_ends_with_the_log_out_on_every_worker_and_after_a_restart(worker, grants):
    other = application(grants).test_client()
    cookie, elsewhere = log_in(worker, grants.tokens["watch"]), log_in(other, grants.tokens["watch"])
    assert [status(client, cookie) for client in (worker, other)] == [200, 200]
    left = worker.post("/logout", headers=OURS)
    assert (left.status_code, left.location) == (303, "/login")
    assert worker.get_cookie("expression_session") is None
    assert [status(client, cookie) for client in (worker, other, application(grants).test_client())] == [401] * 3
    assert status(worker, elsewhere) == 200, "another session of the same grant goes on"
    assert worker.get("/api/cameras", headers=grants.bearer("watch")).status_code == 200, "the token still opens"


def test_a_new_log_in_ends_the_session_before(worker, grants):
    first = log_in(worker, grants.tokens["watch"])
    second = log_in(worker, grants.tokens["watch"])
    assert [status(worker, first), status(worker, second)] == [401, 200]


def test_a_cookie_of_before_there_were_sessions_is_refused(worker, grants):
    contents = grants.register.contents()
    for payload in (next(iter(contents.grants)), [next(iter(contents.grants)), 0, "x"]):
        old = URLSafeTimedSerializer(contents.key, "session").dumps(payload)
        assert status(worker, old) == 401


def test_a_log_out_of_nobody_writes_nothing(worker, grants):
    ended = log_in(worker, grants.tokens["watch"])
    worker.post("/logout", headers=OURS)
    before = grants.path.stat()
    forged = sessions.sign(next(iter(grants.register.contents().grants)), 0, "0" * 64)
    for cookie in ("", "x", forged, ended):
        worker.set_cookie("expression_session", cookie)
        assert worker.post("/logout", headers=OURS).status_code == 303
    assert (grants.path.stat().st_mtime_ns, grants.path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_a_log_out_that_cannot_be_kept_is_told_and_the_browser_forgets_it_all_the_same(worker, grants, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    cookie = log_in(worker, grants.tokens["watch"])
    monkeypatch.setattr("access.register.os.fsync", full)
    before = grants.path.read_bytes()
    left = worker.post("/logout", headers=OURS)
    assert left.status_code == 503
    assert "a copy of your cookie stays valid" in left.text
    assert worker.get_cookie("expression_session") is None
    assert grants.path.read_bytes() == before
    assert len(list(grants.path.parent.iterdir())) == 2, "the file and its lock"
    monkeypatch.undo()
    assert status(worker, cookie) == 200


def test_a_file_that_cannot_be_used_closes_the_log_in_too(worker, grants):
    grants.path.write_text("{")
    refused = worker.post("/login", data={"password": grants.tokens["watch"]}, headers=OURS)
    assert (refused.status_code, refused.json["title"]) == (503, "Closed")
    assert refused.headers["Retry-After"]


def test_what_is_remembered_stays_bounded_and_nobody_comes_in_again_by_that(guard, grants, monkeypatch):
    monkeypatch.setattr(sessions, "MOST_ENDED", 3)
    anna, ben = (guard.by_token(grants.tokens[role]) for role in ("watch", "operate"))
    cookies, others = [guard.cookie(anna) for _ in range(5)], guard.cookie(ben)
    for count, cookie in enumerate(cookies[:3], 1):
        guard.log_out(cookie)
        assert len(json.loads(grants.path.read_text())["ended"][anna.grant]["ids"]) == count
    assert guard.by_cookie(cookies[4])
    guard.log_out(cookies[3])
    assert json.loads(grants.path.read_text())["ended"] == {anna.grant: {"generation": 1, "ids": {}}}
    assert [guard.by_cookie(cookie) for cookie in cookies] == [None] * 5, "all of that grant have ended"
    assert guard.by_cookie(others), "but nobody else's"
    assert guard.by_cookie(guard.cookie(anna)), "and who logs in anew is let in"


def test_an_ended_session_is_forgotten_when_it_would_have_expired(guard, grants, monkeypatch):
    anna = guard.by_token(grants.tokens["watch"])
    first, second = guard.cookie(anna), guard.cookie(anna)
    guard.log_out(first)
    week = time.time() + sessions.LIFETIME + 5
    monkeypatch.setattr("access.sessions.time.time", lambda: week)
    session = sessions.Session(anna.grant, 0, "later", week + sessions.LIFETIME)
    grants.register.end(session)
    assert list(grants.register.contents().ended[anna.grant].ids) == ["later"]
    assert guard.by_cookie(first) is None, "its signature is too old by now"
    assert guard.by_cookie(second) is None


def test_revoking_forgets_the_sessions_too(guard, grants):
    guard.log_out(guard.cookie(guard.by_token(grants.tokens["watch"])))
    grants.register.revoke("watch-er")
    assert json.loads(grants.path.read_text())["ended"] == {}


def test_log_outs_at_once_are_all_kept(guard, grants):
    anna = guard.by_token(grants.tokens["watch"])
    cookies = [guard.cookie(anna) for _ in range(8)]
    threads = [threading.Thread(target=Guard(grants.path).log_out, args=(cookie,)) for cookie in cookies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [guard.by_cookie(cookie) for cookie in cookies] == [None] * 8


def test_the_command_line_logs_somebody_out_everywhere_and_lets_them_in_again(guard, grants, capfd):
    anna, ben = (guard.by_token(grants.tokens[role]) for role in ("watch", "operate"))
    cookies, others = [guard.cookie(anna) for _ in range(2)], guard.cookie(ben)
    assert main(["access", "logout", "watch-er", "--access", str(grants.path)]) == 0
    assert "watch-er is logged out everywhere" in capfd.readouterr().err
    assert [guard.by_cookie(cookie) for cookie in cookies] == [None, None]
    assert guard.by_cookie(others)
    assert guard.by_token(grants.tokens["watch"])
    assert guard.by_cookie(guard.cookie(anna))
    assert main(["access", "logout", "nobody", "--access", str(grants.path)]) == 2
    assert "there is nobody called 'nobody'; there is: analyse-er" in capfd.readouterr().err


def test_a_file_of_before_there_were_sessions_is_read_and_damage_in_them_lets_nobody_in(guard, grants):
    content = json.loads(grants.path.read_text())
    del content["ended"]
    grants.path.write_text(json.dumps(content))
    assert guard.by_token(grants.tokens["watch"])
    for damage in ([], {"a": []}, {"a": {"generation": "x", "ids": {}}}, {"a": {"generation": 0, "ids": {"b": "x"}}}):
        grants.path.write_text(json.dumps({**content, "ended": damage}))
        with pytest.raises(AccessError, match="damaged"):
            guard.by_token(grants.tokens["watch"])


def test_who_came_before_there_was_access_control_is_asked_too(tmp_path):
    guard = Guard(tmp_path / "access.json")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client = create_app(Settings(source=("demo",), access=str(guard.register.path))).test_client()
        assert client.get("/api/cameras", environ_overrides={"gunicorn.socket": ours}).status_code == 200
        served = client.application.extensions["guard"]
        theirs.settimeout(30)
        guard.register.add("anna", "watch")
        assert theirs.recv(1) == b"", "its socket was shut"
        served.close()
    assert not served.is_allowed(ANYBODY)


def test_a_file_that_cannot_be_looked_at_counts_as_one_that_is_there():
    register = Register(Path("a" * 300))  # a name that no system takes
    assert register.on
    with pytest.raises(AccessError, match="cannot be read"):
        register.contents()
