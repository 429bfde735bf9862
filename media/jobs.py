"""Long work off the request path: a record of each job, and a queue that survives restarts.

The records and files lie below one folder. The queue is Huey's: in the same folder (SQLite), or in Redis.
"""

import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey
from redis.exceptions import RedisError

from errors import QueueError, SettingError

UPLOAD = "upload"
"""Name of a job's file as it was handed in; needed no more when the job is done."""
WAITING = ("queued", "running")
"""What is not over yet; the others are done, failed and cancelled."""
STALE = 20.0
"""Seconds without a sign of life after which a worker counts as dead."""
ATTEMPTS = 3
"""Times that a job is begun: one that ends its worker each time would do so for ever."""


@dataclass(frozen=True, slots=True)
class Job:
    """One video to be analysed. Times are in seconds since the UTC epoch, `progress` is from 0 to 1.

    `left` is the seconds that it will take yet, -1 while that is unknown. `worker` is who has it, `beat` when they last
    said so; `message` tells in a sentence why it failed.
    """

    id: str
    name: str
    status: str
    created: float
    progress: float = 0.0
    left: float = -1.0
    message: str = ""
    attempts: int = 0
    worker: str = ""
    beat: float = 0.0
    finished: float = 0.0


COLUMNS = [field.name for field in fields(Job)]


class Jobs:
    """The jobs below a folder; any number of processes may share it. Touches nothing until it is used.

    Args:
        folder: made at the first use.
        queue: `sqlite`, or the address of a Redis server.
        keep: seconds for which a job is kept when it is over.
    """

    def __init__(self, folder: Path, queue: str = "sqlite", keep: float = 86_400.0) -> None:
        if queue != "sqlite" and not queue.startswith(("redis://", "rediss://", "unix://")):
            raise SettingError(f"queue: got {queue!r}, expected sqlite or an address such as redis://localhost:6379/0")
        self.folder = folder
        self.keep = keep
        self._where = queue
        self._huey: Huey | None = None

    def exist(self) -> bool:
        """Whether there was ever a job."""
        return (self.folder / "jobs.db").is_file()

    def files(self, job_id: str) -> Path:
        """The folder of a job's files."""
        return self.folder / job_id

    def add(self, job_id: str, name: str) -> Job:
        """Record and queue a job whose files are in place.

        Raises:
            QueueError: the queue does not answer; the job and its files are gone.
        """
        job = Job(job_id, name, "queued", time.time())
        with self._records() as records:
            marks = ", ".join("?" * len(COLUMNS))
            records.execute(f"INSERT INTO jobs ({', '.join(COLUMNS)}) VALUES ({marks})", astuple(job))
        try:
            self._put(job_id)
        except QueueError:
            self.delete(job_id)
            raise
        return job

    def get(self, job_id: str) -> Job | None:
        """A job by its id; None where there is none of it."""
        return next(iter(self._select("id = ?", job_id)), None) if self.exist() else None

    def unfinished(self) -> int:
        """How many jobs are waiting or being worked at."""
        return len(self._select("status IN (?, ?)", *WAITING)) if self.exist() else 0

    def ahead_of(self, job: Job) -> int:
        """How many unfinished jobs came before one."""
        return len(self._select("status IN (?, ?) AND created < ?", *WAITING, job.created))

    def claim(self, job_id: str, worker: str) -> Job | None:
        """Take a job that waits; None where it does not, for instance because another worker has it."""
        now = time.time()
        changed = self._update(
            "status = 'running', worker = ?, beat = ?, attempts = attempts + 1, progress = 0, left = -1",
            "id = ? AND status = 'queued'",
            (worker, now, job_id),
        )
        return self.get(job_id) if changed else None

    def beat(self, job: Job) -> bool:
        """Say that a job is being worked at; False where it is this worker's no more, for instance when cancelled."""
        return self._of_mine(job, "beat = ?", time.time())

    def tell(self, job: Job, progress: float, left: float) -> bool:
        """Say how far a job is; False as for `beat`."""
        return self._of_mine(job, "progress = ?, left = ?", progress, left)

    def finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job as `done` or `failed`, once; False as for `beat`."""
        return self._of_mine(job, "status = ?, message = ?, finished = ?, left = 0", status, message, time.time())

    def put_back(self, job: Job) -> None:
        """Give up a job that another worker should take up; the attempt does not count."""
        if self._of_mine(job, "status = 'queued', worker = '', attempts = attempts - 1"):
            self._put(job.id)

    def cancel(self, job_id: str) -> bool:
        """End a job that is not over; False where it is."""
        change = "status = 'cancelled', worker = '', finished = ?"
        return self._update(change, "id = ? AND status IN (?, ?)", (time.time(), job_id, *WAITING)) > 0

    def delete(self, job_id: str) -> None:
        """Remove a job and its files at once, whatever its state."""
        with self._records() as records:
            records.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
        shutil.rmtree(self.files(job_id), ignore_errors=True)

    def recover(self, worker: str = "") -> None:
        """Queue again what a dead worker held: the one named, or all that gave no sign of life for long."""
        for job in self._select("status = 'running' AND (worker = ? OR beat < ?)", worker, time.time() - STALE):
            if job.attempts >= ATTEMPTS:
                told = f"{job.name}: the analysis broke off {ATTEMPTS} times; the video may be damaged"
                self.finish(job, "failed", told)
            elif self._of_mine(job, "status = 'queued', worker = ''"):
                self._put(job.id)

    def requeue(self) -> None:
        """Queue every waiting job once more: a worker may have died between the queue and its claim.

        A job that stands in the queue twice is still claimed once.
        """
        for job in self._select("status = 'queued'"):
            self._put(job.id)

    def sweep(self) -> None:
        """Delete what was kept long enough, and the files of jobs that are over without a result."""
        if not self.exist():
            return
        for job in self._select("status NOT IN (?, ?) AND finished < ?", *WAITING, time.time() - self.keep):
            self.delete(job.id)
        for job in self._select("status IN ('failed', 'cancelled')"):
            shutil.rmtree(self.files(job.id), ignore_errors=True)
        for job in self._select("status = 'done'"):
            (self.files(job.id) / UPLOAD).unlink(missing_ok=True)
        for folder in self.folder.iterdir():  # of a server that died between file and record
            if folder.is_dir() and folder.stat().st_mtime < time.time() - 60 and self.get(folder.name) is None:
                shutil.rmtree(folder, ignore_errors=True)

    def work_at_next(self, work: Callable[[str], None]) -> bool:
        """Take the next id from the queue and have it worked at; False where the queue is empty.

        Raises:
            QueueError: the queue does not answer.
        """
        with self._reaching() as queue:
            task = queue.dequeue()
        if task is None:
            return False
        work(task.args[0])
        return True

    def _of_mine(self, job: Job, change: str, *values: object) -> bool:
        where = "id = ? AND status = 'running' AND worker = ? AND attempts = ?"
        return self._update(change, where, (*values, job.id, job.worker, job.attempts)) > 0

    def _update(self, change: str, where: str, values: tuple[object, ...]) -> int:
        with self._records() as records:
            return records.execute(f"UPDATE jobs SET {change} WHERE {where}", values).rowcount

    def _select(self, where: str, *values: object) -> list[Job]:
        with self._records() as records:
            rows = records.execute(f"SELECT {', '.join(COLUMNS)} FROM jobs WHERE {where} ORDER BY created", values)
            return [Job(*row) for row in rows]

    @contextmanager
    def _records(self) -> Iterator[sqlite3.Connection]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with closing(sqlite3.connect(self.folder / "jobs.db", timeout=10)) as records, records:
            columns = ", ".join(COLUMNS)
            records.execute(f"CREATE TABLE IF NOT EXISTS jobs ({columns}, PRIMARY KEY (id))")
            yield records

    @property
    def _queue(self) -> Huey:
        if self._huey is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            settings: dict[str, Any] = {"results": False}
            if self._where == "sqlite":
                self._huey = SqliteHuey("videos", filename=str(self.folder / "queue.db"), **settings)
            else:
                self._huey = RedisHuey(f"videos-{self._name()}", url=self._where, blocking=False, **settings)
            self._task = self._huey.task(name="analyse")(_analyse)
        return self._huey

    def _name(self) -> str:
        """What tells this folder's queue from another's in the same Redis; the same for all that share the folder."""
        with suppress(FileExistsError), (self.folder / "queue.name").open("x", encoding="ascii") as file:
            file.write(secrets.token_hex(8))
        return (self.folder / "queue.name").read_text(encoding="ascii")

    def _put(self, job_id: str) -> None:
        with self._reaching() as queue:
            queue.enqueue(self._task.s(job_id))

    @contextmanager
    def _reaching(self) -> Iterator[Huey]:
        try:
            yield self._queue
        except RedisError as error:
            told = f"the queue of videos does not answer ({error}); is the Redis server of --queue running?"
            raise QueueError(told) from None


def _analyse(job_id: str) -> None:
    """Stands for the work in the queue; a worker takes the id and does it."""
