"""The nginx site that is shipped, with TLS, in front of a real gunicorn: all that the program serves passes through."""

import http.client
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest

from benchmarks.tools.visitor import Link
from tests.support.clients.browsers import another
from tests.support.clients.streams import read_parts
from tests.support.servers.proxies import NAME, nginx, self_signed, trusting
from tests.support.servers.servers import free_port, running


class Site:
    """The site as its clients see it."""

    def __init__(self, port, behind, certificate):
        self.port, self.behind, self.security = port, behind, trusting(certificate)

    def connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.security)

    def ask(self, method, path, body=None, **headers):
        """Status, headers and body of an answer."""
        with closing(self.connect()) as connection:
            connection.request(method, path, body, {"Host": NAME, **headers})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    folder, port, behind = tmp_path_factory.mktemp("nginx"), free_port(), free_port()
    certificate, key = self_signed(folder)
    env = {
        "EXPRESSION_SOURCE": "demo",
        "EXPRESSION_WIDTH": "640",
        "EXPRESSION_HEIGHT": "360",
        "EXPRESSION_PORT": str(behind),
        "EXPRESSION_HOSTS": NAME,
        "EXPRESSION_PROXIES": "1",
        "EXPRESSION_MAX_VIDEO": "2",
        "EXPRESSION_STORAGE": str(folder / "storage"),
    }
    command = [sys.executable, "-m", "gunicorn", "main:app"]
    with running(command, behind, env), nginx(folder, behind, port, certificate, key):
        yield Site(port, behind, certificate)
    log = (folder / "error.log").read_text()
    assert "[error]" not in log, log
    assert "buffered to a temporary file" not in log, log


def test_the_stream_passes_unbuffered(site):
    with closing(site.connect()) as connection:
        connection.request("GET", "/video_feed", headers={"Host": NAME})
        delays, numbers = [], []
        for part in read_parts(connection.getresponse()):
            if part.number > 0:
                delays.append(part.arrived_at - part.captured_at)
                numbers.append(part.number)
            if len(numbers) == 20:
                break
    assert min(delays) < 0.5, "frames come late, each of them"
    assert numbers == sorted(set(numbers))


def test_events_pass_as_they_happen(site):
    with closing(site.connect()) as connection:
        connection.request("GET", "/api/events", headers={"Host": NAME})
        answer = connection.getresponse()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        times = []
        while len(times) < 6:
            if answer.readline().startswith(b"data:"):
                times.append(time.monotonic())
    assert max(np.diff(times)) > 0.1, "they came in one heap"


def test_a_visitors_own_camera_passes(site):
    frame = cv2.imencode(".jpg", np.full((240, 320, 3), 90, np.uint8))[1].tobytes()
    with closing(Link(site.port, origin=f"https://127.0.0.1:{site.port}", security=site.security)) as link:
        link.ask(frame)
        assert [link.ask(frame)["faces"] for _ in range(5)] == [[]] * 5


def test_pictures_and_videos_are_taken_up_to_the_limit(site):
    picture = cv2.imencode(".png", np.random.default_rng(1).integers(0, 256, (1000, 1000, 3), np.uint8))[1].tobytes()
    assert len(picture) > 2_000_000, "more than nginx takes by itself"
    status, _, body = site.ask("POST", "/api/analyze", picture, **{"Content-Type": "image/png"})
    assert (status, json.loads(body)["faces"]) == (200, [])
    status, headers, body = site.ask("POST", "/api/videos?name=a.mp4", bytes(2_500_000))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert "larger than 2 MB" in json.loads(body)["detail"]


def test_requests_are_known_by_nginxs_ids_and_answered_under_one_name_only(site):
    status, headers, _ = site.ask("GET", "/api/state")
    assert status == 200
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-ID"])
    assert headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "Server" not in headers or "/" not in headers["Server"]
    assert site.ask("GET", "/api/state", Host="evil.example")[0] == 421


def test_without_access_control_nobody_from_elsewhere_is_let_in_through_it(site):
    connection = http.client.HTTPConnection("127.0.0.1", site.behind, timeout=30)
    with closing(connection):
        for asker, status in (("203.0.113.7", 403), ("127.0.0.1", 200)):
            connection.request("GET", "/api/state", headers={"X-Forwarded-For": asker})  # as nginx writes it
            with connection.getresponse() as answer:
                assert answer.status == status
                answer.read()


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
def test_what_is_for_the_operator_stays_on_the_machine(site, path):
    assert site.ask("GET", path)[0] == 404


def test_the_page_lives_over_tls_and_http_2(browser, site):
    with another(browser, ("--ignore-certificate-errors",)) as trusting_browser:
        page = trusting_browser.new_page(ignore_https_errors=True)
        page.goto(f"https://localhost:{site.port}/")
        page.wait_for_function("() => [...document.images].some((image) => image.naturalWidth > 300)", timeout=20_000)
        assert page.evaluate("() => performance.getEntriesByType('navigation')[0].nextHopProtocol") == "h2"
        assert page.evaluate("() => isSecureContext && 'mediaDevices' in navigator"), "cameras need a secure page"
