"""The WebSocket for visitors' own cameras, spoken to as a client on the network would, under both web servers."""

import itertools
import json
import os
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing

import cv2
import numpy as np
import pytest

from benchmarks.tools.processes import usage
from benchmarks.tools.visitor import ADDRESS, Ended, Link
from config.settings import Settings
from demo import Demo
from live.visitors import LARGEST_SIDE
from main import create_app
from tests.support.servers.proxies import self_signed, trusting
from tests.support.servers.servers import ROOT, free_port, running
from tests.support.waiting import until

ENV = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_MAX_VISITORS": "3", "EXPRESSION_VISITOR_FPS": "60"}
COMMANDS = {"werkzeug": [sys.executable, "main.py"], "gunicorn": [sys.executable, "-m", "gunicorn", "main:app"]}


@pytest.fixture(scope="module")
def werkzeug():
    port = free_port()
    with running(COMMANDS["werkzeug"], port, {**ENV, "EXPRESSION_PORT": str(port)}) as process:
        yield process, port


@pytest.fixture(params=COMMANDS)
def port(request):
    _, number = request.getfixturevalue(request.param)
    return number


def clip(people: int, count: int = 40) -> list[bytes]:
    demo = Demo(640, 480, 30, people=people)
    return [cv2.imencode(".jpg", demo.draw(number)[0])[1].tobytes() for number in range(count)]


def wall() -> bytes:
    """A frame without a face."""
    return cv2.imencode(".jpg", np.full((480, 640, 3), 120, np.uint8))[1].tobytes()


def state(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=30) as answer:
        return json.load(answer)


def await_visitors(port: int, count: int) -> None:
    until(lambda: state(port)["visitors"] == count)


def show(link: Link, jpegs: list[bytes], faces: int, seconds: float = 30) -> dict:
    """Send a clip over and over until an answer has so many faces, all read."""
    end, number = time.monotonic() + seconds, 0
    while True:
        answer = link.ask(jpegs[number % len(jpegs)])
        number += 1
        if len(answer["faces"]) == faces and all(face["expression"] for face in answer["faces"]):
            return answer
        assert time.monotonic() < end, f"{len(answer['faces'])} of {faces} faces after {number} frames"
        time.sleep(0.02)


def test_frames_are_answered_with_faces_and_probabilities(port):
    with closing(Link(port, origin=f"http://127.0.0.1:{port}")) as link:
        assert link.greeting["threshold"] == 0.35
        assert link.greeting["fps"] == 60
        answer = show(link, clip(people=1), faces=1)
    face = answer["faces"][0]
    assert (answer["width"], answer["height"]) == (640, 480)
    assert list(face["probabilities"]) == link.greeting["model"]["labels"]
    assert abs(sum(face["probabilities"].values()) - 1) < 0.01
    assert face["confidence"] == face["probabilities"][face["expression"]]
    assert face["fade"] == 1
    assert {"decode", "detect", "classify"} <= set(answer["timings"])
    box = face["box"]
    assert 0 < box["x"] < 640 - box["width"]
    assert 0 < box["y"] < 480 - box["height"]


def test_a_face_keeps_its_number(port):
    jpegs = clip(people=1)
    with closing(Link(port)) as link:
        numbers = {show(link, jpegs, faces=1)["faces"][0]["track"] for _ in range(10)}
    assert numbers == {1}


def test_two_visitors_do_not_see_each_others_faces(port):
    seen, jpegs = set(), itertools.cycle(zip(clip(people=1), clip(people=3), strict=True))
    with closing(Link(port)) as one, closing(Link(port)) as two:
        await_visitors(port, 2)
        while not {1, 3} <= seen:
            few, many = next(jpegs)
            first, second = one.ask(few), two.ask(many)
            assert len(first["faces"]) <= 1
            seen |= {len(first["faces"]), len(second["faces"])}
        assert {face["track"] for face in second["faces"]} <= {1, 2, 3}, "numbers are counted for each visitor"
        with closing(Link(port)) as three:
            assert all(three.ask(wall())["faces"] == [] for _ in range(20))
    await_visitors(port, 0)


@pytest.mark.parametrize("broken", [b"", b"no picture", "a text", clip(1, 1)[0][:-50]])
def test_a_broken_frame_is_answered_and_the_next_one_read(port, broken):
    with closing(Link(port)) as link:
        answer = link.ask(broken)
        assert (answer["status"], answer["title"]) == (422, "Not a frame")
        assert answer["detail"]
        assert link.ask(clip(1, 1)[0])["frame"] == 1


def test_who_sends_nothing_but_broken_frames_is_let_go(port):
    with closing(Link(port)) as link:
        for _ in range(29):
            assert link.ask(b"no picture")["status"] == 422
        assert link.ask(wall())["frame"] == 1, "a picture between makes up for them"
        for _ in range(30):
            assert link.ask(b"no picture")["status"] == 422
        with pytest.raises(Ended) as ended:
            link.receive()
        assert (ended.value.code, ended.value.reason) == (1008, "30 messages in a row held no picture")
    await_visitors(port, 0)


def test_a_frame_too_large_ends_the_connection(port):
    with closing(Link(port)) as link:
        with pytest.raises(Ended) as ended:
            link.ask(bytes(1_000_001))
        assert (ended.value.code, ended.value.reason) == (1009, "a message has at most 1000000 bytes")
    await_visitors(port, 0)


def test_who_sends_no_whole_frame_for_long_is_let_go(port):
    with closing(Link(port)) as link:
        link.connection.sendall(b"\x82\xfe\x10\x00\0\0\0\0begun, but never ended")
        with pytest.raises(Ended) as ended:
            link.receive()
        assert (ended.value.code, ended.value.reason) == (1001, "no frame came for 10 s")
    await_visitors(port, 0)


def test_a_line_that_breaks_frees_its_place(port):
    link = Link(port)
    await_visitors(port, 1)
    link.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, not an end
    link.close()
    await_visitors(port, 0)


def test_pages_of_others_are_refused(port):
    with pytest.raises(Ended, match="403"):
        Link(port, origin="http://elsewhere.example")
    assert state(port)["visitors"] == 0


def test_one_visitor_too_many_is_told_why(port):
    links = [Link(port) for _ in range(3)]
    await_visitors(port, 3)
    with pytest.raises(Ended, match="503"):
        Link(port)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{ADDRESS}", timeout=30)
    with refused.value as answer:
        assert (answer.code, answer.headers["Retry-After"]) == (503, "5")
        assert json.load(answer)["detail"] == "3 visitors show their camera already; try again shortly."
    for link in links:
        link.close()
    await_visitors(port, 0)


def test_frames_are_taken_no_faster_than_the_setting_has_it():
    port = free_port()
    env = {**ENV, "EXPRESSION_PORT": str(port), "EXPRESSION_VISITOR_FPS": "10"}
    with running(COMMANDS["gunicorn"], port, env), closing(Link(port)) as link:
        jpeg = wall()
        for _ in range(3):
            link.send(jpeg)
        start = time.monotonic()
        for _ in range(10):
            link.send(jpeg)
        for _ in range(13):
            link.receive()
        assert time.monotonic() - start > 10 * 0.08


@pytest.mark.parametrize("name", COMMANDS)
def test_a_visit_is_told_in_the_log_when_it_has_ended(name, tmp_path):
    port, log = free_port(), tmp_path / "log"
    with log.open("w+b") as output, running(COMMANDS[name], port, {**ENV, "EXPRESSION_PORT": str(port)}, 30, output):
        with closing(Link(port)) as link:
            link.ask(wall())
            assert "/api/own-camera" not in log.read_text()
        until(lambda: "GET /api/own-camera 101 in " in log.read_text())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_stop_lets_visitors_go(name):
    port = free_port()
    with running(COMMANDS[name], port, {**ENV, "EXPRESSION_PORT": str(port)}) as process:
        links = [Link(port) for _ in range(3)]
        links[0].ask(clip(1, 1)[0])
        process.terminate()
        for link in links:
            with pytest.raises(Ended) as ended:
                link.receive()
            assert (ended.value.code, ended.value.reason) == (1001, "the server is stopping")
            link.close()
        assert process.wait(30) == 0


def test_it_works_over_tls_by_gunicorns_own(tmp_path):
    (certificate, key), port = self_signed(tmp_path), free_port()
    command = [*COMMANDS["gunicorn"], "--keyfile", str(key), "--certfile", str(certificate)]
    security = trusting(certificate)
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **ENV, "EXPRESSION_PORT": str(port)}, stderr=subprocess.DEVNULL
    ) as process:
        try:
            with closing(await_link(port, security)) as link:
                assert link.ask(wall())["faces"] == []
                assert "status" in link.ask(b"no picture")
        finally:
            process.terminate()
        assert process.wait(30) == 0


def await_link(port: int, security: ssl.SSLContext, seconds: float = 60) -> Link:
    end = time.monotonic() + seconds
    while True:
        try:
            return Link(port, security=security)
        except ConnectionRefusedError:
            assert time.monotonic() < end, f"the server did not listen within {seconds:g} s"
            time.sleep(0.1)


@pytest.fixture
def client():
    app = create_app(Settings(source=("demo",), max_visitors=2))
    yield app.test_client()
    app.extensions["server"].close()


def test_the_page_is_served(client):
    answer = client.get("/camera")
    assert answer.status_code == 200
    assert b"own.js" in answer.data


def test_a_plain_request_is_told_what_the_address_is_for(client):
    answer = client.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.json["largest_side"] == LARGEST_SIDE


def test_a_web_server_that_keeps_its_connections_is_told(client):
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    answer = client.get(ADDRESS, headers=headers)
    assert answer.status_code == 501
    assert "gthread" in answer.json["detail"]


def test_a_bad_handshake_is_told(port):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        head = f"GET {ADDRESS} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        client.sendall(head.encode())
        answer = client.makefile("rb").readline()
    assert b" 400 " in answer


def test_visitors_who_come_and_go_leave_no_thread_and_no_file_behind(gunicorn):
    process, port = gunicorn

    def come_and_go(times: int) -> None:
        for _ in range(times):
            with closing(Link(port)) as link:
                link.ask(wall())
        await_visitors(port, 0)

    come_and_go(5)
    before = usage(process.pid)
    come_and_go(25)
    until(lambda: usage(process.pid).files <= before.files + 2)
    # gunicorn's pool may have grown by a few, searches must not stay
    until(lambda: usage(process.pid).threads <= before.threads + 6)
