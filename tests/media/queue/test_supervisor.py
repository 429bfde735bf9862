"""Who sees that a worker is there, where starting one, the storage or the queue make trouble."""

import subprocess
import threading
from pathlib import Path

import pytest

from config.settings import Settings
from media.queue import supervisor as supervisor_module
from media.queue.supervisor import Supervisor
from tests.support.servers.handed_in import hand_in
from tests.support.waiting import Clock, until

MARK = "open({!r}, 'a').write('x'); import sys; sys.stdin.read()"
BROKEN = "open({!r}, 'a').write('x'); raise SystemExit(3)"
DEAF = "open({!r}, 'a').write('x'); import time; time.sleep(60)"


@pytest.fixture
def supervisor(tmp_path):
    made = Supervisor(Settings(source=("demo",), storage=str(tmp_path / "store")))
    yield made
    made.close()


@pytest.fixture
def clip(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    return tmp_path / "clip.mp4"


def stand_in(monkeypatch, tmp_path, script):
    """Have workers run a script instead, which leaves a letter in the file that is returned for each start."""
    started = tmp_path / "started"
    (tmp_path / "worker.py").write_text(script.format(str(started)))
    monkeypatch.setattr(supervisor_module, "WORKER", tmp_path / "worker.py")
    return started


@pytest.fixture
def pauses(supervisor, monkeypatch):
    """By a clock that stands still otherwise: how long the supervisor waits for its next start, in whole seconds."""
    clock = Clock()
    monkeypatch.setattr(supervisor_module, "time", clock)

    def pause(tries):
        before, seconds = len(tries), 0
        supervisor._check_worker()
        while len(tries) == before:
            seconds, clock.now = seconds + 1, clock.now + 1
            assert seconds < 100, "it is not tried again"
            supervisor._check_worker()
        return seconds

    yield pause
    supervisor._end_worker()


@pytest.fixture
def starts(monkeypatch):
    """The processes that were started for workers."""
    begun, whole = [], subprocess.Popen

    def start(*given, **named):
        begun.append(whole(*given, **named))
        return begun[-1]

    monkeypatch.setattr(supervisor_module.subprocess, "Popen", start)
    return begun


def test_a_start_that_fails_for_want_of_a_process_is_tried_again_with_growing_pauses(
    supervisor, pauses, clip, tmp_path, monkeypatch, caplog
):
    started, whole, tries = stand_in(monkeypatch, tmp_path, MARK), subprocess.Popen, []

    def out_of_processes(*given, **named):
        tries.append(None)
        if len(tries) < 4:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return whole(*given, **named)

    monkeypatch.setattr(supervisor_module.subprocess, "Popen", out_of_processes)
    hand_in(supervisor.jobs, clip)
    assert [pauses(tries) for _ in range(4)] == [0, 1, 2, 4]
    until(started.exists)
    assert caplog.text.count("no worker for videos can be started (Resource temporarily unavailable)") == 3


def test_a_worker_that_cannot_go_on_is_started_again_with_growing_pauses(
    supervisor, pauses, starts, clip, tmp_path, monkeypatch
):
    started, seconds = stand_in(monkeypatch, tmp_path, BROKEN), []
    hand_in(supervisor.jobs, clip)
    for _ in range(4):
        seconds.append(pauses(starts))
        assert starts[-1].wait(30) == 3
    assert seconds == [0, 1, 2, 4]
    assert started.read_text() == "x" * 4


def test_a_start_waits_for_no_tidying(supervisor, monkeypatch):
    begun, go_on, done = threading.Event(), threading.Event(), []

    def slow(jobs):
        begun.set()
        go_on.wait(30)
        done.append(jobs)

    monkeypatch.setattr(supervisor_module, "tidy", slow)
    supervisor.jobs.folder.mkdir(parents=True)
    supervisor.open()
    assert begun.wait(30), "it is tidied up at once"
    assert not done
    go_on.set()
    until(lambda: done)


def test_a_server_to_which_no_video_was_ever_handed_in_starts_and_makes_nothing(supervisor, tmp_path):
    supervisor.open()
    assert supervisor._thread is None
    assert not (tmp_path / "store").exists()


def test_a_damaged_record_of_videos_does_not_keep_the_server_from_starting(supervisor, caplog):
    supervisor.jobs.folder.mkdir(parents=True)
    (supervisor.jobs.folder / "jobs.db").write_bytes(b"no database" * 1000)
    supervisor.open()
    until(lambda: "jobs.db in the folder of --storage is damaged" in caplog.text)
    assert supervisor._thread.is_alive()


def test_a_storage_of_another_user_does_not_keep_the_server_from_starting(supervisor, monkeypatch, caplog):
    def anothers(path):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "stat", anothers)
        supervisor.open()
    assert "the storage cannot be used; main.py --check tells more (Permission denied)" in caplog.text


def test_a_worker_that_hears_nothing_is_killed_and_its_job_waits_again(supervisor, clip, tmp_path, monkeypatch):
    started = stand_in(monkeypatch, tmp_path, DEAF)
    monkeypatch.setattr(supervisor_module, "STOP_TIMEOUT", 0.2)
    job = hand_in(supervisor.jobs, clip)
    supervisor.wake()
    until(started.exists)
    assert supervisor.jobs.claim(job.id, supervisor._name)
    supervisor.close()
    assert supervisor._process is None
    assert supervisor.jobs.get(job.id).status == "queued"
