"""The client of Redis: over TCP and over a socket of this machine, and what is no address of a server."""

import pytest

from config.redis_client import UNREACHABLE, check_address, connect
from config.settings import Settings
from errors import SettingError
from main import create_app
from relay.connection import ChannelReader
from tests.support.waiting import until


@pytest.mark.parametrize("way", ["url", "unix_url"])
def test_a_server_is_reached_over_tcp_and_over_a_socket_of_this_machine(redis_process, way):
    with connect(getattr(redis_process, way), 3.0, "queue") as redis:
        assert redis.set("a", "b")
        assert redis.get("a") == b"b"
        with ChannelReader(redis, "pulse") as subscription:
            until(lambda: subscription.read(0.1))


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_server_that_is_not_there_does_not_answer(url):
    with connect(url, 1.0, "queue") as redis, pytest.raises(UNREACHABLE):
        redis.ping()


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://:pw@host:6379/1",
        "redis://[::1]?db=2&health_check_interval=5",
        "rediss://host:6380/0",
        "unix:///run/redis/redis.sock",
        "unix:///run/redis/redis.sock?db=1&password=pw",
    ],
)
def test_what_redis_client_knows_is_an_address(url):
    check_address(url, "queue")


@pytest.mark.parametrize(
    "url",
    [
        "redis://host:port/0",
        "redis://host:99999/0",
        "redis://[::1/0",
        "redis://a..b/0",
        f"redis://{'a' * 70}/0",
        "redis://host/videos",
        "redis://host?db=videos",
        "redis://host/0?colour=blue",
        "redis://host/0?socket_timeout=soon",
        "rediss://host/0?ssl_cert_reqs=sometimes",
    ],
)
def test_an_address_that_makes_no_sense_stops_the_start_with_its_setting(url):
    for setting in ("queue", "redis_url"):
        with pytest.raises(SettingError, match=rf"^{setting}: .* makes no sense; expected an address such as redis://"):
            create_app(Settings(source=("demo",), **{setting: url}))
