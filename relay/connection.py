"""Connections to Redis: with a time limit on everything, and a subscription that notices when it has gone deaf."""

import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any

from redis import Redis
from redis.client import PubSub
from redis.exceptions import ConnectionError as RedisConnectionError

from config import redis_client
from errors import RelayError

TIMEOUT = 0.8
"""Seconds that Redis has for anything that it is asked."""
RETRY_AFTER = 0.25
"""Seconds between attempts to reach it."""
MAX_SILENCE = 3.0
"""Seconds without a message, where one is sent every second, after which a subscription is begun anew."""
MAX_MESSAGES = 1000
"""Messages that are taken at once."""
SETTING = "redis_url"


def connect(url: str) -> Redis:
    """A client for one thread; raises SettingError for what is no address."""
    return redis_client.connect(url, TIMEOUT, SETTING)


def unreachable(error: Exception) -> RelayError:
    """What people are told where Redis does not answer."""
    return RelayError(f"Redis does not answer ({error}); is the server of redis_url running?")


def read_keys(redis: Redis, keys: Sequence[str]) -> list[bytes | None]:
    """What some keys hold now; raises RedisError where Redis does not answer."""
    found: Any = redis.mget(keys) if keys else []
    return list(found)


class ChannelReader:
    """Hears on which channels there was a message; used by one thread.

    Args:
        redis: whose connection is taken for it.
        pulse: a channel on which somebody sends a message every second, as long as all is well.
    """

    def __init__(self, redis: Redis, pulse: str) -> None:
        self._pubsub: PubSub = redis.pubsub()  # type: ignore[no-untyped-call]
        self._pulse = pulse
        self._channels: set[str] = set()
        self._heard_at = time.monotonic()
        self.subscribe([])

    def __enter__(self) -> "ChannelReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pubsub.close()

    def subscribe(self, channels: Iterable[str]) -> None:
        """Listen to these channels and the pulse, and to no others; each new one is heard once when that is so."""
        wanted = {self._pulse, *channels}
        if wanted - self._channels:
            self._pubsub.subscribe(*(wanted - self._channels))
        if self._channels - wanted:
            self._pubsub.unsubscribe(*(self._channels - wanted))  # type: ignore[no-untyped-call]
        self._channels = wanted

    def read(self, timeout: float) -> list[tuple[str, bytes]]:
        """The messages that have come, by channel in their order; none where none comes within `timeout` seconds.

        Raises:
            RedisError: the connection is lost, or has been silent for so long that it must be.
        """
        heard: list[tuple[str, bytes]] = []
        message = self._pubsub.get_message(timeout=timeout)
        while message is not None:
            if message["type"] in ("message", "subscribe") and message["channel"].decode() in self._channels:
                data = message["data"]
                heard.append((message["channel"].decode(), data if isinstance(data, bytes) else b""))
            if len(heard) >= MAX_MESSAGES:
                break
            message = self._pubsub.get_message(timeout=0)
        if heard:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > MAX_SILENCE:
            raise RedisConnectionError("nothing was heard for too long")
        return heard
