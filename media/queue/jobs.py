"""Long work off the request path: a record of each job, and a queue that survives restarts.

The files lie below one folder. The records, and the queue, which is Huey's, are in that folder (SQLite), or in Redis.
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
from config.settings import REDIS
from errors import QueueError, SettingError, StorageError
from media.limits.disk import telling_no_room
from media.queue.job import WAITING, Job
from media.queue.liveness import Silence
from media.queue.sqlite_store import Expected, SqliteStore, Store

if TYPE_CHECKING:
    from media.queue.waiting import Queue

UPLOAD = "upload"
"""Name of a job's file as it was handed in; needed no more when the job is done."""
NAME = 16
"""Letters of a queue's name."""
ATTEMPTS = 3
"""Times that a job is begun: one that ends its worker each time would do so for ever."""


class Jobs:
    """The jobs below a folder; any number of processes may share it. Touches nothing until it is used.

    Everything raises `QueueError` where the queue does not answer, `StorageError` where the disk is full. No job is
    lost by that: one that waits and may stand in the queue no more is put there by `requeue`.

    Args:
        folder: made at the first use.
        queue: `sqlite`, or the address of a Redis server.
        keep: seconds for which a job is kept when it is over.
    """

    def __init__(self, folder: Path, queue: str = "sqlite", keep: float = 86_400.0) -> None:
        if queue != "sqlite" and not queue.startswith(REDIS):
            told = f"queue: got {without_password(queue)!r}, expected sqlite or an address"
            raise SettingError(f"{told} such as redis://localhost:6379/0")
        if queue != "sqlite":
            from config.redis_client import check_address  # Redis' client, which many servers never need

            check_address(queue, "queue")
        self.folder = folder
        self.keep = keep
        self._where = queue
        self._entrance = threading.Lock()
        self._silence = Silence()

    def files(self, job_id: str) -> Path:
        """The folder of a job's files."""
        return self.folder / job_id

    def add(self, job_id: str, name: str, most: int | None = None) -> Job | None:
        """Record and queue a job whose files are in place; where that fails, the job and its files are gone.

        None, with the files gone as well, where `most` are unfinished already; held to it for all threads of a process.
        """
        job = Job(job_id, name, "queued", time.time())
        try:
            with self._entrance:
                if most is not None and self.unfinished() >= most:
                    shutil.rmtree(self.files(job_id), ignore_errors=True)
                    return None
                self._store.add(job)
            self._queue.put(job_id)
        except (QueueError, StorageError):
            shutil.rmtree(self.files(job_id), ignore_errors=True)
            with suppress(QueueError, StorageError):  # a record without files is failed by whoever takes it up
                self._store.remove(job_id)
            raise
        return job

    def get(self, job_id: str) -> Job | None:
        """A job by its id; None where there is none of it."""
        return self._store.get(job_id) if self.folder.is_dir() else None

    def unfinished(self) -> int:
        """How many jobs are waiting or being worked at."""
        return len(self._all(*WAITING))

    def ahead_of(self, job: Job) -> int:
        """How many unfinished jobs came before one."""
        return sum(other.created < job.created for other in self._all(*WAITING))

    def claim(self, job_id: str, worker: str) -> Job | None:
        """Take a job that waits; None where it does not, for instance because another worker has it."""
        changes = {"status": "running", "worker": worker, "beat": time.time(), "progress": 0.0, "left": -1.0}
        return self.get(job_id) if self._store.change(job_id, {"status": ["queued"]}, changes, attempts=1) else None

    def beat(self, job: Job) -> bool:
        """Say that a job is being worked at; False where it is this worker's no more, for instance when cancelled."""
        return self._change_mine(job, beat=time.time())

    def tell(self, job: Job, progress: float, left: float) -> bool:
        """Say how far a job is; False as for `beat`."""
        return self._change_mine(job, progress=progress, left=left)

    def finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job as `done` or `failed`, once; False as for `beat`."""
        return self._change_mine(job, status=status, message=message, finished=time.time(), left=0.0)

    def put_back(self, job: Job) -> None:
        """Give up a job that another worker should take up; the attempt does not count."""
        if self._change_mine(job, attempts=-1, status="queued", worker=""):
            self._queue.put(job.id)

    def cancel(self, job_id: str) -> bool:
        """End a job that is not over; False where it is."""
        changes = {"status": "cancelled", "worker": "", "finished": time.time()}
        return self._store.change(job_id, {"status": WAITING}, changes)

    def delete(self, job_id: str) -> None:
        """Remove a job and its files at once, whatever its state."""
        try:
            self._store.remove(job_id)
        except StorageError:  # that takes a little room, which the files may give
            shutil.rmtree(self.files(job_id), ignore_errors=True)
            self._store.remove(job_id)
        shutil.rmtree(self.files(job_id), ignore_errors=True)

    def recover(self, worker: str = "") -> None:
        """Queue again what a dead worker held: the one named, or all that gave no sign of life for long.

        To be called often: only what was looked at here tells how long that is.
        """
        running = self._all("running")
        stale = self._silence.stale(running)
        for job in running:
            if job.worker != worker and job.id not in stale:
                continue
            if job.attempts >= ATTEMPTS:
                told = f"{job.name}: the analysis broke off {ATTEMPTS} times; the video may be damaged"
                self.finish(job, "failed", told)
            elif self._change_mine(job, status="queued", worker=""):
                self._queue.put(job.id)

    def requeue(self) -> None:
        """Queue every waiting job once more: a worker may have died between the queue and its claim.

        A job that stands in the queue twice is still claimed once.
        """
        for job in self._all("queued"):
            self._queue.put(job.id)

    def sweep(self) -> None:
        """Delete what was kept long enough, and the files of jobs that are over without a result."""
        known = self._all()
        for job in known:
            if job.status not in WAITING and job.finished < time.time() - self.keep:
                with suppress(StorageError):  # its files are gone all the same, and the next may make room
                    self.delete(job.id)
            elif job.status in ("failed", "cancelled"):
                shutil.rmtree(self.files(job.id), ignore_errors=True)
            elif job.status == "done":
                (self.files(job.id) / UPLOAD).unlink(missing_ok=True)
        # of a server that died between file and record
        for folder in _older(self.folder, 60) - {self.files(job.id) for job in known}:
            if self.get(folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def work_at_next(self, work: Callable[[str], None]) -> bool:
        """Take the next id from the queue and have it worked at; False where the queue is empty."""
        job_id = self._queue.next()
        if job_id is not None:
            work(job_id)
        return job_id is not None

    def _all(self, *statuses: str) -> list[Job]:
        return self._store.all(*statuses) if self.folder.is_dir() else []

    def _change_mine(self, job: Job, attempts: int = 0, **changes: object) -> bool:
        """Change a job if its worker still has it."""
        mine: Expected = {"status": ["running"], "worker": [job.worker], "attempts": [job.attempts]}
        return self._store.change(job.id, mine, changes, attempts)

    @cached_property
    def _store(self) -> Store:
        if self._where == "sqlite":
            return SqliteStore(self.folder / "jobs.db")
        from media.queue.redis_store import RedisStore  # Redis' client, which many servers never need

        return RedisStore(self._where, self._name())

    @cached_property
    def _queue(self) -> "Queue":
        from media.queue.waiting import Queue  # Huey, which servers without videos never need

        name = f"videos-{self._name()}"
        return Queue(self.folder / "queue.db" if self._where == "sqlite" else self._where, name)

    def _name(self) -> str:
        """What tells this folder's queue from another's in the same Redis; the same for all that share the folder."""
        name = self.folder / "queue.name"
        try:
            with name.open(encoding="ascii") as file:
                fcntl.flock(file, fcntl.LOCK_SH)  # else it may be half of what stood there and half of what is written
                found = file.read()
        except FileNotFoundError:
            found = ""
        if len(found) != NAME:  # not there yet, or what a crash left of it
            with telling_no_room():
                found = self._make_name(name)
        return found

    def _make_name(self, name: Path) -> str:
        """Write a name, one process at a time: a second one would have a queue of its own for ever."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with name.open("a+", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            found = file.read()
            if len(found) != NAME:
                file.truncate(0)
                found = secrets.token_hex(NAME // 2)
                file.write(found)
        return found


def _older(folder: Path, seconds: float) -> set[Path]:
    """The folders in a folder that nobody has changed for so long; what is deleted meanwhile is none."""
    found = set()
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(FileNotFoundError):
            if path.is_dir() and path.stat().st_mtime < time.time() - seconds:
                found.add(path)
    return found
