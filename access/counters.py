"""Where attempts are counted, by the package `limits`: in this process, or in Redis for all servers together.

Each is counted in a window that moves, so that never more than so many pass in any so many seconds. A fixed window lets
twice as many pass around its edge, and a sliding counter is an estimate.
"""

import threading
import time
from abc import abstractmethod
from typing import Any

from limits.storage import MemoryStorage, RedisStorage
from limits.storage.base import MovingWindowSupport, Storage

from config.redis_client import connect

MOST_CLIENTS = 2_000
"""Clients that a process remembers; the one seen longest ago is forgotten, so that memory stays bounded."""
PATIENCE = 0.8
"""Seconds that Redis has for anything that it is asked: a request waits for it."""
PREFIX = "expression:limits"
"""What the keys in Redis begin with. Each expires when it counts no more."""
SETTING = "redis_url"


class Counter(Storage, MovingWindowSupport):
    """A storage of the package with what it lacks: the seconds to wait, attempts given back, and debts."""

    def take(self, key: str, most: int, seconds: int) -> float:
        """Count one of `most` in any `seconds`; returns 0, or the seconds after which there may be another."""
        owed = self._owed(key)
        if owed or self.acquire_entry(key, most, seconds):
            return owed
        return max(1.0, self.taken_at(key, most - 1) + seconds - time.time())

    def take_whole(self, key: str, most: int, seconds: int, amount: int) -> float:
        """Count `amount` at one stroke, even more than there may be; returns 0, or the seconds for which more is owed.

        What finds no room is owed: nothing more is taken until the time has passed in which so many may come.
        """
        owed = self._owed(key)
        if owed or self.acquire_entry(key, most, seconds, amount):
            return owed
        first = self.incr(_debt(key), -(-amount * seconds // most)) == 1
        return 0.0 if first else self._owed(key)

    def _owed(self, key: str) -> float:
        return max(1.0, self.get_expiry(_debt(key)) - time.time()) if self.get(_debt(key)) else 0.0

    @abstractmethod
    def taken_at(self, key: str, index: int) -> float:
        """Return when an attempt was counted, in seconds since the epoch; 0 is the newest; now if it is gone."""

    @abstractmethod
    def give_back(self, key: str) -> None:
        """Undo the newest `take`."""


def _debt(key: str) -> str:
    return f"{key}:owed"


class InMemory(MemoryStorage, Counter):
    """Counts of this process. The package alone would keep an empty list for every client that ever came."""

    def __init__(self) -> None:
        self._order = threading.Lock()
        super().__init__()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count; then forget whoever came longest ago, where nothing is left of them or there are too many."""
        with self._order:
            with self.locks[key]:
                self.events[key] = self.events.pop(key, [])
                acquired = super().acquire_entry(key, limit, expiry, amount)
            while len(self.events) > MOST_CLIENTS or not next(iter(self.events.values()), True):
                oldest = next(iter(self.events))
                with self.locks[oldest]:
                    self.clear(oldest)
        return acquired

    def taken_at(self, key: str, index: int) -> float:
        """When one was taken."""
        entries = self.events.get(key, [])
        return entries[index].atime if index < len(entries) else time.time()

    def give_back(self, key: str) -> None:
        """Undo the newest `take`."""
        with self._order:
            if key in self.events:  # else it was forgotten, and has all again
                with self.locks[key]:
                    del self.events[key][:1]


class InRedis(RedisStorage, Counter):
    """Counts of all servers that share a Redis; each question raises `redis_client.UNREACHABLE` while it is away.

    Raises:
        SettingError: it is no address of a Redis server.
    """

    def __init__(self, url: str) -> None:
        self._redis: Any = connect(url, PATIENCE, SETTING)
        super().__init__("redis://", connection_pool=self._redis.connection_pool, key_prefix=PREFIX)

    def taken_at(self, key: str, index: int) -> float:
        """When one was taken."""
        return float(self._redis.lindex(self.prefixed_key(key), index) or time.time())

    def give_back(self, key: str) -> None:
        """Undo the newest `take`."""
        self._redis.lpop(self.prefixed_key(key))
