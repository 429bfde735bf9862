"""Files that are handed in are limited for each client: over time, at once, and when nothing more comes."""

import io
import socket
import threading
import time
from contextlib import closing

import numpy as np
import pytest
from werkzeug.serving import make_server

from camera import FaceDetector
from config.settings import Settings
from errors import ImageError
from main import create_app
from tests.support.servers.grants import Grants

ELSEWHERE, OTHERS = {"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "192.0.2.8"}


def application(tmp_path, **chosen):
    settings = Settings(source=("demo",), access=str(tmp_path / "access.json"), storage=str(tmp_path), **chosen)
    return create_app(settings)


def statuses(client, count, path="/api/analyze", **how):
    return [client.post(path, **how).status_code for _ in range(count)]


@pytest.mark.parametrize("path", ["/api/analyze", "/api/videos"])
def test_a_client_that_hands_in_too_many_is_told_when_to_go_on_and_others_are_not(tmp_path, monkeypatch, path):
    monkeypatch.setattr("web.security.upload_limits.BURST", 3.0)
    client = application(tmp_path, insecure_public=True, upload_rate=1.0).test_client()
    assert statuses(client, 4, path, environ_base=ELSEWHERE) == [400, 400, 400, 429]
    refused = client.post(path, environ_base=ELSEWHERE)
    wait = refused.headers["Retry-After"]
    assert 1 <= int(wait) <= 3, "until the first of three is three seconds old"
    assert refused.json["detail"].endswith(f"go on in {wait} s.")
    assert statuses(client, 3, path, environ_base=OTHERS) == [400] * 3
    assert statuses(client, 9, path) == [400] * 9, "this machine's own user is not held to it"
    assert client.get("/api/state", environ_base=ELSEWHERE).status_code == 200


def pictures(count):
    return {"image": [(io.BytesIO(b"no picture"), "a.png") for _ in range(count)]}


def test_every_picture_of_a_form_counts_and_one_form_is_taken_after_a_pause(tmp_path, monkeypatch):
    monkeypatch.setattr("web.security.upload_limits.BURST", 400.0)
    client = application(tmp_path, insecure_public=True, upload_rate=0.01).test_client()

    def hand_in(count):
        return client.post("/api/analyze?form=csv", data=pictures(count), environ_base=ELSEWHERE)

    assert hand_in(101).status_code == 413, "what is refused counts as one"
    assert hand_in(100).status_code == 422, "it was read"
    refused = hand_in(1)
    assert refused.status_code == 429
    assert "may hand in 0.01 files a second over time" in refused.json["detail"]
    assert 9800 < int(refused.headers["Retry-After"]) <= 9900, "what it held beside the first takes 100 s each"


def test_forms_that_come_at_once_are_not_all_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("web.security.upload_limits.BURST", 300.0)
    app, read = application(tmp_path, insecure_public=True, upload_rate=0.01), []

    def unreadable(name, *_):
        read.append(name)
        raise ImageError("no picture")

    monkeypatch.setattr("web.files.pictures._read", unreadable)
    both, found = threading.Barrier(2), []

    @app.before_request
    def await_the_other():  # each has been let in, and neither's form was looked at
        both.wait(20)

    def hand_in():
        answer = app.test_client().post("/api/analyze?form=zip", data=pictures(9), environ_base=ELSEWHERE)
        found.append(answer.status_code)

    threads = [threading.Thread(target=hand_in) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [422, 429]
    assert len(read) == 9


def test_a_grant_is_one_client_wherever_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr("web.security.upload_limits.BURST", 3.0)
    grants = Grants(tmp_path)
    client = application(tmp_path, upload_rate=1.0).test_client()
    bearer = grants.bearer("analyse")
    assert statuses(client, 2, headers=bearer) == [400] * 2
    assert statuses(client, 2, headers=bearer, environ_base=ELSEWHERE) == [400, 429]
    assert statuses(client, 1, headers=grants.bearer("operate")) == [400]
    client.application.extensions["guard"].close()


def test_one_client_hands_in_a_few_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("web.security.upload_limits.AT_ONCE", 2)
    app, go = application(tmp_path, insecure_public=True), threading.Event()
    app.before_request(lambda: go.wait(20) and None)
    found = []

    def hand_in():
        found.append(app.test_client().post("/api/analyze", environ_base=ELSEWHERE).status_code)

    threads = [threading.Thread(target=hand_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    threads[0].join(0.01)
    until = time.monotonic() + 30
    while not found:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert found == [429], "the third is refused while two are at it"
    go.set()
    for thread in threads:
        thread.join()
    assert found == [429, 400, 400]
    assert statuses(app.test_client(), 3, environ_base=ELSEWHERE) == [400] * 3, "their places were not given back"


def test_a_file_of_which_nothing_more_comes_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr("web.security.upload_limits.STALL", 0.3)
    http = make_server("127.0.0.1", 0, application(tmp_path), threaded=True)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    with closing(socket.create_connection(("127.0.0.1", http.port), timeout=30)) as connection:
        connection.sendall(b"POST /api/analyze HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nbegun, but")
        assert connection.recv(100).split()[1] == b"400"
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.parametrize("size", [(400, 40_000), (1, 1_000_000), (40_000, 400), (1_000_000, 1), (5000, 5000)])
def test_a_picture_of_any_shape_is_searched_in_bounded_time(size, monkeypatch):
    width, height = size
    detector, searched = FaceDetector(search_width=480), []
    monkeypatch.setattr(detector, "_search", lambda part, *_: searched.append(part.size) or [])
    detector.detect(np.full((height, width), 90, np.uint8))
    assert sum(searched) <= 480 * 480 * 2.6


def test_a_phones_picture_is_reduced_by_its_width_alone(monkeypatch):
    detector, searched = FaceDetector(search_width=480), []
    monkeypatch.setattr(detector, "_search", lambda part, *_: searched.append(part.shape) or [])
    detector.detect(np.full((2400, 1080), 90, np.uint8))
    assert searched == [(1067, 480)]
