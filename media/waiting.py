"""The queue of jobs that wait: Huey's, in SQLite or in Redis; holds ids only."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey

from media.redis_store import PATIENCE, SETTING, answering
from media.stores import using_file
from redis_client import connect


class Queue:
    """Ids in the order in which they came, for any number of processes.

    All raises `QueueError` where Redis does not answer or the file cannot be used, `StorageError` where a disk is full.

    Args:
        where: a file, or the address of a Redis server.
        name: what tells this queue from others in the same Redis.
    """

    def __init__(self, where: Path | str, name: str) -> None:
        self._huey: Huey
        self._using: Callable[[], AbstractContextManager[None]] = answering
        self._lock = threading.Lock()
        self._file = where if isinstance(where, Path) else None
        if isinstance(where, Path):
            self._using = partial(self._closing, where)
            with using_file(where):
                self._huey = SqliteHuey(name, filename=str(where), results=False)
        else:
            pool = connect(where, PATIENCE, SETTING).connection_pool
            self._huey = RedisHuey(name, connection_pool=pool, blocking=False, results=False)
        self._task: Any = self._huey.task(name="analyse")(_analyse)

    def put(self, job_id: str) -> None:
        """Have an id wait behind all others."""
        with self._using():
            self._huey.enqueue(self._task.s(job_id))

    def next(self) -> str | None:
        """Take the first id out; None where there is none."""
        if self._file is not None and not self._file.exists():
            return None
        with self._using():
            task = self._huey.dequeue()
        return None if task is None else str(task.args[0])

    @contextmanager
    def _closing(self, file: Path) -> Iterator[None]:
        """Let go of the file after each use, since nobody is told when a queue is used no more."""
        with self._lock, using_file(file):
            try:
                if not file.exists():  # somebody has emptied the storage
                    self._huey.storage.initialize_schema()
                yield
            finally:
                self._huey.storage.close()


def _analyse(job_id: str) -> None:
    """Stands for the work in the queue; a worker takes the id and does it."""
