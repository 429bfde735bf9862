"""A lock in Redis on a camera's name: one owner, and it expires by itself unless the owner refreshes it.

The lock is Redis' own recipe (SET NX PX, compare and delete). An owner who could not refresh it in time publishes
nothing.
"""

import os
import secrets
import threading
import time

from redis import Redis

from errors import RelayError
from relay.messages import lock_key

EXPIRES_AFTER = 2.0
"""Seconds after which a lock that is not refreshed expires; a killed node's name is free after that."""
REFRESH_EVERY = 0.5
RETRY_EVERY = 0.1
"""Seconds between attempts to acquire a lock that another holds."""

TAKE = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return {owner, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {ARGV[1], tonumber(ARGV[2])}
"""
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class NameLock:
    """The right to publish a camera; used by one thread."""

    def __init__(self, redis: Redis, camera: str) -> None:
        self._redis = redis
        self._camera = camera
        self._owner = f"{os.uname().nodename}, process {os.getpid()}, {secrets.token_hex(6)}"
        self._take = redis.register_script(TAKE)
        self._until = 0.0

    @property
    def valid(self) -> bool:
        """Whether this process certainly holds the lock now."""
        return time.monotonic() < self._until

    def acquire(self, stop: threading.Event) -> None:
        """Acquire the lock; where its owner seems dead, wait until it expires or `stop` is set.

        Raises:
            RelayError: its owner is alive.
            RedisError: Redis does not answer.
        """
        last, least = self._try()
        while not self.valid and not stop.wait(RETRY_EVERY):
            owner, left = self._try()
            if not self.valid and (owner != last or left > least):
                raise self._refused(owner)
            last, least = owner, left

    def refresh(self) -> None:
        """Extend the lock, or acquire it again where it has expired.

        Raises:
            RelayError: another process has acquired it meanwhile.
            RedisError: Redis does not answer.
        """
        owner, _ = self._try()
        if owner != self._owner:
            raise self._refused(owner)

    def release(self) -> None:
        """Release the lock if this process still holds it; raise RedisError when Redis does not answer."""
        self._until = 0.0
        self._redis.eval(RELEASE, 1, lock_key(self._camera), self._owner)

    def _try(self) -> tuple[str, int]:
        """Acquire or refresh it; return its owner and the milliseconds left."""
        sent_at = time.monotonic()
        owner, left = self._take(keys=[lock_key(self._camera)], args=[self._owner, int(EXPIRES_AFTER * 1000)])
        if owner.decode() == self._owner:
            self._until = sent_at + EXPIRES_AFTER
        return owner.decode(), int(left)

    def _refused(self, owner: str) -> RelayError:
        return RelayError(
            f"another camera node has the name {self._camera!r} ({owner.rpartition(', ')[0]}); end that one, or give "
            "this one another: --name"
        )
