"""The queue of jobs that wait: Huey's, in SQLite or in Redis; holds ids only."""

from pathlib import Path
from typing import Any

from huey import Huey, RedisHuey, SqliteHuey

from media.redis_store import PATIENCE, SETTING, answering
from redis_client import connect


class Queue:
    """Ids in the order in which they came, for any number of processes.

    Both methods raise `QueueError` where Redis does not answer.

    Args:
        where: a file, or the address of a Redis server.
        name: what tells this queue from others in the same Redis.
    """

    def __init__(self, where: Path | str, name: str) -> None:
        self._huey: Huey
        if isinstance(where, Path):
            self._huey = SqliteHuey(name, filename=str(where), results=False)
        else:
            pool = connect(where, PATIENCE, SETTING).connection_pool
            self._huey = RedisHuey(name, connection_pool=pool, blocking=False, results=False)
        self._task: Any = self._huey.task(name="analyse")(_analyse)

    def put(self, job_id: str) -> None:
        """Have an id wait behind all others."""
        with answering():
            self._huey.enqueue(self._task.s(job_id))

    def next(self) -> str | None:
        """Take the first id out; None where there is none."""
        with answering():
            task = self._huey.dequeue()
        return None if task is None else str(task.args[0])


def _analyse(job_id: str) -> None:
    """Stands for the work in the queue; a worker takes the id and does it."""
