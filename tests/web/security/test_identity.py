"""Who asks, log-in and log-out, as the API has them for other pages than ours."""

import time

import pytest

from access.sessions import LIFETIME
from config.settings import Settings
from main import create_app
from tests.support.servers.grants import PASSWORD

NOBODY = {"guarded": True, "name": None, "role": None, "by": None, "until": None}
BEN = {"name": "ben", "password": PASSWORD}
COOKIE = "expression_session"


@pytest.fixture
def client(grants):
    app = create_app(Settings(source=("demo",), access=str(grants.path)))
    yield app.test_client()
    app.extensions["guard"].close()


def log_in(client, **given):
    return client.post("/api/access/login", json=given)


def who(client, **how):
    answer = client.get("/api/access", **how)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.json


def test_who_asks_is_told_with_their_role_and_how_they_are_known(client, grants):
    assert who(client) == NOBODY
    known = who(client, headers=grants.bearer("analyse"))
    assert known == {"guarded": True, "name": "analyse-er", "role": "analyse", "by": "token", "until": None}
    assert who(client, headers={"Authorization": "Bearer expr_0_x"}) == NOBODY


def test_a_log_in_sets_the_cookie_of_the_page_and_a_log_out_ends_it_for_every_copy(client):
    answer = log_in(client, **BEN)
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(answer.headers["Set-Cookie"].split("; "))
    identity = who(client)
    assert identity == answer.json
    assert {**identity, "until": 0} == {"guarded": True, "name": "ben", "role": "operate", "by": "session", "until": 0}
    assert abs(identity["until"] - time.time() - LIFETIME) < 60
    assert client.get("/api/state").status_code == 200
    copy = client.get_cookie(COOKIE).value
    assert client.post("/api/access/logout").status_code == 204
    assert client.get_cookie(COOKIE) is None
    client.set_cookie(COOKIE, copy)
    assert who(client) == NOBODY
    assert client.get("/api/state").status_code == 401


def test_a_new_log_in_ends_the_session_before_and_a_token_logs_in_too(client, grants):
    log_in(client, **BEN)
    first = client.get_cookie(COOKIE).value
    assert log_in(client, password=grants.tokens["watch"]).json["name"] == "watch-er"
    client.set_cookie(COOKIE, first)
    assert who(client) == NOBODY


def test_wrong_ones_are_refused_and_counted_with_those_of_the_page(client):
    elsewhere = {"environ_base": {"REMOTE_ADDR": "192.0.2.7"}}
    wrong = {"name": "ben", "password": "not the right one"}
    for _ in range(3):
        refused = client.post("/api/access/login", json=wrong, **elsewhere)
        assert (refused.status_code, refused.json["title"]) == (403, "Not known")
        assert "Set-Cookie" not in refused.headers
    assert [client.post("/login", data=wrong, **elsewhere).status_code for _ in range(2)] == [403] * 2
    refused = client.post("/api/access/login", json=BEN, **elsewhere)
    assert (refused.status_code, refused.json["title"]) == (429, "Too many")
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert log_in(client, **BEN).status_code == 200


@pytest.mark.parametrize(
    ("sent", "status", "detail"),
    [
        ({"data": "name=ben"}, 415, "Got 'no type'; expected a JSON object"),
        ({"data": BEN}, 415, "Got 'application/x-www-form-urlencoded'"),
        ({"json": {"name": "ben"}}, 400, "missing required field `password`"),
        ({"json": {**BEN, "token": "x"}}, 400, "unknown field `token`"),
        ({"json": {**BEN, "password": "x" * 201}}, 400, "length <= 200"),
        ({"json": {**BEN, "name": "x" * 5000}}, 413, "The body may have 4,000 bytes."),
    ],
    ids=str,
)
def test_what_is_no_log_in_is_told(client, sent, status, detail):
    refused = client.post("/api/access/login", **sent)
    assert refused.status_code == status
    assert detail in refused.json["detail"]


def test_a_log_out_that_cannot_be_kept_is_told_and_the_browser_forgets_it_all_the_same(client, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    log_in(client, **BEN)
    monkeypatch.setattr("access.register.os.fsync", full)
    left = client.post("/api/access/logout")
    assert (left.status_code, left.json["title"]) == (503, "Not kept")
    assert "a copy of your cookie stays valid" in left.json["detail"]
    assert client.get_cookie(COOKIE) is None


def test_where_nobody_is_asked_everybody_may_operate_and_a_log_in_changes_nothing(tmp_path):
    client = create_app(Settings(source=("demo",), access=str(tmp_path / "none.json"))).test_client()
    everybody = {**NOBODY, "guarded": False, "role": "operate"}
    assert who(client) == everybody
    answer = log_in(client, **BEN)
    assert (answer.status_code, answer.json) == (200, everybody)
    assert "Set-Cookie" not in answer.headers
    assert client.post("/api/access/logout").status_code == 204
    assert client.post("/login", data=BEN).location == "/"
