"""The queue of waiting jobs: Huey's, in SQLite or in Redis; it holds ids only."""

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
from media.queue.redis_store import SETTING, TIMEOUT, redis_errors
from media.queue.sqlite_store import sqlite_errors

log = logging.getLogger("jobs")

ID = re.compile(rb"[A-Za-z0-9_-]{1,64}")
"""What an id looks like; anything else in a queue is dropped."""


class HueyQueue:
    """Ids in order of arrival, for any number of processes.

    Huey's tasks are not used, since they are unpickled: whoever can write to Redis could run code on all workers.

    All methods raise `QueueError` if Redis does not answer or the file cannot be used, `StorageError` if the disk is
    full.

    Args:
        location: a file, or the address of a Redis server.
        name: separates this queue from others in the same Redis.
    """

    def __init__(self, location: Path | str, name: str) -> None:
        self._storage: Any
        self._errors: Callable[[], AbstractContextManager[None]] = redis_errors
        self._lock = threading.Lock()
        self._file = location if isinstance(location, Path) else None
        if isinstance(location, Path):
            self._errors = partial(self._closing, location)
            with sqlite_errors(location):
                self._storage = SqliteStorage(name, filename=str(location))
        else:
            pool = connect(location, TIMEOUT, SETTING).connection_pool
            self._storage = RedisStorage(name, connection_pool=pool, blocking=False)

    def put(self, job_id: str) -> None:
        """Append an id."""
        with self._errors():
            self._storage.enqueue(job_id.encode("ascii"))

    def next(self) -> str | None:
        """Remove and return the first id; None if there is none."""
        if self._file is not None and not self._file.exists():
            return None
        with self._errors():
            while (item := self._storage.dequeue()) is not None:
                if isinstance(item, bytes) and ID.fullmatch(item):
                    return item.decode("ascii")
                log.warning("an entry in the queue of videos is no id, and was dropped")
        return None

    @contextmanager
    def _closing(self, file: Path) -> Iterator[None]:
        """Close the file after each use, since nothing says when a queue is no longer used."""
        with self._lock, sqlite_errors(file):
            try:
                if not file.exists():  # somebody has emptied the storage
                    self._storage.initialize_schema()
                yield
            finally:
                self._storage.close()
