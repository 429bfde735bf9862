"""The queue of jobs that wait: Huey's, in SQLite or in Redis; holds ids only."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from huey.storage import RedisStorage, SqliteStorage

from config.redis_client import connect
from media.queue.redis_store import PATIENCE, SETTING, answering
from media.queue.sqlite_store import using_file

log = logging.getLogger("jobs")

ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")
"""What is taken for an id; everything else in a queue is dropped."""


class Queue:
    """Ids in the order in which they came, for any number of processes.

    Huey's tasks are left out, since they are unpickled: whoever can write to Redis could run code on all workers.

    All raises `QueueError` where Redis does not answer or the file cannot be used, `StorageError` where a disk is full.

    Args:
        where: a file, or the address of a Redis server.
        name: what tells this queue from others in the same Redis.
    """

    def __init__(self, where: Path | str, name: str) -> None:
        self._storage: Any
        self._using: Callable[[], AbstractContextManager[None]] = answering
        self._lock = threading.Lock()
        self._file = where if isinstance(where, Path) else None
        if isinstance(where, Path):
            self._using = partial(self._closing, where)
            with using_file(where):
                self._storage = SqliteStorage(name, filename=str(where))
        else:
            pool = connect(where, PATIENCE, SETTING).connection_pool
            self._storage = RedisStorage(name, connection_pool=pool, blocking=False)

    def put(self, job_id: str) -> None:
        """Have an id wait behind all others."""
        with self._using():
            self._storage.enqueue(job_id.encode("ascii"))

    def next(self) -> str | None:
        """Take the first id out; None where there is none."""
        if self._file is not None and not self._file.exists():
            return None
        with self._using():
            while (found := self._storage.dequeue()) is not None:
                if isinstance(found, bytes) and ID.fullmatch(found):
                    return found.decode("ascii")
                log.warning("what stood in the queue of videos is no id of one, and was dropped")
        return None

    @contextmanager
    def _closing(self, file: Path) -> Iterator[None]:
        """Let go of the file after each use, since nobody is told when a queue is used no more."""
        with self._lock, using_file(file):
            try:
                if not file.exists():  # somebody has emptied the storage
                    self._storage.initialize_schema()
                yield
            finally:
                self._storage.close()
