"""Where the records of jobs are: what is asked of a store, and the one in a file that processes of a machine share."""

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Protocol, get_type_hints

from errors import QueueError, StorageError
from media.limits.disk import FULL, free_bytes, telling_no_room
from media.queue.job import Job

TYPES: dict[str, type[str] | type[int] | type[float]] = get_type_hints(Job)
"""Each field's, in their order."""
LEAST = 200_000
"""Bytes without which SQLite does not write: its journal, or the log and the index of one."""
Expected = Mapping[str, Sequence[object]]
"""For some fields, at least one, the values of which they must have one."""


class Store(Protocol):
    """Jobs by their ids. Any number of threads and processes may use it at once.

    Everything raises `QueueError` where Redis does not answer or the file cannot be used, `StorageError` where the disk
    is full.
    """

    def add(self, job: Job) -> None:
        """Take a new job in."""
        ...

    def get(self, job_id: str) -> Job | None:
        """A job by its id; None where there is none of it."""
        ...

    def all(self, *statuses: str) -> list[Job]:
        """The jobs in one of these states, or all, the oldest first."""
        ...

    def change(self, job_id: str, expected: Expected, changes: Mapping[str, object], attempts: int = 0) -> bool:
        """Change a job if it is as expected, and add to its attempts, at one stroke; whether that was so."""
        ...

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        ...


class SqliteStore:
    """Jobs in a file, which is made at the first use."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, job: Job) -> None:
        """As `Store` has it."""
        with self._records() as records:
            row = f"INSERT INTO jobs ({', '.join(TYPES)}) VALUES ({_marks(TYPES)})"  # names are our own  # nosec B608
            records.execute(row, astuple(job))

    def get(self, job_id: str) -> Job | None:
        """As `Store` has it."""
        return next(iter(self._select("id = ?", job_id)), None) if self._path.is_file() else None

    def all(self, *statuses: str) -> list[Job]:
        """As `Store` has it."""
        if not self._path.is_file():
            return []
        return self._select(f"status IN ({_marks(statuses)})", *statuses) if statuses else self._select("1")

    def change(self, job_id: str, expected: Expected, changes: Mapping[str, object], attempts: int = 0) -> bool:
        """As `Store` has it."""
        sets = ", ".join([*(f"{name} = ?" for name in changes), "attempts = attempts + ?"])
        where = " AND ".join(["id = ?", *(f"{name} IN ({_marks(allowed)})" for name, allowed in expected.items())])
        values = [*changes.values(), attempts, job_id, *(value for allowed in expected.values() for value in allowed)]
        with self._records() as records:
            change = f"UPDATE jobs SET {sets} WHERE {where}"  # both are our own  # nosec B608
            return records.execute(change, values).rowcount > 0

    def remove(self, job_id: str) -> None:
        """As `Store` has it."""
        with self._records() as records:
            records.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def _select(self, where: str, *values: object) -> list[Job]:
        with self._records() as records:
            query = f"SELECT {', '.join(TYPES)} FROM jobs WHERE {where} ORDER BY created"  # our own words  # nosec B608
            return [Job(*row) for row in records.execute(query, values)]

    @contextmanager
    def _records(self) -> Iterator[sqlite3.Connection]:
        with using_file(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with closing(sqlite3.connect(self._path, timeout=10)) as records, records:
                records.execute(f"CREATE TABLE IF NOT EXISTS jobs ({', '.join(TYPES)}, PRIMARY KEY (id))")
                yield records


@contextmanager
def using_file(path: Path) -> Iterator[None]:
    """Say in words that a file of SQLite could not be used.

    Raises:
        QueueError: it could not.
        StorageError: the disk is full.
    """
    try:
        with telling_no_room():
            yield
    except sqlite3.OperationalError as error:
        if free_bytes(path.parent) < LEAST:  # some of SQLite's words for that do not say so
            raise StorageError(FULL) from error
        told = f"the queue of videos cannot be used ({error}); may the folder of --storage be written to?"
        raise QueueError(told) from error
    except sqlite3.DatabaseError as error:
        told = f"{path.name} in the folder of --storage is damaged ({error})"
        raise QueueError(f"{told}; restore it, or move it away, and it is begun anew") from error


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
