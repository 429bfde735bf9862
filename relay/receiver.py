"""The web's side: the cameras that others publish, followed by two threads for all viewers of this process."""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from redis import Redis

from config.redis_client import UNREACHABLE, check_address
from errors import RelayError
from relay import messages
from relay.connection import RETRY_AFTER, SETTING, ChannelReader, connect, read_keys, unreachable
from relay.remote_camera import RemoteCamera
from sources.names import CAMERA_NAME

log = logging.getLogger("relay")

TICK = 0.1
"""Seconds after which it is looked whether a camera has gone silent."""
SUBSCRIBE_EVERY = 1.0
"""Seconds between two times that wishes are said, and the cameras listed."""
MIN_INTERVAL = 0.01
"""The same at least, where something has changed: many viewers who come at once make one wish."""
FORGET_AFTER = 60.0
"""Seconds after which a camera that is gone, and that nobody watches, is listed no more, and its name is dropped."""
FIRST_LIST_TIMEOUT = 1.0
"""Seconds for which who asks first waits until the cameras are known."""
DROP_SCRIPT = "if redis.call('EXISTS', KEYS[2], KEYS[3]) == 0 then redis.call('SREM', KEYS[1], ARGV[1]) end"
"""A node that has come back meanwhile has a lease, and puts its name there once more."""
REDIS_LOST = "the connection to the cameras is lost"


class Receiver(Mapping[str, RemoteCamera]):
    """The published cameras by name, in the order of their names. Building it starts and connects to nothing.

    Whoever once got a camera may ask for it again: those that are listed no more are still found.

    Args:
        url: of the Redis server.
        on_change: called by any thread, and must be quick, when a camera's status has changed.
        quality: JPEG's, 1 to 100, of drawn notices.

    Raises:
        SettingError: the address is none of a Redis server.
    """

    def __init__(self, url: str, on_change: Callable[[], None], quality: int) -> None:
        check_address(url, SETTING)
        self._url = url
        self._on_change = on_change
        self._quality = quality
        self._process = secrets.token_hex(8)
        self._feeds: dict[str, RemoteCamera] = {}
        self._wished: set[str] = set()
        self._lock = threading.Lock()
        self._condition = threading.Condition()
        self._listed = threading.Event()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._opened_at = 0.0
        self._dirty = True
        self._list_at = 0.0
        self._silent: dict[str, float] = {}  # cameras without a report, and since when
        self._told = ""

    def __getitem__(self, name: str) -> RemoteCamera:
        self._await_list()
        return self._feeds[name]

    def __iter__(self) -> Iterator[str]:
        self._await_list()
        oldest = time.monotonic() - FORGET_AFTER
        feeds = sorted(self._feeds.items())
        return iter([name for name, feed in feeds if feed.busy or feed.seen_at > oldest])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    @property
    def opened(self) -> bool:
        """Whether somebody has asked for the cameras."""
        return bool(self._threads)

    def _await_list(self) -> None:
        """Start, at the first call, and wait a moment until it is known which cameras there are."""
        with self._lock:
            if not self._threads and not self._closed.is_set():
                self._opened_at = time.monotonic()
                for name, work in (("follow", self._follow), ("wish", self._wish)):
                    thread = threading.Thread(target=self._kept_up, args=(work,), name=f"relay {name}", daemon=True)
                    self._threads.append(thread)
                    thread.start()
        self._listed.wait(max(0.0, self._opened_at + FIRST_LIST_TIMEOUT - time.monotonic()))

    def close(self, timeout: float = 1.0) -> None:
        """Say that nothing is wanted any more, and end the threads."""
        self._closed.set()
        self._ring()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _ring(self) -> None:
        """Have the wishes said at once, because they have changed; called by any thread."""
        with self._condition:
            self._dirty = True
            self._condition.notify()

    def _kept_up(self, work: Callable[[Redis], None]) -> None:
        """Do a thread's work until the end; begin it anew, with a new connection, when Redis does not answer."""
        while not self._closed.is_set():
            redis = connect(self._url)
            try:
                work(redis)
            except UNREACHABLE as error:
                self._tell(str(unreachable(error)))
                self._lose_all()
            except Exception:
                log.exception("the relay failed; trying again")
                self._lose_all()
            finally:
                with suppress(*UNREACHABLE):
                    redis.close()
            self._closed.wait(RETRY_AFTER)

    def _lose_all(self) -> None:
        self._listed.set()  # nobody is to wait for what does not come
        for feed in list(self._feeds.values()):
            feed.mark_lost(REDIS_LOST)

    def _tell(self, words: str) -> None:
        """Log what is wrong, once; empty where all is well."""
        if words != self._told:
            log.warning("%s", words) if words else log.info("Redis answers again")
        self._told = words

    def _follow(self, redis: Redis) -> None:
        """Take in pictures and reports of what is watched here."""
        with ChannelReader(redis, messages.inbox_channel(self._process)) as subscription:
            while not self._closed.is_set():
                routes = {key: feed for feed in list(self._feeds.values()) for key in feed.keys}
                subscription.subscribe([messages.CHANGES, *routes])
                heard = subscription.read(TICK)
                if any(channel == messages.CHANGES for channel, _ in heard):
                    self._list_at = 0.0
                    self._ring()
                self._fetch(redis, routes, {channel for channel, _ in heard})
                for feed in list(self._feeds.values()):
                    feed.check_silence()

    def _fetch(self, redis: Redis, routes: Mapping[str, RemoteCamera], channels: Iterable[str]) -> None:
        keys = [channel for channel in channels if channel in routes]
        for key, data in zip(keys, read_keys(redis, keys), strict=True):
            if data is not None:
                self._take(routes[key], key, data)

    def _take(self, feed: RemoteCamera, key: str, data: bytes) -> None:
        try:
            feed.receive(key, data)
        except RelayError as error:
            self._tell(str(error))

    def _wish(self, redis: Redis) -> None:
        """Say what is wanted, again and again and at once when that changes; list the cameras."""
        while not self._closed.is_set():
            with self._condition:
                self._condition.wait_for(lambda: self._dirty, SUBSCRIBE_EVERY)
                self._dirty = False
            self._say(redis)
            self._tell("")
            if time.monotonic() >= self._list_at:
                self._list_at = time.monotonic() + SUBSCRIBE_EVERY
                self._list(redis)
            self._closed.wait(MIN_INTERVAL)
        self._say_goodbye(redis)

    def _say(self, redis: Redis) -> None:
        busy = {name for name, feed in self._feeds.items() if feed.busy}
        with redis.pipeline(transaction=False) as pipeline:
            for name in busy | self._wished:
                pipeline.publish(
                    messages.subscriptions_channel(name), messages.pack(self._feeds[name].subscription(self._process))
                )
            pipeline.publish(messages.inbox_channel(self._process), b"")
            pipeline.execute()
        self._wished = busy

    def _say_goodbye(self, redis: Redis) -> None:
        """Tell every camera, since one that nobody watches now may have been watched before."""
        with suppress(*UNREACHABLE), redis.pipeline(transaction=False) as pipeline:
            for name, feed in self._feeds.items():
                bye = messages.Subscription(self._process, counts=feed.viewers.counts(), bye=True)
                pipeline.publish(messages.subscriptions_channel(name), messages.pack(bye))
            pipeline.execute()

    def _list(self, redis: Redis) -> None:
        """Take in which cameras there are, and the reports on those that nobody watches here."""
        listed: Any = redis.smembers(messages.CAMERAS)
        names = [name for name in (raw.decode(errors="replace") for raw in listed) if CAMERA_NAME.fullmatch(name)]
        reports = read_keys(redis, [messages.report_key(name) for name in names])
        for name, data in zip(names, reports, strict=True):
            if data is not None:
                self._note(name, data)
        for name, feed in list(self._feeds.items()):
            if name not in names:
                feed.mark_lost("its camera node has ended")
            elif reports[names.index(name)] is None:
                feed.mark_lost("its camera node does not answer")
        self._listed.set()
        self._drop_dead(redis, [name for name, data in zip(names, reports, strict=True) if data is None])

    def _drop_dead(self, redis: Redis, silent: Iterable[str]) -> None:
        """Drop the names of nodes that were killed; for as long as they are told of as lost, they stay."""
        now = time.monotonic()
        self._silent = {name: self._silent.get(name, now) for name in silent}
        for name in [name for name, since in self._silent.items() if now - since > FORGET_AFTER]:
            redis.eval(DROP_SCRIPT, 3, messages.CAMERAS, messages.lock_key(name), messages.report_key(name), name)

    def _note(self, name: str, data: bytes) -> None:
        try:
            report = messages.report_of(data)
        except RelayError as error:
            self._tell(str(error))
            return
        if name not in self._feeds:
            self._feeds[name] = RemoteCamera(name, report, self._ring, self._on_change, self._quality)
            self._on_change()
        elif not self._feeds[name].busy:
            self._feeds[name].receive_report(report)
