"""`gunicorn main:app` as it is: several real clients, viewers that stop reading, and a quick stop."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from tests.servers import ROOT, free_port, running
from tests.streams import Viewer

DEMO = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180", "EXPRESSION_FPS": "15"}


def command(application: str = "main:app") -> list[str]:
    return [sys.executable, "-m", "gunicorn", application]


def state(port: int) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=5) as answer:
        return json.load(answer)


def stuck_viewer(port: int) -> socket.socket:
    """A client that asks for the stream and never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    client.sendall(b"GET /video_feed HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


@pytest.fixture
def server(tmp_path):
    port, log = free_port(), tmp_path / "log"
    with running([*command(), "--log-file", str(log)], port, {**DEMO, "EXPRESSION_PORT": str(port)}) as process:
        yield process, port
    told = log.read_text()
    assert "SIGABRT" not in told, "the worker crashed when it stopped"
    assert "Traceback" not in told, told


def test_many_clients_get_the_same_frames_at_the_cameras_pace(server):
    _, port = server
    viewers = [Viewer(port, seconds=5) for _ in range(8)]
    time.sleep(3)
    watching = state(port)
    for viewer in viewers:
        viewer.join(20)
    assert watching["viewers"] == 8
    assert watching["cameras"][0]["viewers"] == 8
    pictures: dict[int, set[bytes]] = {}
    for viewer in viewers:
        assert viewer.keeps_pace(15)
        for part in viewer.parts:
            if part.number > 0:
                pictures.setdefault(part.number, set()).add(part.jpeg)
    assert all(len(jpegs) == 1 for jpegs in pictures.values()), "a frame was encoded more than once"
    ages = sorted(part.arrived_at - part.captured_at for part in viewers[0].parts)
    assert ages[len(ages) // 2] < 0.5


def test_a_viewer_that_stops_reading_disturbs_nobody_and_is_let_go(server):
    _, port = server
    with stuck_viewer(port):
        viewer = Viewer(port, seconds=4)
        viewer.join(20)
        assert viewer.keeps_pace(15)
        end = time.monotonic() + 20
        while state(port)["viewers"]:
            assert time.monotonic() < end, "the viewer that reads nothing is kept for ever"
            time.sleep(0.2)


def test_it_stops_within_five_seconds_while_viewers_watch(server):
    process, port = server
    viewers = [Viewer(port, seconds=60) for _ in range(5)]
    with stuck_viewer(port):
        for viewer in viewers:
            viewer.await_parts(6)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert time.monotonic() - start < 5
    for viewer in viewers:
        viewer.join(2)
        assert viewer.ended, "a viewer was left hanging"


def test_with_ordinary_viewers_it_stops_at_once(server):
    process, port = server
    viewers = [Viewer(port, seconds=60) for _ in range(5)]
    for viewer in viewers:
        viewer.await_parts(6)
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - start < 1.5


def test_the_factory_serves_the_same():
    port = free_port()
    with running(command("main:create_app()"), port, {**DEMO, "EXPRESSION_PORT": str(port)}):
        assert [camera["source"] for camera in state(port)["cameras"]] == ["demo"]


def test_a_bad_bundle_stops_the_start_with_its_reason(tmp_path):
    env = {**DEMO, "EXPRESSION_PORT": str(free_port()), "EXPRESSION_WEIGHTS": str(tmp_path)}
    done = subprocess.run(
        command(), cwd=ROOT, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert re.search(r"BundleError: .*card.json: missing", done.stderr)
