"""Job records in Redis, shared by processes on any number of machines."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from redis.exceptions import RedisError

from config.redis_client import connect
from errors import QueueError
from media.queue.job import Job
from media.queue.sqlite_store import TYPES, Expected

TIMEOUT = 3.0
"""Seconds that Redis has for an answer."""
SETTING = "queue"

CHANGE = """
for name, allowed in pairs(cjson.decode(ARGV[1])) do
    local found, fits = redis.call('HGET', KEYS[1], name), false
    for _, value in ipairs(allowed) do fits = fits or found == value end
    if not fits then return 0 end
end
for name, value in pairs(cjson.decode(ARGV[2])) do redis.call('HSET', KEYS[1], name, value) end
redis.call('HINCRBY', KEYS[1], 'attempts', ARGV[3])
return 1
"""


class RedisStore:
    """Jobs in Redis: a hash for each, and their ids in order of creation.

    Args:
        url: of the server.
        name: separates these jobs from others in the same server.
    """

    def __init__(self, url: str, name: str) -> None:
        self._redis: Any = connect(url, TIMEOUT, SETTING, text=True)
        self._change = self._redis.register_script(CHANGE)
        self._ids = f"expression:1:videos:{name}"

    def _key(self, job_id: str) -> str:
        return f"{self._ids}:{job_id}"

    def add(self, job: Job) -> None:
        """See `Store`."""
        with redis_errors(), self._redis.pipeline() as pipeline:
            pipeline.hset(self._key(job.id), mapping=_texts(asdict(job)))
            pipeline.zadd(self._ids, {job.id: job.created})
            pipeline.execute()

    def get(self, job_id: str) -> Job | None:
        """See `Store`."""
        with redis_errors():
            return _job(self._redis.hgetall(self._key(job_id)))

    def all(self, *statuses: str) -> list[Job]:
        """See `Store`."""
        with redis_errors(), self._redis.pipeline(transaction=False) as pipeline:
            for job_id in self._redis.zrange(self._ids, 0, -1):
                pipeline.hgetall(self._key(job_id))
            jobs = [_job(fields) for fields in pipeline.execute()]
        return [job for job in jobs if job is not None and (not statuses or job.status in statuses)]

    def change(self, job_id: str, expected: Expected, changes: Mapping[str, object], attempts: int = 0) -> bool:
        """See `Store`."""
        wanted = {name: [str(value) for value in allowed] for name, allowed in expected.items()}
        arguments: list[str | int] = [json.dumps(wanted), json.dumps(_texts(changes)), attempts]
        with redis_errors():
            return bool(self._change(keys=[self._key(job_id)], args=arguments))

    def remove(self, job_id: str) -> None:
        """See `Store`."""
        with redis_errors(), self._redis.pipeline() as pipeline:
            pipeline.delete(self._key(job_id))
            pipeline.zrem(self._ids, job_id)
            pipeline.execute()


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in values.items()}


def _job(fields: Mapping[str, str]) -> Job | None:
    values: dict[str, Any] = {name: TYPES[name](text) for name, text in fields.items() if name in TYPES}
    return Job(**values) if values else None


@contextmanager
def redis_errors() -> Iterator[None]:
    """Turn Redis' errors into a `QueueError`.

    Raises:
        QueueError: Redis did not answer.
    """
    try:
        yield
    except RedisError as error:
        message = f"the queue of videos does not answer ({error}); is the Redis server of --queue running?"
        raise QueueError(message) from None
