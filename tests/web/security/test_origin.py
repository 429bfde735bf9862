"""What other sites' pages may have a browser do here: nothing but lead to a page."""

import subprocess
import sys
from dataclasses import replace

import pytest

from access.exposure import check_exposure, is_loopback, names_of
from config.settings import Settings
from errors import SettingError
from main import create_app
from tests.support.servers.grants import Grants
from tests.support.servers.servers import ROOT, free_port
from web.security.hosts import is_allowed

SETTINGS = Settings(source=("demo",), width=320, height=180, idle=0.2)
OPEN = replace(SETTINGS, host="0.0.0.0")
PICTURE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
WINDOW = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
SCRIPT = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
BROWSER = "Mozilla/5.0 (X11; Linux x86_64)"
DATA = ("/video_feed", "/snapshot.jpg", "/api/state", "/api/events", "/api/own-camera", "/metrics")
PAGES = ("/", "/camera", "/pictures", "/videos", "/about", "/api/docs")


@pytest.fixture(scope="module")
def app():
    app = create_app(SETTINGS)
    yield app
    app.extensions["server"].close()


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("way", [PICTURE, FRAME, SCRIPT], ids=["picture", "frame", "script"])
def test_another_site_gets_nothing(client, site, way):
    for path in (*DATA, *PAGES, "/static/live/live.js"):
        refused = client.get(path, headers={"Sec-Fetch-Site": site, **way})
        assert refused.status_code == 403, path
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_another_site_may_lead_to_a_page_but_switch_no_camera_on(client):
    for site in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": site, **WINDOW}
        assert [client.get(path, headers=headers).status_code for path in PAGES] == [200] * len(PAGES)
        assert [client.get(path, headers=headers).status_code for path in DATA] == [403] * len(DATA)
        assert client.post("/", headers=headers).status_code == 403
    assert [camera["status"] for camera in client.get("/api/state").json["cameras"]] == ["idle"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/analyze",
        "/api/videos",
        "/api/videos/aaaaaaaaaaaaaaaa/cancel",
        "/login",
        "/logout",
        "/api/access/login",
        "/api/access/logout",
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:81"},
        {"Origin": "http://[::1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_no_other_site_changes_anything(client, path, headers):
    refused = client.post(path, headers=headers)
    assert refused.status_code == 403
    assert refused.json["title"] == "Another site's page"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:81"])
def test_no_other_site_gets_anything_by_its_origin(client, origin):
    for path in DATA:
        assert client.get(path, headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize("accept", ["image/avif,image/*,*/*;q=0.8", "text/event-stream", "*/*", "text/html,*/*;q=0.8"])
@pytest.mark.parametrize("page", ["http://evil.example/", "http://localhost:81/", "http://[::1", "", None])
def test_a_browser_that_says_nothing_of_the_site_gets_no_picture_but_for_our_own_pages(client, accept, page):
    """As all do over plain http to another machine, and Safari before 16.4 always."""
    headers = {"User-Agent": BROWSER, "Accept": accept, **({} if page is None else {"Referer": page})}
    for path in DATA:
        refused = client.get(path, headers=headers)
        assert refused.status_code == 403, path
        window = not page and "html" in accept
        assert (f'href="{path}"' in refused.text) == window, "a window is led on"
    assert [camera["status"] for camera in client.get("/api/state").json["cameras"]] == ["idle"]
    for ours in ("http://localhost/", "http://localhost/static/live/events-worker.js"):
        assert client.get("/api/state", headers={**headers, "Referer": ours}).status_code == 200
    assert [client.get(path, headers=headers).status_code for path in PAGES] == [200] * len(PAGES)


def test_a_program_is_told_how_to_be_known_as_one(client):
    refused = client.get("/snapshot.jpg", headers={"User-Agent": "Mozilla/5.0 PowerShell/7.4"})
    assert refused.status_code == 403
    assert "a program sends a User-Agent of its own, or a token" in refused.json["detail"]
    assert client.get("/api/state", headers={"User-Agent": "curl/8.1"}).status_code == 200
    token = {"User-Agent": BROWSER, "Authorization": "Bearer expr_1_2"}
    assert client.get("/api/state", headers=token).status_code == 200
    assert client.get("/api/state", headers={**token, "Authorization": "Basic eDp5"}).status_code == 403


def test_our_own_pages_and_programs_are_let_through(client):
    for headers in ({}, {"Sec-Fetch-Site": "same-origin", **SCRIPT}, {"Sec-Fetch-Site": "none", **WINDOW}):
        assert client.get("/api/state", headers=headers).status_code == 200
        assert client.get("/api/state", headers={"User-Agent": BROWSER, "Origin": "http://localhost", **headers}).json
    assert client.post("/api/analyze", headers={"Origin": "http://localhost"}).status_code == 400, "no picture"


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("localhost", True),
        ("LOCALHOST:5000", True),
        ("localhost.", True),
        ("localhost:", True),
        ("127.0.0.1:5000", True),
        ("[::1]:5000", True),
        ("::1", True),
        ("192.168.1.4:5000", True),
        ("camera.example", True),
        ("camera.example:8443", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("evil.example:5000", False),
        ("127.0.0.1.evil.example", False),
        ("[::1].evil.example", False),
        ("camera.example:x", False),
        ("camera.example:\u00b2", False),
        ("", False),
        (":5000", False),
        ("[::1", False),
        ("::1]", False),
        ("[[::1]]", False),
        ("[127.0.0.1]", False),
        ("[localhost]", False),
        ("fe80::1%evil.com", False),
        ("[fe80::1%eth0]", False),
        ("[fe80::1%@evil.com]", False),
        ("0.0.0.0:5000", False),
        ("[::]:5000", False),
        ("[0:0::0]", False),
        ("[::ffff:127.0.0.1]:5000", False),
        ("[::ffff:7f00:1]", False),
    ],
)
def test_only_this_servers_names_are_answered(host, allowed):
    names = names_of(replace(SETTINGS, hosts=("camera.example",)))
    assert is_allowed(host, names) == allowed


def test_what_stands_for_all_addresses_is_no_name_of_a_server_that_listens_on_them():
    for host in ("0.0.0.0", "::", "[::]", ""):
        names = names_of(replace(SETTINGS, host=host))
        assert not is_allowed("0.0.0.0:5000", names)
        assert not is_allowed("[::]:5000", names)
        assert is_allowed("192.168.1.4:5000", names)


@pytest.mark.parametrize("given", ["käse.example:8443", "https://Käse.example/", "xn--kse-qla.example."])
def test_a_name_may_be_told_in_any_of_its_forms(given):
    names = names_of(replace(SETTINGS, hosts=(given,)))
    assert is_allowed("xn--kse-qla.example:8443", names)
    assert not is_allowed("evil.example", names)


def test_a_name_that_was_made_to_point_here_reaches_nothing(client):
    for path in ("/", "/healthz", "/static/live/live.js", *DATA):
        refused = client.get(path, headers={"Host": "evil.example:5000"})
        assert refused.status_code == 421
        assert "--hosts NAME" in refused.json["detail"]
    forged = client.get("/api/state", headers={"Host": "evil.example", "X-Forwarded-Host": "localhost"})
    assert forged.status_code == 421


def test_every_answer_tells_browsers_to_keep_it_to_itself(client):
    answers = [client.get("/"), client.get("/api/state"), client.get("/nothing"), client.post("/api/analyze"),
               client.get("/", headers={"Host": "evil.example"})]  # fmt: skip
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        for rule in (
            "default-src 'self'",
            "script-src 'self'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ):
            assert rule in policy.split("; ")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=(self)" in answer.headers["Permissions-Policy"]
        assert "microphone=()" in answer.headers["Permissions-Policy"]


def test_nothing_keeps_what_has_faces_in_it(client):
    for path in ("/snapshot.jpg", "/api/state", "/api/cameras", "/api/own-camera", "/video_feed"):
        answer = client.get(path, buffered=False)
        assert answer.headers["Cache-Control"] == "no-store", path
        answer.close()
    for answer in (client.post("/api/analyze"), client.get("/api/videos/aaaaaaaaaaaaaaaa")):
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("[::1]", True), ("localhost", True), ("", False),
     ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("192.168.1.4", False), ("myhost", False)],
)  # fmt: skip
def test_who_reaches_an_address_is_known(host, loopback):
    assert is_loopback(host) == loopback


def test_the_default_is_this_machine_only():
    assert is_loopback(Settings().host)
    assert not Settings().insecure_public


def test_listening_to_others_takes_access_control_or_a_word(tmp_path):
    private = replace(OPEN, access=str(tmp_path / "access.json"))
    with pytest.raises(SettingError, match=r"main.py access add NAME .*--host 127.0.0.1; .*--insecure-public"):
        check_exposure(private.host, private)
    check_exposure(private.host, replace(private, insecure_public=True))
    check_exposure("127.0.0.1", private)
    Grants(tmp_path)
    check_exposure(private.host, private)


@pytest.mark.parametrize("command", [
    ["main.py", "--host", "0.0.0.0"],
    ["-m", "gunicorn", "main:app", "-b", "0.0.0.0:{port}"],
], ids=["main.py", "gunicorn"])  # fmt: skip
def test_both_servers_refuse_to_start(command, tmp_path):
    port = free_port()
    done = subprocess.run(
        [sys.executable, *(part.format(port=port) for part in command)],
        cwd=ROOT,
        env={"PATH": "/bin", "EXPRESSION_PORT": str(port), "EXPRESSION_ACCESS": str(tmp_path / "none.json")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode != 0
    assert "host: 0.0.0.0 can be reached from other machines" in done.stderr
    assert "Traceback" not in done.stderr
