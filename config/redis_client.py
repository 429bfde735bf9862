"""A Redis client whose every command has a time limit."""

from typing import Any
from urllib.parse import urlsplit

from redis import ConnectionPool, Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from config.redaction import without_password
from config.settings import REDIS_SCHEMES
from errors import SettingError

UNREACHABLE = (RedisError, OSError)
"""The errors when Redis does not answer, or answers with an error."""


def connect(url: str, timeout: float, setting: str, text: bool = False) -> Redis:
    """Return a client; it connects at the first command.

    Args:
        url: address of the server.
        timeout: seconds for a command.
        setting: name of the setting with the address, for errors.
        text: whether answers are str rather than bytes.

    Raises:
        SettingError: the address is not a Redis server's.
    """
    check_address(url, setting)
    return Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),  # callers retry themselves
        decode_responses=text,
        protocol=2,
        **_keepalive(url),
    )


def _keepalive(url: str) -> dict[str, Any]:
    """The option that detects a vanished peer; not for Unix sockets, which have no other machine."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}


def check_address(url: str, setting: str) -> None:
    """Raise `SettingError` unless the address is a Redis server's; connect to nothing."""
    shown = without_password(url)
    if not url.startswith(REDIS_SCHEMES):
        raise SettingError(f"{setting}: got {shown[:60]!r}, expected an address such as redis://localhost:6379/0")
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        if parts.scheme != "unix":  # else the path is the socket's
            int(parts.path.strip("/") or 0)  # Redis' client would silently use another database
        pool = ConnectionPool.from_url(url)
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, RedisError):  # their messages may hold a part of the password
        reason = f"{setting}: {shown}: its host, port, database or an option makes no sense; expected an address"
        raise SettingError(f"{reason} such as redis://localhost:6379/0 or unix:///run/redis/redis.sock?db=0") from None
