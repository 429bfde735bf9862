"""SIGHUP under gunicorn: new settings and bundles for viewers who hardly notice, and bad ones that change nothing."""

import errno
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from service import reloading
from service.reloading import Reload
from tests.support.clients.streams import Faithful
from tests.support.servers.servers import ROOT, free_port, running


class Deployment:
    """A server with its file of settings, its bundle and its log."""

    def __init__(self, folder: Path) -> None:
        self.port, self.file, self.log, self.bundle = free_port(), folder / "live.toml", folder / "log", folder / "net"
        shutil.copytree(ROOT / "weights" / "ferplus", self.bundle)
        self.write(threshold=0.3)
        self.env = {"EXPRESSION_CONFIG": str(self.file), "EXPRESSION_PORT": str(self.port)}

    def write(self, **changed: object) -> None:
        chosen = {"source": "demo", "width": 320, "height": 180, "fps": 15, "log_format": "json"}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in {**chosen, **changed}.items()]
        self.file.write_text(f'weights = "{self.bundle}"\n{"".join(lines)}')

    def log_lines(self) -> list[dict]:
        """The log so far; what native libraries write themselves is passed over."""
        lines = self.log.read_text().splitlines()
        assert not [line for line in lines if not line.startswith(("{", "INFO: Created TensorFlow Lite"))]
        return [json.loads(line) for line in lines if line.startswith("{")]

    def await_line(self, words: str, since: int, seconds: float = 60) -> dict:
        until = time.monotonic() + seconds
        while True:
            found = [line for line in self.log_lines()[since:] if words in line["message"]]
            if found:
                return found[0]
            assert time.monotonic() < until, f"{words!r} was not told within {seconds:g} s:\n{self.log.read_text()}"
            time.sleep(0.05)

    def threshold(self) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/state", timeout=30) as answer:
            return json.load(answer)["threshold"]


@pytest.fixture
def deployment(tmp_path):
    return Deployment(tmp_path)


@pytest.fixture
def master(deployment):
    with deployment.log.open("w+b") as log:
        command = [sys.executable, "-m", "gunicorn", "main:app"]
        with running(command, deployment.port, deployment.env, output=log) as process:
            yield process
    assert not any("Traceback" in line.get("error", "") for line in deployment.log_lines())


def test_new_settings_come_and_the_camera_has_one_owner_and_viewers_see_it_again(deployment, master):
    viewer = Faithful(deployment.port)
    deployment.await_line("demo is open", 0)
    viewer.await_picture()
    lines = len(deployment.log_lines())
    deployment.write(threshold=0.5)
    master.send_signal(signal.SIGHUP)
    opened = deployment.await_line("demo is open", lines)
    closed = deployment.await_line("camera: closed", lines)
    assert closed["process"] != opened["process"]
    assert closed["time"] <= opened["time"], "two workers had the camera at a time"
    viewer.await_picture()
    assert viewer.streams == 2
    assert deployment.threshold() == 0.5
    viewer.leave()
    viewer.join(30)
    assert master.poll() is None


def test_what_is_wrong_is_told_and_changes_nothing(deployment, master):
    viewer = Faithful(deployment.port)
    deployment.await_line("demo is open", 0)
    network = deployment.bundle / "model.tflite"
    whole = network.read_bytes()

    def refuse(words: str) -> None:
        lines = len(deployment.log_lines())
        master.send_signal(signal.SIGHUP)
        line = deployment.await_line("stay as they were", lines)
        assert words in line["message"]
        assert line["level"] == "error"
        viewer.await_picture()
        assert viewer.streams == 1, "the stream was broken off"
        assert deployment.threshold() == 0.3

    deployment.write(thresold=0.5)
    refuse("thresold is no setting; did you mean threshold?")
    network.write_bytes(whole[:1000])  # in place, under the feet of the worker that has loaded it
    deployment.write(threshold=0.5, runtime="litert")
    refuse("model.tflite: damaged or replaced")
    network.write_bytes(whole)
    deployment.write(host="localhost")
    port = deployment.port
    refuse(f"127.0.0.1:{port} is to become localhost:{port}, which takes a restart")
    viewer.leave()
    viewer.join(30)
    opened = [line for line in deployment.log_lines() if "demo is open" in line["message"]]
    assert len(opened) == 1, "the camera went on as it was"


@pytest.fixture
def made(monkeypatch):
    made = Reload()
    monkeypatch.setattr("service.reloading.get_reload", lambda: made)
    yield made
    made._cameras.close()


@pytest.fixture
def guarded(made):
    """What a master has, with its reload guarded, and how often that was done."""
    befores, reloads = {number: signal.getsignal(number) for number in reloading.STOPS}, []
    for number in befores:
        signal.signal(number, lambda *_: None)
    server = SimpleNamespace(reload=lambda: reloads.append(True), log=logging.getLogger("server"), reloads=reloads)
    reloading.try_before_reload(server, "127.0.0.1:5000")
    yield server
    for number, before in befores.items():
        signal.signal(number, before)


def test_a_trial_that_cannot_be_started_is_told_and_changes_nothing(guarded, monkeypatch, caplog):
    def no_room(*_, **__):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(subprocess, "Popen", no_room)
    guarded.reload()
    assert guarded.reloads == []
    assert "stay as they were: they could not be tried (Too many open files); try again" in caplog.text


def test_a_trial_that_takes_too_long_changes_nothing(guarded, monkeypatch, caplog):
    monkeypatch.setattr("service.reloading.TRIAL", "import time; time.sleep(60)")
    monkeypatch.setattr("service.reloading.TRIAL_LIMIT", 0.1)
    guarded.reload()
    assert guarded.reloads == []
    assert "stay as they were: they could not be tried within 0.1 s" in caplog.text


def test_a_stop_ends_a_trial_and_no_old_worker_waits_for_a_new_one(guarded, made, monkeypatch, caplog):
    monkeypatch.setattr("service.reloading.TRIAL", "import time; time.sleep(60)")
    made.expect_successor(2)
    assert made.has_successor(1)
    stop = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    stop.start()
    guarded.reload()
    stop.join()
    made.await_successor(threading.Event())
    assert guarded.reloads == []
    assert "stay as they were: the server is being stopped" in caplog.text
    assert not made.has_successor(1), "it is to end like the whole server"


def test_a_stop_in_the_middle_of_a_change_begins_no_new_worker(deployment, master):
    deployment.await_line("Booting worker", 0)
    lines = len(deployment.log_lines())
    master.send_signal(signal.SIGHUP)
    deployment.await_line("Hang up", lines)
    master.send_signal(signal.SIGTERM)
    assert master.wait(20) == 0
    assert not [line for line in deployment.log_lines()[lines:] if "Booting worker" in line["message"]]


def test_a_worker_ends_after_the_thread_that_a_stop_has_begun(deployment, tmp_path):
    conf = tmp_path / "late.conf.py"
    conf.write_text(f"""
import threading, time
from service.server import Server

exec(compile(open({str(ROOT / "gunicorn.conf.py")!r}).read(), "gunicorn.conf.py", "exec"))
close = Server.close

def late(server):
    if threading.current_thread() is not threading.main_thread():
        time.sleep(0.5)  # as on a busy machine; the main thread is done long before
    return close(server)

Server.close = late
""")
    command = [sys.executable, "-m", "gunicorn", "-c", str(conf), "main:app"]
    with deployment.log.open("w+b") as log, running(command, deployment.port, deployment.env, output=log) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert deployment.log_lines(), "a log without a traceback"


def test_a_worker_that_is_told_to_stop_while_it_loads_ends_at_once_and_later_as_ever():
    program = """
import os, signal, sys, types
from service import reloading
worker = types.SimpleNamespace(handle_exit=lambda *_: print("as ever", flush=True))
reloading.exit_on_sigterm_while_loading(worker)
signal.signal(signal.SIGTERM, worker.handle_exit)
if sys.argv[1] == "loaded":
    signal.signal(signal.SIGTERM, lambda *given: worker.handle_exit(*given))
os.kill(os.getpid(), signal.SIGTERM)
print("goes on")
"""

    def output(when: str) -> str:
        return subprocess.run([sys.executable, "-c", program, when], cwd=ROOT, capture_output=True, text=True).stdout

    assert output("loading") == ""
    assert output("loaded").splitlines() == ["as ever", "goes on"]


def test_an_old_worker_waits_for_its_successor_and_no_longer_than_it_may(made, monkeypatch):
    monkeypatch.setattr("service.reloading.READY_LIMIT", 0.3)
    stop = threading.Event()

    def waited() -> float:
        start = time.monotonic()
        made.await_successor(stop)
        return time.monotonic() - start

    assert not made.has_successor(1)
    made.expect_successor(2)
    assert made.has_successor(1)
    assert not made.has_successor(2), "the successor itself stays"
    assert waited() >= 0.3, "nobody came"
    monkeypatch.setattr("service.reloading.READY_LIMIT", 3600)
    made.mark_ready(2)
    made.await_successor(stop)
    made.expect_successor(3)
    stop.set()
    made.await_successor(stop)  # the server stops


def test_the_cameras_have_one_owner_even_where_it_is_killed(made, monkeypatch):
    monkeypatch.setattr("service.reloading.CAMERAS_LIMIT", 0.2)
    number = made._cameras.fileno()
    script = f"import time, fcntl; fcntl.lockf({number}, fcntl.LOCK_EX); print(flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, pass_fds=(number,)) as owner:
        owner.stdout.readline()
        assert not made.acquire_cameras()
        owner.kill()
        owner.wait(5)
        assert made.acquire_cameras()


def test_a_bad_setting_stops_the_start_in_one_line():
    done = subprocess.run(
        [sys.executable, "-m", "gunicorn", "main:app"],
        cwd=ROOT,
        env={**os.environ, "EXPRESSION_PROT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 1
    message = "gunicorn: environment: EXPRESSION_PROT is no setting; did you mean EXPRESSION_PORT?"
    assert done.stderr == f"{message} (main.py --help lists them)\n"
