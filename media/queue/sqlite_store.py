"""The interface of a job store, and the store in an SQLite file that processes of one machine share."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Protocol, get_type_hints

from errors import QueueError, StorageError
from media.limits.disk import FULL, disk_full_errors, free_bytes
from media.queue.job import Job

TYPES: dict[str, type[str] | type[int] | type[float]] = get_type_hints(Job)
"""The type of each field, in their order."""
MIN_FREE_BYTES = 200_000
"""Bytes that SQLite needs to write its journal, or the log and its index."""
Expected = Mapping[str, Sequence[object]]
"""The allowed values, at least one, of some fields."""


class Store(Protocol):
    """Jobs by their ids. Any number of threads and processes may use it at once.

    All methods raise `QueueError` if Redis does not answer or the file cannot be used, `StorageError` if the disk
    is full.
    """

    def add(self, job: Job) -> None:
        """Add a new job."""
        ...

    def get(self, job_id: str) -> Job | None:
        """Return a job by its id; None if there is none."""
        ...

    def all(self, *statuses: str) -> list[Job]:
        """Return the jobs in one of these states, or all, the oldest first."""
        ...

    def change(self, job_id: str, expected: Expected, changes: Mapping[str, object], attempts: int = 0) -> bool:
        """Atomically change a job and its attempts if it is as expected; returns whether it was."""
        ...

    def remove(self, job_id: str) -> None:
        """Delete a job's record."""
        ...


class SqliteStore:
    """Jobs in an SQLite file, which is created at the first use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, job: Job) -> None:
        """See `Store`."""
        with self._records() as records:
            row = f"INSERT INTO jobs ({', '.join(TYPES)}) VALUES ({_marks(TYPES)})"  # names are our own  # nosec B608
            records.execute(row, astuple(job))

    def get(self, job_id: str) -> Job | None:
        """See `Store`."""
        return next(iter(self._select("id = ?", job_id)), None) if self._path.is_file() else None

    def all(self, *statuses: str) -> list[Job]:
        """See `Store`."""
        if not self._path.is_file():
            return []
        return self._select(f"status IN ({_marks(statuses)})", *statuses) if statuses else self._select("1")

    def change(self, job_id: str, expected: Expected, changes: Mapping[str, object], attempts: int = 0) -> bool:
        """See `Store`."""
        sets = ", ".join([*(f"{name} = ?" for name in changes), "attempts = attempts + ?"])
        where = " AND ".join(["id = ?", *(f"{name} IN ({_marks(allowed)})" for name, allowed in expected.items())])
        values = [*changes.values(), attempts, job_id, *(value for allowed in expected.values() for value in allowed)]
        with self._records() as records:
            change = f"UPDATE jobs SET {sets} WHERE {where}"  # both are our own  # nosec B608
            return records.execute(change, values).rowcount > 0

    def remove(self, job_id: str) -> None:
        """See `Store`."""
        with self._records() as records:
            records.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def _select(self, where: str, *values: object) -> list[Job]:
        with self._records() as records:
            query = f"SELECT {', '.join(TYPES)} FROM jobs WHERE {where} ORDER BY created"  # our own words  # nosec B608
            return [Job(*row) for row in records.execute(query, values)]

    @contextmanager
    def _records(self) -> Iterator[sqlite3.Connection]:
        with sqlite_errors(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self._path, timeout=10)) as records, records:
                records.execute(f"CREATE TABLE IF NOT EXISTS jobs ({', '.join(TYPES)}, PRIMARY KEY (id))")
                yield records


@contextmanager
def sqlite_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into a `QueueError` or `StorageError`.

    Raises:
        QueueError: the file could not be used.
        StorageError: the disk is full.
    """
    try:
        with disk_full_errors():
            yield
    except sqlite3.OperationalError as error:
        if free_bytes(path.parent) < MIN_FREE_BYTES:  # not every message of SQLite says that the disk is full
            raise StorageError(FULL) from error
        message = f"the queue of videos cannot be used ({error}); may the folder of --storage be written to?"
        raise QueueError(message) from error
    except sqlite3.DatabaseError as error:
        message = f"{path.name} in the folder of --storage is damaged ({error})"
        raise QueueError(f"{message}; restore it, or move it away to begin a new one") from error


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
