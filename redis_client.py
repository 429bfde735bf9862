"""A client of a Redis server with a time limit on everything: whoever asks is never kept longer than it is told."""

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from discretion import without_password
from errors import SettingError
from settings import REDIS

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
    try:
        return Redis.from_url(
            url,
            socket_timeout=patience,
            socket_connect_timeout=patience,
            retry=Retry(NoBackoff(), 0),  # whoever asks tries again
            decode_responses=text,
            protocol=2,
            socket_keepalive=True,
        )
    except ValueError as error:
        raise SettingError(f"{setting}: {error}; expected such as redis://localhost:6379/0") from None


def check_address(url: str, setting: str) -> None:
    """Raise `SettingError` for what is no address of a Redis server."""
    if not url.startswith(REDIS):
        raise SettingError(
            f"{setting}: got {without_password(url)[:60]!r}, expected an address such as redis://localhost:6379/0"
        )
