"""Connections to Redis: every command has a time limit, and a subscription notices that it receives nothing."""

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
"""Seconds that Redis has to answer a command."""
RETRY_AFTER = 0.25
"""Seconds between attempts to connect."""
MAX_SILENCE = 3.0
"""Seconds without a message after which a subscription starts again; one message is sent every second."""
MAX_MESSAGES = 1000
"""Messages that are read at once."""
SETTING = "redis_url"


def connect(url: str) -> Redis:
    """Return a client for one thread; raise SettingError for an invalid address."""
    return redis_client.connect(url, TIMEOUT, SETTING)


def unreachable(error: Exception) -> RelayError:
    """The error to report when Redis does not answer."""
    return RelayError(f"Redis does not answer ({error}); is the server of redis_url running?")


def read_keys(redis: Redis, keys: Sequence[str]) -> list[bytes | None]:
    """Return the current values of keys; raise RedisError when Redis does not answer."""
    found: Any = redis.mget(keys) if keys else []
    return list(found)


class ChannelReader:
    """Reads the messages of subscribed channels; used by one thread.

    Args:
        redis: the client that opens the connection.
        pulse: a channel that carries a message every second as long as the connection works.
    """

    def __init__(self, redis: Redis, pulse: str) -> None:
        self._pubsub: PubSub = redis.pubsub()  # type: ignore[no-untyped-call]
        self._pulse = pulse
        self._channels: set[str] = set()
        self._received_at = time.monotonic()
        self.subscribe([])

    def __enter__(self) -> "ChannelReader":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pubsub.close()

    def subscribe(self, channels: Iterable[str]) -> None:
        """Subscribe to these channels and the pulse only; each new channel yields one empty message as confirmation."""
        wanted = {self._pulse, *channels}
        if wanted - self._channels:
            self._pubsub.subscribe(*(wanted - self._channels))
        if self._channels - wanted:
            self._pubsub.unsubscribe(*(self._channels - wanted))  # type: ignore[no-untyped-call]
        self._channels = wanted

    def read(self, timeout: float) -> list[tuple[str, bytes]]:
        """Return the received (channel, data) messages in order; empty when none comes within `timeout` seconds.

        Raises:
            RedisError: the connection is lost, or was silent for `MAX_SILENCE` seconds.
        """
        received: list[tuple[str, bytes]] = []
        message = self._pubsub.get_message(timeout=timeout)
        while message is not None:
            if message["type"] in ("message", "subscribe") and message["channel"].decode() in self._channels:
                data = message["data"]
                received.append((message["channel"].decode(), data if isinstance(data, bytes) else b""))
            if len(received) >= MAX_MESSAGES:
                break
            message = self._pubsub.get_message(timeout=0)
        if received:
            self._received_at = time.monotonic()
        elif time.monotonic() - self._received_at > MAX_SILENCE:
            raise RedisConnectionError(f"no message came for {MAX_SILENCE:g} s")
        return received
