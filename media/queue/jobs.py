"""Jobs off the request path: a record of each, and a queue that survives restarts.

The files lie below one folder. The records, and Huey's queue, are in that folder (SQLite) or in Redis.

The record decides, the queue only wakes a worker. A worker claims a job at one stroke, gives a sign of life every two
seconds, and ends the job only while it still owns it. A job whose worker is gone is queued again, three times at
most. So a job that stands in the queue twice still ends once. A job may also be missing from the queue, because
whoever put it there was killed; a worker that finds the queue empty adds what waits, once a minute.
"""

import fcntl
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from config.redaction import without_password
from config.settings import REDIS_SCHEMES
from errors import QueueError, SettingError, StorageError
from media.limits.disk import disk_full_errors
from media.queue.job import WAITING, Job
from media.queue.liveness import HeartbeatMonitor
from media.queue.sqlite_store import Expected, SqliteStore, Store

if TYPE_CHECKING:
    from media.queue.huey_queue import HueyQueue

UPLOAD = "upload"
"""Name of a job's uploaded file, which is deleted when the job is done."""
NAME = 16
"""Letters of a queue's name."""
ATTEMPTS = 3
"""Attempts for each job: one that ends its worker each time would otherwise be tried for ever."""


class Jobs:
    """The jobs below a folder; any number of processes may share it. Nothing is touched until it is used.

    All methods raise `QueueError` if the queue does not answer, `StorageError` if the disk is full. No job is lost
    by that: `requeue` puts waiting jobs that may be missing from the queue back into it.

    Args:
        folder: created at the first use.
        queue: `sqlite`, or the address of a Redis server.
        keep: seconds for which a finished job is kept.
    """

    def __init__(self, folder: Path, queue: str = "sqlite", keep: float = 86_400.0) -> None:
        if queue != "sqlite" and not queue.startswith(REDIS_SCHEMES):
            detail = f"queue: got {without_password(queue)!r}, expected sqlite or an address"
            raise SettingError(f"{detail} such as redis://localhost:6379/0")
        if queue != "sqlite":
            from config.redis_client import check_address  # Redis' client, which many servers never need

            check_address(queue, "queue")
        self.folder = folder
        self.keep = keep
        self._where = queue
        self._add_lock = threading.Lock()
        self._heartbeats = HeartbeatMonitor()

    def files(self, job_id: str) -> Path:
        """The folder of a job's files."""
        return self.folder / job_id

    def add(self, job_id: str, name: str, max_unfinished: int | None = None) -> Job | None:
        """Record and queue a job whose files are in place; on failure the job and its files are deleted.

        Returns None, and deletes the files, if `max_unfinished` jobs are unfinished already; threads of one process
        cannot exceed it together.
        """
        job = Job(job_id, name, "queued", time.time())
        try:
            with self._add_lock:
                if max_unfinished is not None and self.unfinished() >= max_unfinished:
                    shutil.rmtree(self.files(job_id), ignore_errors=True)
                    return None
                self._store.add(job)
            self._queue.put(job_id)
        except (QueueError, StorageError):
            shutil.rmtree(self.files(job_id), ignore_errors=True)
            with suppress(QueueError, StorageError):  # a record without files is failed by the worker that claims it
                self._store.remove(job_id)
            raise
        return job

    def get(self, job_id: str) -> Job | None:
        """Return a job by its id; None if there is none."""
        return self._store.get(job_id) if self.folder.is_dir() else None

    def unfinished(self) -> int:
        """Return how many jobs wait or run."""
        return len(self._all(*WAITING))

    def ahead_of(self, job: Job) -> int:
        """Return how many unfinished jobs are older than one."""
        return sum(other.created < job.created for other in self._all(*WAITING))

    def claim(self, job_id: str, worker: str) -> Job | None:
        """Take a waiting job; None if it does not wait, for instance because another worker has it."""
        changes = {"status": "running", "worker": worker, "beat": time.time(), "progress": 0.0, "left": -1.0}
        return self.get(job_id) if self._store.change(job_id, {"status": ["queued"]}, changes, attempts=1) else None

    def beat(self, job: Job) -> bool:
        """Send a heartbeat; False if the worker no longer has the job, for instance because it was cancelled."""
        return self._change_own(job, beat=time.time())

    def report_progress(self, job: Job, progress: float, left: float) -> bool:
        """Store a job's progress; False as for `beat`."""
        return self._change_own(job, progress=progress, left=left)

    def finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job as `done` or `failed`, once; False as for `beat`."""
        return self._change_own(job, status=status, message=message, finished=time.time(), left=0.0)

    def put_back(self, job: Job) -> None:
        """Return a job to the queue for another worker; the attempt does not count."""
        if self._change_own(job, attempts=-1, status="queued", worker=""):
            self._queue.put(job.id)

    def cancel(self, job_id: str) -> bool:
        """Cancel an unfinished job; False if it is over."""
        changes = {"status": "cancelled", "worker": "", "finished": time.time()}
        return self._store.change(job_id, {"status": WAITING}, changes)

    def delete(self, job_id: str) -> None:
        """Delete a job and its files at once, whatever its state."""
        try:
            self._store.remove(job_id)
        except StorageError:  # removing takes a little disk space, which the files may free
            shutil.rmtree(self.files(job_id), ignore_errors=True)
            self._store.remove(job_id)
        shutil.rmtree(self.files(job_id), ignore_errors=True)

    def recover(self, worker: str = "") -> None:
        """Queue the jobs of dead workers again: those of the named one, and those without a heartbeat for long.

        Call it often: silence is measured between calls.
        """
        running = self._all("running")
        stale = self._heartbeats.stale(running)
        for job in running:
            if job.worker != worker and job.id not in stale:
                continue
            if job.attempts >= ATTEMPTS:
                message = f"{job.name}: the analysis broke off {ATTEMPTS} times; the video may be damaged"
                self.finish(job, "failed", message)
            elif self._change_own(job, status="queued", worker=""):
                self._queue.put(job.id)

    def requeue(self) -> None:
        """Queue every waiting job once more: a worker may have died between taking it from the queue and claiming it.

        A job that is queued twice is claimed only once.
        """
        for job in self._all("queued"):
            self._queue.put(job.id)

    def sweep(self) -> None:
        """Delete jobs that are past their time, and the files of jobs that ended without a result."""
        known = self._all()
        for job in known:
            if job.status not in WAITING and job.finished < time.time() - self.keep:
                with suppress(StorageError):  # its files are deleted anyway, and the next job may free space
                    self.delete(job.id)
            elif job.status in ("failed", "cancelled"):
                shutil.rmtree(self.files(job.id), ignore_errors=True)
            elif job.status == "done":
                (self.files(job.id) / UPLOAD).unlink(missing_ok=True)
        # left by a server that died between writing the file and the record
        for folder in _older(self.folder, 60) - {self.files(job.id) for job in known}:
            if self.get(folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def process_next(self, work: Callable[[str], None]) -> bool:
        """Take the next id from the queue and call `work` with it; False if the queue is empty."""
        job_id = self._queue.next()
        if job_id is not None:
            work(job_id)
        return job_id is not None

    def _all(self, *statuses: str) -> list[Job]:
        return self._store.all(*statuses) if self.folder.is_dir() else []

    def _change_own(self, job: Job, attempts: int = 0, **changes: object) -> bool:
        """Change a job if its worker still has it."""
        own: Expected = {"status": ["running"], "worker": [job.worker], "attempts": [job.attempts]}
        return self._store.change(job.id, own, changes, attempts)

    @cached_property
    def _store(self) -> Store:
        if self._where == "sqlite":
            return SqliteStore(self.folder / "jobs.db")
        from media.queue.redis_store import RedisStore  # loads the Redis client, which many servers never need

        return RedisStore(self._where, self._name())

    @cached_property
    def _queue(self) -> "HueyQueue":
        from media.queue.huey_queue import HueyQueue  # loads Huey, which servers without videos never need

        name = f"videos-{self._name()}"
        return HueyQueue(self.folder / "queue.db" if self._where == "sqlite" else self._where, name)

    def _name(self) -> str:
        """Return the name that separates this folder's queue from others in Redis; the folder's processes share it."""
        name = self.folder / "queue.name"
        try:
            with name.open(encoding="ascii") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # otherwise a half written name could be read
                content = file.read()
        except FileNotFoundError:
            content = ""
        if len(content) != NAME:  # missing, or left half written by a crash
            with disk_full_errors():
                content = self._make_name(name)
        return content

    def _make_name(self, name: Path) -> str:
        """Write a name, one process at a time: a second name would make a second queue."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with name.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            content = file.read()
            if len(content) != NAME:
                file.truncate(0)
                content = secrets.token_hex(NAME // 2)
                file.write(content)
        return content


def _older(folder: Path, seconds: float) -> set[Path]:
    """Return the folders in a folder that were not changed for so long; folders deleted meanwhile are skipped."""
    folders = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if path.is_dir() and path.stat().st_mtime < time.time() - seconds:
                folders.add(path)
    return folders
