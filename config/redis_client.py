"""A client of a Redis server with a time limit on everything: whoever asks is never kept longer than it is told."""

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
"""What is raised where Redis does not answer, or not as it should."""


def connect(url: str, patience: float, setting: str, text: bool = False) -> Redis:
    """A client; each of its connections is made at the first command that needs it.

    Args:
        url: of the server.
        patience: seconds that it has for anything that it is asked.
        setting: which holds the address, for the words of an error.
        text: whether answers are texts, rather than bytes.

    Raises:
        SettingError: it is no address of a Redis server.
    """
    check_address(url, setting)
    return Redis.from_url(
        url,
        socket_timeout=patience,
        socket_connect_timeout=patience,
        retry=Retry(NoBackoff(), 0),  # whoever asks tries again
        decode_responses=text,
        protocol=2,
        **_kept_alive(url),
    )


def _kept_alive(url: str) -> dict[str, Any]:
    """What notices that the machine at the other end is gone; a socket in the file system has none there."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}


def check_address(url: str, setting: str) -> None:
    """Raise `SettingError` for what is no address of a Redis server; connects to nothing."""
    shown = without_password(url)
    if not url.startswith(REDIS_SCHEMES):
        raise SettingError(f"{setting}: got {shown[:60]!r}, expected an address such as redis://localhost:6379/0")
    try:
        parts = urlsplit(url)
        (parts.hostname or "").encode("idna")
        if parts.scheme != "unix":  # else the path is the socket's
            int(parts.path.strip("/") or 0)  # Redis' client would take another database without a word
        pool = ConnectionPool.from_url(url)
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, RedisError):  # whose words may hold a part of the password
        told = f"{setting}: {shown}: its host, port, database or an option makes no sense; expected an address"
        raise SettingError(f"{told} such as redis://localhost:6379/0 or unix:///run/redis/redis.sock?db=0") from None
