"""`python main.py camera`: publishes this machine's cameras over Redis for web servers on any machine."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace

from config import logs
from config.loader import add_options, load, parse_options
from config.settings import Settings
from errors import ExpressionError, SettingError
from live.engine import Engine
from relay.publisher import Publisher
from service.server import Server

log = logging.getLogger("node")


def main(arguments: Sequence[str]) -> int:
    """The command line of `camera`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="main.py camera",
        allow_abbrev=False,
        description="Publish cameras over a Redis server, for web servers that are given the same --redis-url.",
    )
    parser.add_argument("--name", help="the camera's name; several cameras are given as --source NAME=SOURCE")
    add_options(parser)
    options = parse_options(parser, arguments)
    try:
        settings = _named(load(vars(options), os.environ), options.name)
        logs.set_up(settings.log_level, settings.log_format)
        return publish(settings)
    except ExpressionError as error:
        print(f"main.py camera: {error}", file=sys.stderr)
        return 2


def _named(settings: Settings, name: str | None) -> Settings:
    if not settings.redis_url:
        raise SettingError(
            "redis_url: got none, expected the Redis server over which the web servers see this camera, such as "
            "--redis-url redis://localhost:6379/0"
        )
    if name is None:
        return settings
    if len(settings.source) != 1:
        raise SettingError(f"name: got one for {len(settings.source)} sources; name each as --source NAME=SOURCE")
    return replace(settings, source=(f"{name}={settings.source[0]}",))


def publish(settings: Settings) -> int:
    """Publish the cameras of some settings until interrupted; returns the exit status.

    Raises:
        SettingError: two cameras have one name, or an address is invalid.
        SourceError: a source file does not exist.
        BundleError: the model cannot be loaded.
        DetectorError: the face detector that is asked for cannot run.
        RelayError: another node has one of the names.
    """
    server = Server(replace(settings, redis_url=""))
    server.load()
    engines: Mapping[str, Engine] = server.local_cameras
    publisher = Publisher(settings.redis_url, engines)
    server.on_change = publisher.wake
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=publisher.end).start())
    with closing(publisher):
        publisher.open()
        log.info("publishing %s", ", ".join(engines))
        publisher.ended.wait()
    if publisher.failure:
        print(f"main.py camera: {publisher.failure}", file=sys.stderr)
    if not server.close():
        log.warning("a camera's driver does not answer; leaving without it")
        os._exit(2 if publisher.failure else 0)
    return 2 if publisher.failure else 0
