"""Jobs from their arrival to their end, whichever store and queue hold them."""

import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from media.queue import jobs as jobs_module
from media.queue.jobs import UPLOAD, Jobs
from media.queue.liveness import STALE, HeartbeatMonitor
from tests.support.servers.queued_jobs import add, queued
from tests.support.servers.redis_server import redis_server


@pytest.fixture(scope="module")
def redis():
    with redis_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "redis", "unix"])
def where(request, redis):
    return {"sqlite": "sqlite", "redis": redis.url, "unix": redis.unix_url}[request.param]


@pytest.fixture
def jobs(tmp_path, where):
    return Jobs(tmp_path / "videos", where, keep=3600)


def test_no_more_wait_than_may_however_many_come_at_once(jobs):
    names = [f"job{number}" for number in range(12)]
    for name in names:
        jobs.files(name).mkdir(parents=True)
    with ThreadPoolExecutor(len(names)) as pool:
        made = list(pool.map(lambda name: jobs.add(name, "clip.mp4", 5), names))
    taken = sorted(job.id for job in made if job is not None)
    assert len(taken) == jobs.unfinished() == 5
    assert sorted(path.name for path in jobs.folder.iterdir() if path.is_dir()) == taken
    assert sorted(queued(jobs)) == taken


def test_nothing_is_made_until_there_is_a_job(jobs):
    assert jobs.unfinished() == 0
    assert jobs.get("a") is None
    jobs.sweep()
    assert not jobs.folder.exists()


def test_jobs_come_out_in_their_order_and_survive_a_restart(jobs, where):
    for name in "abc":
        add(jobs, name)
    again = Jobs(jobs.folder, where)
    assert queued(again) == ["a", "b", "c"]
    assert [again.ahead_of(again.get(name)) for name in "abc"] == [0, 1, 2]


class Harmful:
    """As who can write to Redis, or an older version, may have left it in the queue."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_what_stands_in_the_queue_is_taken_for_an_id_and_nothing_else(jobs, tmp_path, caplog):
    add(jobs)
    assert queued(jobs) == ["a"]
    for odd in (pickle.dumps(Harmful(tmp_path / "made")), b"", b"a:b", "\u00e9".encode(), b"x" * 1000):
        jobs._queue._storage.enqueue(odd)
    add(jobs, "b")
    assert queued(jobs) == ["b"]
    assert not (tmp_path / "made").exists(), "nothing of it was run"
    assert caplog.text.count("is no id, and was dropped") == 5
    jobs.requeue()
    assert queued(jobs) == ["a", "b"]


def test_a_job_is_claimed_once(jobs):
    add(jobs)
    job = jobs.claim("a", "one")
    assert (job.status, job.worker, job.attempts) == ("running", "one", 1)
    assert jobs.claim("a", "two") is None
    assert jobs.claim("gone", "two") is None


def test_a_job_ends_once(jobs):
    add(jobs)
    job = jobs.claim("a", "one")
    assert jobs.finish(job, "done")
    assert not jobs.finish(job, "failed", "too late")
    assert jobs.get("a").status == "done"
    assert jobs.unfinished() == 0


def test_a_cancelled_job_is_no_longer_its_workers(jobs):
    add(jobs)
    job = jobs.claim("a", "one")
    assert jobs.report_progress(job, 0.5, 3.0)
    assert jobs.cancel("a")
    assert not jobs.report_progress(job, 0.6, 2.0)
    assert not jobs.finish(job, "done")
    assert not jobs.cancel("a")
    assert jobs.get("a").status == "cancelled"


def test_a_dead_workers_job_is_queued_again_and_its_late_words_do_not_count(jobs):
    add(jobs)
    queued(jobs)
    late = jobs.claim("a", "dead")
    jobs.recover("dead")
    assert queued(jobs) == ["a"]
    new = jobs.claim("a", "dead")  # a name may come again
    assert new.attempts == 2
    assert not jobs.finish(late, "done")
    assert jobs.finish(new, "done")


class Looker:
    """Looks at jobs once a second, by a clock of its own."""

    def __init__(self, jobs):
        self.jobs, self.now = jobs, 0.0
        jobs._heartbeats = HeartbeatMonitor(lambda: self.now)

    def look(self, seconds, and_beat=lambda: None):
        for _ in range(seconds):
            self.now += 1
            and_beat()
            self.jobs.recover()


def test_a_silent_worker_counts_as_dead_after_a_while_and_a_living_one_does_not(jobs):
    add(jobs)
    queued(jobs)
    job, looker = jobs.claim("a", "one"), Looker(jobs)
    looker.look(60, lambda: jobs.beat(job))
    looker.look(int(STALE))
    assert queued(jobs) == []
    assert jobs.beat(job)
    looker.look(int(STALE) + 1)
    assert queued(jobs) == []
    looker.look(1)
    assert queued(jobs) == ["a"]


@pytest.mark.parametrize("ahead", [-7200, -30, 30, 7200])
def test_a_worker_whose_clock_differs_keeps_its_job(jobs, where, monkeypatch, ahead):
    add(jobs)
    queued(jobs)
    looker = Looker(Jobs(jobs.folder, where))
    now, job = time.time(), jobs.claim("a", "one")

    def beat():
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(jobs_module.time, "time", lambda: now + ahead + looker.now)
            assert jobs.beat(job)

    looker.look(60, beat)
    assert queued(jobs) == []


def test_a_queue_that_did_not_answer_for_long_makes_no_worker_dead(jobs):
    add(jobs)
    queued(jobs)
    jobs.claim("a", "one")
    looker = Looker(jobs)
    looker.look(1)
    looker.now += 3600
    looker.look(1)
    assert queued(jobs) == [], "its worker could say nothing either"


def test_a_job_that_ends_its_worker_each_time_fails_at_last(jobs):
    add(jobs)
    for _ in range(jobs_module.ATTEMPTS):
        assert jobs.claim("a", "one")
        jobs.recover("one")
    job = jobs.get("a")
    assert job.status == "failed"
    assert job.message == "clip.mp4: the analysis broke off 3 times; the video may be damaged"


def test_a_job_that_is_put_back_has_lost_no_attempt(jobs):
    add(jobs)
    queued(jobs)
    jobs.put_back(jobs.claim("a", "one"))
    assert queued(jobs) == ["a"]
    assert jobs.get("a").attempts == 0


def test_what_is_over_is_deleted_after_its_time_with_all_files(jobs, monkeypatch):
    for name in "ab":
        add(jobs, name)
    jobs.finish(jobs.claim("a", "one"), "done")
    now = time.time()
    monkeypatch.setattr(jobs_module.time, "time", lambda: now + 3500)
    jobs.sweep()
    assert jobs.files("a").is_dir()
    assert not (jobs.files("a") / UPLOAD).exists(), "what was handed in is not needed any more"
    monkeypatch.setattr(jobs_module.time, "time", lambda: now + 3700)
    jobs.sweep()
    assert jobs.get("a") is None
    assert not jobs.files("a").exists()
    assert (jobs.files("b") / UPLOAD).exists(), "what waits is not over"


def test_files_that_no_record_knows_are_swept(jobs, monkeypatch):
    add(jobs, "a")
    (jobs.folder / "orphan").mkdir()
    jobs.sweep()
    assert (jobs.folder / "orphan").is_dir(), "its record may just be on its way"
    now = time.time()
    monkeypatch.setattr(jobs_module.time, "time", lambda: now + 100)
    jobs.sweep()
    assert not (jobs.folder / "orphan").exists()
    assert jobs.files("a").is_dir()


def test_a_folder_that_is_deleted_beside_a_sweep_ends_nothing(jobs, monkeypatch):
    add(jobs)
    (jobs.folder / "orphan").mkdir()
    is_dir = Path.is_dir

    def deleted_after(path):
        found = is_dir(path)
        if path.name == "orphan":
            path.rmdir()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Path, "is_dir", deleted_after)
        jobs.sweep()
    assert jobs.files("a").is_dir()


def test_many_workers_claim_each_job_once(jobs, where):
    for number in range(12):
        add(jobs, f"job-{number}")
    claimed = []

    def claim(worker):
        mine = Jobs(jobs.folder, where)
        claimed.extend(job.id for number in range(12) if (job := mine.claim(f"job-{number}", worker)))

    threads = [threading.Thread(target=claim, args=(f"worker-{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(f"job-{number}" for number in range(12))
