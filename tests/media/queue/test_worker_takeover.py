"""Workers and servers that share jobs: who is silent for long, a Redis that hangs, two servers of one folder."""

import signal
import threading
from dataclasses import replace

import pytest

from config.settings import Settings
from errors import QueueError
from media.queue.heartbeat import Heartbeat
from media.queue.storage import LINE, RESULT, TABLE, VIDEO
from media.queue.supervisor import Supervisor
from media.queue.worker import Worker
from tests.support.cameras.clips import write_clip
from tests.support.servers.handed_in import await_status, files, hand_in, while_working, work_off
from tests.support.servers.redis_server import redis_server


@pytest.fixture
def settings(tmp_path):
    return Settings(source=("demo",), storage=str(tmp_path / "store"))


def test_a_worker_that_was_silent_for_long_leaves_the_files_to_who_took_its_job_over(settings, tmp_path, monkeypatch):
    late, new = Worker(settings, "late"), Worker(settings, "new")
    job = hand_in(late.jobs, write_clip(tmp_path / "clip.mp4", frames=5))
    analyse = late._analyse

    def overtaken(*given):
        analyse(*given)
        late.jobs.recover("late")
        work_off(new)

    monkeypatch.setattr(late, "_analyse", overtaken)
    work_off(late)
    found = late.jobs.get(job.id)
    assert (found.status, found.worker, found.attempts) == ("done", "new", 2)
    assert files(late.jobs, job) == sorted([VIDEO, RESULT, TABLE, LINE])


def test_a_job_outlasts_a_redis_that_hangs(settings, tmp_path, monkeypatch):
    with redis_server() as redis:
        worker = Worker(replace(settings, redis_url=redis.url), "one")
        job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=15))
        change, unheard = worker.jobs._store.change, []

        def change_and_wake(*given, **named):
            try:
                return change(*given, **named)
            except QueueError:
                unheard.append(given)
                redis.tell(signal.SIGCONT)
                raise

        monkeypatch.setattr(worker.jobs._store, "change", change_and_wake)
        while_working(worker, job, lambda: redis.tell(signal.SIGSTOP))
        assert unheard
        found = worker.jobs.get(job.id)
        assert (found.status, found.attempts) == ("done", 1)
        assert files(worker.jobs, job) == sorted([VIDEO, RESULT, TABLE, LINE])


def test_an_end_that_was_taken_in_unheard_leaves_no_upload(settings, tmp_path, monkeypatch):
    worker = Worker(settings, "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=3))
    finish, results = worker.jobs.finish, []

    def unheard(*given):
        ended = finish(*given)
        results.append(ended)
        if len(results) == 1:
            raise QueueError("the queue of videos does not answer")
        return ended

    monkeypatch.setattr(worker.jobs, "finish", unheard)
    work_off(worker)
    assert results == [True, False]
    assert files(worker.jobs, job) == sorted([VIDEO, RESULT, TABLE, LINE])


def test_signs_of_life_go_on_whatever_one_of_them_meets(settings, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("media.queue.heartbeat.BEAT", 0.01)
    jobs, beats = Worker(settings, "one").jobs, []
    hand_in(jobs, write_clip(tmp_path / "clip.mp4", frames=3))
    job, enough = jobs.claim("a" * 16, "one"), threading.Event()

    def odd(_):
        beats.append(job)
        if len(beats) == 3:
            enough.set()
        raise (QueueError("the queue of videos does not answer"), OSError(5, "I/O error"))[len(beats) % 2]

    monkeypatch.setattr(jobs, "beat", odd)
    with Heartbeat(jobs, job):
        assert enough.wait(30)
    assert "the heartbeat of aaaaaa... could not be sent; trying again" in caplog.text


def test_two_servers_of_one_folder_start_one_worker(settings, tmp_path):
    foremen = [Supervisor(settings), Supervisor(settings)]
    job = hand_in(foremen[0].jobs, write_clip(tmp_path / "clip.mp4", frames=150))
    try:
        for supervisor in foremen:
            supervisor.wake()
        await_status(foremen[0].jobs, job, "done")
        assert sum(supervisor._process is not None for supervisor in foremen) == 1
    finally:
        for supervisor in foremen:
            supervisor.close()
