"""The queue of jobs as files and servers have it: its name, what is damaged, does not answer or is gone."""

import fcntl
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from errors import QueueError, SettingError
from media.queue import jobs as jobs_module
from media.queue.jobs import Jobs
from tests.support.servers.queued_jobs import add, queued


@pytest.mark.parametrize(("name", "use"), [("jobs.db", lambda jobs: jobs.get("a")), ("queue.db", queued)])
def test_a_damaged_file_of_the_queue_is_told_with_what_to_do_and_begun_anew(tmp_path, name, use):
    add(Jobs(tmp_path))
    for left in tmp_path.glob(f"{name}*"):
        left.unlink()
    (tmp_path / name).write_bytes(b"no database" * 1000)
    jobs = Jobs(tmp_path)
    with pytest.raises(QueueError, match=rf"^{name} in the folder of --storage is damaged \(.*; restore it, or"):
        use(jobs)
    (tmp_path / name).rename(tmp_path / "damaged")
    use(jobs)
    add(jobs, "b")
    assert queued(jobs)[-1] == "b"


def test_the_queue_may_be_in_redis_each_folder_by_its_own_name(tmp_path):
    folders = [Jobs(tmp_path / name, "redis://127.0.0.1:1/0") for name in ("a", "b", "a")]
    names = [jobs._queue._storage.name for jobs in folders]
    assert names[0] == names[2] != names[1]
    assert type(folders[0]._queue._storage).__name__ == "RedisStorage"


@pytest.fixture
def hasty_threads():
    """Threads that take turns so often that one reads while another is in the midst of writing."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.parametrize("before", [None, "", "0123"])  # the latter two a crash may have left
@pytest.mark.usefixtures("hasty_threads")
def test_all_processes_that_start_at_once_have_one_name_for_the_queue(tmp_path, before):
    for number in range(60):
        folder = tmp_path / f"videos-{number}"
        if before is not None:
            folder.mkdir()
            (folder / "queue.name").write_text(before)
        barrier = threading.Barrier(8)

        def name(_, folder=folder, barrier=barrier):
            jobs = Jobs(folder, "redis://127.0.0.1:1/0")
            barrier.wait()
            return jobs._name()

        with ThreadPoolExecutor(8) as pool:
            names = set(pool.map(name, range(8)))
        assert names == {(folder / "queue.name").read_text()}
        assert len(names.pop()) == 16


def test_a_name_that_was_there_is_kept(tmp_path):
    (tmp_path / "queue.name").write_text("0123456789abcdef")
    assert Jobs(tmp_path, "redis://127.0.0.1:1/0")._name() == "0123456789abcdef"


def test_who_comes_between_a_name_and_its_letters_waits_for_them(tmp_path, monkeypatch):
    made, waits, lock = threading.Event(), threading.Event(), fcntl.flock

    def slowly(_):
        made.set()
        assert waits.wait(30), "the second goes on without the letters"
        return "0123456789abcdef"

    def lock_telling(file, how):
        try:
            lock(file, how | fcntl.LOCK_NB)
        except BlockingIOError:
            waits.set()
            lock(file, how)

    first, second = (Jobs(tmp_path, "redis://127.0.0.1:1/0") for _ in range(2))
    monkeypatch.setattr(jobs_module.secrets, "token_hex", slowly)
    with ThreadPoolExecutor(1) as pool:
        naming = pool.submit(first._name)
        assert made.wait(30)
        monkeypatch.setattr(jobs_module.fcntl, "flock", lock_telling)
        monkeypatch.setattr(jobs_module.secrets, "token_hex", lambda _: "f" * 16)
        assert second._name() == naming.result() == "0123456789abcdef"


def test_a_queue_that_does_not_answer_is_told_and_leaves_nothing(tmp_path):
    jobs = Jobs(tmp_path, "redis://127.0.0.1:1/0")
    with pytest.raises(
        QueueError, match=r"the queue of videos does not answer .* is the Redis server of --queue running"
    ):
        add(jobs)
    assert not jobs.files("a").exists()


def test_another_queue_is_refused_with_what_was_expected(tmp_path):
    with pytest.raises(SettingError, match="queue: got 'rabbit', expected sqlite or an address such as redis://"):
        Jobs(tmp_path, "rabbit")


def test_a_storage_that_somebody_has_emptied_is_used_anew(tmp_path):
    jobs = Jobs(tmp_path / "videos", keep=3600)
    add(jobs)
    shutil.rmtree(tmp_path / "videos")
    assert queued(jobs) == []
    assert not (tmp_path / "videos").exists()
    add(jobs, "b")
    assert queued(jobs) == ["b"]
