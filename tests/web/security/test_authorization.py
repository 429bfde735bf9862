"""Who may ask for what, over HTTP: with access control, and without."""

import threading

import pytest

from access.limits import Attempts, TooMany
from config.settings import Settings
from main import create_app
from tests.support.servers.grants import PASSWORD, Grants
from web.address_roles import RULES, role_for

ELSEWHERE = {"REMOTE_ADDR": "192.0.2.7"}
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", "Accept": "text/html"}
ADDRESSES = {
    "/": "watch",
    "/api/state": "watch",
    "/api/cameras": "watch",
    "/snapshot.jpg?camera=roof": "watch",
    "/video_feed/roof": "watch",
    "/camera": "analyse",
    "/videos": "analyse",
    "/api/own-camera": "analyse",
    "/api/videos/aaaaaaaaaaaaaaaa": "analyse",
    "/metrics": "operate",
    "/nothing-yet": "operate",
}


def application(path, **chosen):
    return create_app(Settings(source=("demo",), width=320, height=180, idle=0.2, access=str(path), **chosen))


@pytest.fixture
def app(grants):
    app = application(grants.path)
    yield app
    app.extensions["guard"].close()
    app.extensions["server"].close()


@pytest.fixture
def client(app):
    return app.test_client()


def log_in(client, name="ben", password=PASSWORD, goal="", **extra):
    return client.post("/login", data={"name": name, "password": password, "next": goal}, headers=OURS, **extra)


def test_every_address_has_a_role_of_its_own(app):
    missing = {
        str(rule): role_for(str(rule)) for rule in app.url_map.iter_rules() if not any(_covers(p, rule) for p in RULES)
    }
    assert not missing, "say in web/security/authorization.py who may ask for these"


def _covers(path, rule):
    return str(rule) == path or (str(rule).startswith(f"{path.rstrip('/')}/") and path != "/")


@pytest.mark.parametrize(("path", "role"), ADDRESSES.items())
def test_a_token_opens_what_its_role_may_and_no_more(client, grants, path, role):
    for held in ("watch", "analyse", "operate"):
        status = client.get(path, headers=grants.bearer(held)).status_code
        allowed = ("watch", "analyse", "operate").index(held) >= ("watch", "analyse", "operate").index(role)
        assert (status != 403) == allowed
        assert status != 401
    refused = client.get(path)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "Authorization: Bearer TOKEN" in refused.json["detail"]


def test_who_sends_what_is_not_known_here_is_told_so(client, grants):
    for sent, detail in (("Bearer expr_0_x", "This token is not known here"), ("Basic eDp5", "Got 'Basic'")):
        refused = client.get("/api/state", headers={"Authorization": sent})
        assert refused.status_code == 401
        assert refused.json["detail"].startswith(detail)
    mistyped = client.post("/api/analyse", headers=grants.bearer("analyse"))
    assert (mistyped.status_code, mistyped.json["title"]) == (403, "Not allowed")
    assert mistyped.json["detail"].startswith("There is nothing at /api/analyse that ")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/static/shared/base.css", "/login"])
def test_what_tells_of_nobody_is_open(client, path):
    with client.get(path) as answer:
        assert answer.status_code in (200, 503)


def test_a_window_is_led_to_the_log_in_and_back(client):
    asked = client.get("/videos?x=1", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.location) == (303, "/login?next=%2Fvideos%3Fx%3D1")
    page = client.get(asked.location)
    assert b'value="/videos?x=1"' in page.data
    done = log_in(client, goal="/videos?x=1")
    assert (done.status_code, done.location) == (303, "/videos?x=1")
    assert b"Log out" in client.get("/videos?x=1").data
    assert client.post("/logout", headers=OURS).status_code == 303
    assert client.get("/api/state").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(client):
    cookie = log_in(client).headers["Set-Cookie"]
    assert cookie.startswith("expression_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_under_tls_the_cookie_goes_over_tls_only(client):
    headers = {**OURS, "Origin": "https://localhost"}
    form = {"name": "ben", "password": PASSWORD}
    cookie = client.post("/login", data=form, headers=headers, base_url="https://localhost").headers["Set-Cookie"]
    assert cookie.startswith("__Host-expression_session=")
    assert "Secure" in cookie.split("; ")


@pytest.mark.parametrize("goal", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", ""])
def test_nobody_is_led_elsewhere_after_the_log_in(client, grants, goal):
    assert log_in(client, "", grants.tokens["watch"], goal).location == "/"


def test_a_page_that_is_not_for_a_role_says_so_and_is_not_in_its_navigation(client, grants):
    log_in(client, "", grants.tokens["watch"])
    page = client.get("/", headers={"Accept": "text/html"}).text
    assert 'href="/pictures"' not in page
    refused = client.get("/pictures", headers={"Accept": "text/html"})
    assert refused.status_code == 403
    assert "watch-er may watch; this asks for analyse." in refused.text


def test_a_wrong_token_is_not_helped_by_a_good_cookie(client):
    log_in(client)
    assert client.get("/api/state").status_code == 200
    assert client.get("/api/state", headers={"Authorization": "Bearer expr_x_y"}).status_code == 401


def test_failed_log_ins_are_counted_by_address(client):
    answers = [log_in(client, password="wrong " * 3, environ_base=ELSEWHERE) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300
    assert "Set-Cookie" not in answers[-1].headers
    right = log_in(client, environ_base=ELSEWHERE)
    assert right.status_code == 429, "the right password must not tell itself by another answer"
    assert log_in(client).status_code == 303, "others are let in"


def test_log_ins_at_the_same_time_are_limited_as_those_one_after_the_other(app, grants):
    found = []

    def guess(number):
        wrong = {"password": f"guess number {number}", "environ_base": ELSEWHERE}
        found.append(log_in(app.test_client(), **wrong).status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [403] * 5 + [429] * 25
    assert log_in(app.test_client()).status_code == 303, "others are let in"


def test_few_log_ins_wait_at_a_time_and_the_next_is_told_when_to_come(app, grants, monkeypatch):
    go, looked_at = threading.Event(), threading.Semaphore(0)
    guard = app.extensions["guard"]
    monkeypatch.setattr(guard, "by_password", lambda *_: looked_at.release() or (go.wait(20) and None))

    def guess(number):
        log_in(app.test_client(), environ_base={"REMOTE_ADDR": f"192.0.2.{number}"})

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(Attempts.UNDER_WAY)]
    for thread in threads:
        thread.start()
    assert all(looked_at.acquire(timeout=30) for _ in threads)
    refused = log_in(app.test_client())
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert log_in(app.test_client(), "", grants.tokens["watch"]).status_code == 303, "a token is not hashed"
    go.set()
    for thread in threads:
        thread.join()
    monkeypatch.undo()
    assert log_in(app.test_client()).status_code == 303


def test_revoking_holds_at_once(client, grants):
    _, token = grants.register.add("carl", "watch")
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/state", headers=bearer).status_code == 200
    grants.register.revoke("carl")
    assert client.get("/api/state", headers=bearer).status_code == 401


def test_a_file_that_cannot_be_read_closes_the_server_but_not_its_health(tmp_path):
    grants = Grants(tmp_path)
    app = application(grants.path)
    client = app.test_client()
    assert client.get("/api/state", headers=grants.bearer("watch")).status_code == 200
    grants.path.unlink()
    assert client.get("/api/state", headers=grants.bearer("watch")).status_code == 503
    assert client.get("/healthz").status_code == 200
    app.extensions["guard"].close()


def test_the_api_describes_every_refusal_for_every_address(tmp_path):
    grants = Grants(tmp_path)
    client = application(grants.path, upload_rate=0.01).test_client()
    watcher, analyst = grants.bearer("watch"), grants.bearer("analyse")
    document = client.get("/api/openapi.json", headers=watcher).json
    refusals = [
        client.get("/api/state"),
        client.get("/metrics", headers=watcher),
        client.get("/api/state", headers={**watcher, "Host": "evil.example"}),
        [client.post("/api/analyze", headers=analyst) for _ in range(2)][1],
    ]
    grants.path.unlink()
    refusals.append(client.get("/api/state", headers=watcher))
    assert [refusal.status_code for refusal in refusals] == [401, 403, 421, 429, 503]
    statuses = {str(refusal.status_code) for refusal in refusals}
    for path, methods in document["paths"].items():
        for method, about in methods.items():
            assert statuses <= about["responses"].keys(), f"{method} {path}"


def test_without_access_control_this_machine_needs_no_log_in_and_others_get_nothing(tmp_path):
    client = application(tmp_path / "none.json").test_client()
    assert client.get("/api/state").status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "::1"}).status_code == 200
    assert client.get("/login").location == "/"
    refused = client.get("/api/state", environ_base=ELSEWHERE)
    assert refused.status_code == 403
    assert "main.py access add NAME" in refused.json["detail"]
    forged = client.get("/api/state", environ_base=ELSEWHERE, headers={"X-Forwarded-For": "127.0.0.1"})
    assert forged.status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_who_comes_by_a_proxy_that_nobody_told_of_is_not_taken_for_this_machine(tmp_path, header):
    sent = {header: "192.0.2.1"}
    refused = application(tmp_path / "none.json").test_client().get("/api/state", headers=sent)
    assert refused.status_code == 403
    assert f"it has {header}" in refused.json["detail"]
    assert "--proxies 1" in refused.json["detail"]
    meant = application(tmp_path / "none.json", insecure_public=True).test_client()
    assert meant.get("/api/state", headers=sent).status_code == 200
    alone = application(tmp_path / "none.json", proxies=1).test_client()
    assert alone.get("/api/state", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 200


def test_who_says_so_serves_everybody(tmp_path):
    client = application(tmp_path / "none.json", insecure_public=True).test_client()
    assert client.get("/api/state", environ_base=ELSEWHERE).status_code == 200


def _must_wait(attempts, address):
    try:
        with attempts.begin(address):
            return False
    except TooMany:
        return True


def test_a_proxy_is_believed_only_where_there_is_one(grants):
    def tries(count, forwarded):
        client = application(grants.path, proxies=count).test_client()
        sent = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
        form = {"name": "ben", "password": "wrong " * 3}
        for _ in range(5):
            answer = client.post("/login", data=form, headers={**sent, "Origin": "http://localhost"})
            assert answer.status_code == 403
        guard = client.application.extensions["guard"]
        return {address: _must_wait(guard.attempts, address) for address in ("127.0.0.1", "192.0.2.1", "192.0.2.2")}

    assert tries(0, "192.0.2.1") == {"127.0.0.1": True, "192.0.2.1": False, "192.0.2.2": False}
    assert tries(1, "192.0.2.1, 192.0.2.2") == {"127.0.0.1": False, "192.0.2.1": False, "192.0.2.2": True}
