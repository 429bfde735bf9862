"""What `test_full_disk` does where a small disk is: `python -m tests.support.servers.full_disk_steps FOLDER`."""

import sys
import threading
import time
from pathlib import Path

import pytest

from config.settings import Settings
from delivery.stream import Hub
from delivery.viewers import Viewer
from errors import StorageError
from media.limits import disk as disk_module
from media.queue.jobs import UPLOAD, Jobs
from media.queue.worker import Worker
from recording.closing import FULL
from recording.manager import RecordManager
from recording.store import Records
from tests.support.cameras.clips import write_clip
from tests.support.servers.handed_in import await_status, files, hand_in
from tests.support.servers.recorded import LABELS, a_face, a_picture, about, feed, film, recording, show, until
from tests.support.servers.small_disk import Disk

HAPPY = a_face("happy", 0.9)


def add(jobs, job_id):
    jobs.files(job_id).mkdir(parents=True)
    (jobs.files(job_id) / UPLOAD).write_bytes(b"x" * 100_000)
    return jobs.add(job_id, "clip.mp4")


def queue(disk):
    """Nothing is changed by half, and deleting makes room for itself."""
    jobs = Jobs(disk.folder / "videos")
    first, second = add(jobs, "first"), add(jobs, "second")
    disk.fill()
    for fails in (lambda: jobs.claim("first", "one"), lambda: jobs.process_next(print), lambda: jobs.cancel("first")):
        with pytest.raises(StorageError, match="the server's disk is full"):
            fails()
    (jobs.folder / "third").mkdir()
    with pytest.raises(StorageError):
        jobs.add("third", "clip.mp4")
    assert not (jobs.folder / "third").exists()
    with pytest.raises(StorageError):
        Jobs(disk.folder / "other", "redis://127.0.0.1:1/0").add("a", "clip.mp4")
    left = sorted(path.name for path in disk.files("jobs.db", "queue."))
    assert left == ["filler", UPLOAD, UPLOAD], left
    assert (disk.folder / "other" / "queue.name").read_bytes() == b"", "nor half a name"
    jobs.delete("second")
    assert jobs.get("second") is None
    disk.clear()
    found = []
    while jobs.process_next(found.append):
        pass
    assert found == ["first", "second"]
    assert jobs.claim("second", "one") is None
    assert jobs.get("first") == first != second
    assert jobs.claim("first", "one")
    jobs.delete("first")


def records(disk):
    """A record ends whole by what was kept for it, and none is begun by half."""
    folder = disk.folder / "records"
    with recording(folder) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 20)
        disk.fill()
        for number in range(2000):
            if not recorder.is_alive():
                break
            before = recorder.frames
            show(hub, a_picture(number, [HAPPY]))
            until(lambda before=before: recorder.frames > before or not recorder.is_alive())
        recorder.join(10)
    record = recorder.record
    summary, rows = record.summary, record.read("record.json")
    assert summary["message"] == rows["message"] == FULL
    assert summary["frames"] == len(rows["frames"]) >= 20
    assert film(record.folder / "video.mp4"), "its whole fragments play"
    assert [moment["expression"] for moment in summary["moments"]] == ["happy"]
    disk.fill()
    with pytest.raises(OSError, match="No space"):
        Records(folder, 3600).begin(about())
    assert list(folder.iterdir()) == [record.folder]
    assert not list(record.folder.glob(".*"))
    record.delete()
    disk.clear()


def record_manager(disk):
    """A record the end of which found no room, although some was kept for it, is closed as soon as there is some."""
    hub, kept = Hub(), RecordManager(Settings(source=("demo",), storage=str(disk.folder)))
    record = kept.begin(about(), LABELS, hub, Viewer(), lambda: None, lambda: True)
    for _ in range(40):
        feed(hub, kept._recorders[0], [(HAPPY,)])
        time.sleep(0.03)  # two fragments of half a second
    (record.folder / "reserve").unlink()
    disk.fill()
    show(hub, a_picture(20, [HAPPY] * 60))  # more than fits into what a file's last page has left
    until(lambda: record.is_cut_short or record.summary)
    assert record.summary is None
    disk.clear()
    until(lambda: record.summary)
    assert record.summary["message"] == FULL
    assert record.summary["frames"] > 0
    kept.close()
    assert film(record.folder / "video.mp4")
    record.delete()


def worker(disk):
    """A video whose results cannot be written fails in words; the next waits for room, and is read."""
    disk_module.SPARE = 2_000_000
    made = Worker(Settings(source=("demo",), storage=str(disk.folder)), "one")
    clip = write_clip(disk.folder / "clip.avi", frames=100, sound=False)
    job, other = hand_in(made.jobs, clip), hand_in(made.jobs, clip, "b" * 16)
    clip.unlink()
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    until(lambda: list(made.jobs.files(job.id).glob("attempt-*/.*.part")), 120)
    disk.fill()
    until(lambda: not list(made.jobs.files(job.id).glob("attempt-*")), 60)
    disk.fill()
    assert made.jobs.get(job.id).status in ("running", "failed"), "perhaps there is no room to note it"
    assert made.jobs.get(other.id).status == "queued"
    disk.clear()
    failed = await_status(made.jobs, job, "failed", "done")
    assert (
        failed.message
        == "clip.avi: the server's disk became full during the analysis; hand it in again when there is room"
    )
    assert files(made.jobs, job) == []
    assert await_status(made.jobs, other, "failed", "done").status == "done"
    made.stop.set()
    thread.join(20)
    made.jobs.delete(other.id)


if __name__ == "__main__":
    disk_module.SPARE = 0  # what is looked at here is what comes after that
    disk = Disk(Path(sys.argv[1]))
    for step in (queue, records, record_manager, worker):
        step(disk)
        assert disk.files("jobs.db", "queue.", ".lock") == [], step
