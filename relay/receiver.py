"""The web's side of the relay: two threads receive the published cameras for all viewers of this process."""

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
"""Seconds between checks whether a camera has gone silent."""
SUBSCRIBE_EVERY = 1.0
"""Seconds between two rounds of sending subscriptions and listing cameras."""
MIN_INTERVAL = 0.01
"""The least seconds between two rounds when something has changed: many viewers who come at once make one round."""
FORGET_AFTER = 60.0
"""Seconds after which a lost camera that nobody watches is no longer listed, and its name is dropped."""
FIRST_LIST_TIMEOUT = 1.0
"""Seconds that the first caller waits for the list of cameras."""
DROP_SCRIPT = "if redis.call('EXISTS', KEYS[2], KEYS[3]) == 0 then redis.call('SREM', KEYS[1], ARGV[1]) end"
"""Drops a name unless its node has come back meanwhile, which then holds the lock and adds its name again."""
REDIS_LOST = "the connection to the cameras is lost"


class Receiver(Mapping[str, RemoteCamera]):
    """The published cameras by name, sorted by name. The constructor starts nothing and connects to nothing.

    A camera that is no longer listed can still be looked up.

    Args:
        url: address of the Redis server.
        on_change: called by any thread when a camera's status has changed; must be quick.
        quality: JPEG quality of drawn notices, 1 to 100.

    Raises:
        SettingError: the address is not a Redis server's.
    """

    def __init__(self, url: str, on_change: Callable[[], None], quality: int) -> None:
        check_address(url, SETTING)
        self._url = url
        self._on_change = on_change
        self._quality = quality
        self._process = secrets.token_hex(8)
        self._cameras: dict[str, RemoteCamera] = {}
        self._subscribed: set[str] = set()
        self._lock = threading.Lock()
        self._condition = threading.Condition()
        self._listed = threading.Event()
        self._closed = threading.Event()
        self._threads: list[threading.Thread] = []
        self._opened_at = 0.0
        self._changed = True
        self._list_at = 0.0
        self._silent: dict[str, float] = {}  # cameras without a report, and since when
        self._last_problem = ""

    def __getitem__(self, name: str) -> RemoteCamera:
        self._await_list()
        return self._cameras[name]

    def __iter__(self) -> Iterator[str]:
        self._await_list()
        oldest = time.monotonic() - FORGET_AFTER
        cameras = sorted(self._cameras.items())
        return iter([name for name, camera in cameras if camera.busy or camera.seen_at > oldest])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    @property
    def opened(self) -> bool:
        """Whether anybody has asked for the cameras yet."""
        return bool(self._threads)

    def _await_list(self) -> None:
        """Start the threads at the first call, and wait a moment for the list of cameras."""
        with self._lock:
            if not self._threads and not self._closed.is_set():
                self._opened_at = time.monotonic()
                for name, work in (("follow", self._follow), ("subscribe", self._subscribe)):
                    thread = threading.Thread(
                        target=self._keep_running, args=(work,), name=f"relay {name}", daemon=True
                    )
                    self._threads.append(thread)
                    thread.start()
        self._listed.wait(max(0.0, self._opened_at + FIRST_LIST_TIMEOUT - time.monotonic()))

    def close(self, timeout: float = 1.0) -> None:
        """Cancel all subscriptions and end the threads."""
        self._closed.set()
        self._wake()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def _wake(self) -> None:
        """Send the subscriptions at once, because they have changed; may be called by any thread."""
        with self._condition:
            self._changed = True
            self._condition.notify()

    def _keep_running(self, work: Callable[[Redis], None]) -> None:
        """Run a thread's work until the end; restart it with a new connection after any failure."""
        while not self._closed.is_set():
            redis = connect(self._url)
            try:
                work(redis)
            except UNREACHABLE as error:
                self._report_problem(str(unreachable(error)))
                self._mark_all_lost()
            except Exception:
                log.exception("the relay failed; trying again")
                self._mark_all_lost()
            finally:
                with suppress(*UNREACHABLE):
                    redis.close()
            self._closed.wait(RETRY_AFTER)

    def _mark_all_lost(self) -> None:
        self._listed.set()  # nobody needs to wait for a list that does not come
        for camera in list(self._cameras.values()):
            camera.mark_lost(REDIS_LOST)

    def _report_problem(self, problem: str) -> None:
        """Log a problem once; an empty text means that there is none."""
        if problem != self._last_problem:
            log.warning("%s", problem) if problem else log.info("Redis answers again")
        self._last_problem = problem

    def _follow(self, redis: Redis) -> None:
        """Receive pictures and reports of the cameras that are watched here."""
        with ChannelReader(redis, messages.inbox_channel(self._process)) as reader:
            while not self._closed.is_set():
                routes = {key: camera for camera in list(self._cameras.values()) for key in camera.keys}
                reader.subscribe([messages.CHANGES, *routes])
                received = reader.read(TICK)
                if any(channel == messages.CHANGES for channel, _ in received):
                    self._list_at = 0.0
                    self._wake()
                self._fetch(redis, routes, {channel for channel, _ in received})
                for camera in list(self._cameras.values()):
                    camera.check_silence()

    def _fetch(self, redis: Redis, routes: Mapping[str, RemoteCamera], channels: Iterable[str]) -> None:
        keys = [channel for channel in channels if channel in routes]
        for key, data in zip(keys, read_keys(redis, keys), strict=True):
            if data is not None:
                self._receive(routes[key], key, data)

    def _receive(self, camera: RemoteCamera, key: str, data: bytes) -> None:
        try:
            camera.receive(key, data)
        except RelayError as error:
            self._report_problem(str(error))

    def _subscribe(self, redis: Redis) -> None:
        """Send the subscriptions regularly and at once when they change; list the cameras."""
        while not self._closed.is_set():
            with self._condition:
                self._condition.wait_for(lambda: self._changed, SUBSCRIBE_EVERY)
                self._changed = False
            self._send_subscriptions(redis)
            self._report_problem("")
            if time.monotonic() >= self._list_at:
                self._list_at = time.monotonic() + SUBSCRIBE_EVERY
                self._list(redis)
            self._closed.wait(MIN_INTERVAL)
        self._send_goodbye(redis)

    def _send_subscriptions(self, redis: Redis) -> None:
        busy = {name for name, camera in self._cameras.items() if camera.busy}
        with redis.pipeline(transaction=False) as pipeline:
            for name in busy | self._subscribed:
                pipeline.publish(
                    messages.subscriptions_channel(name), messages.pack(self._cameras[name].subscription(self._process))
                )
            pipeline.publish(messages.inbox_channel(self._process), b"")
            pipeline.execute()
        self._subscribed = busy

    def _send_goodbye(self, redis: Redis) -> None:
        """Tell every camera: one that nobody watches now may have been watched before."""
        with suppress(*UNREACHABLE), redis.pipeline(transaction=False) as pipeline:
            for name, camera in self._cameras.items():
                bye = messages.Subscription(self._process, counts=camera.viewers.counts(), bye=True)
                pipeline.publish(messages.subscriptions_channel(name), messages.pack(bye))
            pipeline.execute()

    def _list(self, redis: Redis) -> None:
        """Update the list of cameras, and the reports of those that nobody watches here."""
        listed: Any = redis.smembers(messages.CAMERAS)
        names = [name for name in (raw.decode(errors="replace") for raw in listed) if CAMERA_NAME.fullmatch(name)]
        reports = read_keys(redis, [messages.report_key(name) for name in names])
        for name, data in zip(names, reports, strict=True):
            if data is not None:
                self._receive_report(name, data)
        for name, camera in list(self._cameras.items()):
            if name not in names:
                camera.mark_lost("its camera node has ended")
            elif reports[names.index(name)] is None:
                camera.mark_lost("its camera node does not answer")
        self._listed.set()
        self._drop_dead(redis, [name for name, data in zip(names, reports, strict=True) if data is None])

    def _drop_dead(self, redis: Redis, silent: Iterable[str]) -> None:
        """Drop the names of killed nodes once they have been shown as lost for `FORGET_AFTER` seconds."""
        now = time.monotonic()
        self._silent = {name: self._silent.get(name, now) for name in silent}
        for name in [name for name, since in self._silent.items() if now - since > FORGET_AFTER]:
            redis.eval(DROP_SCRIPT, 3, messages.CAMERAS, messages.lock_key(name), messages.report_key(name), name)

    def _receive_report(self, name: str, data: bytes) -> None:
        try:
            report = messages.report_of(data)
        except RelayError as error:
            self._report_problem(str(error))
            return
        if name not in self._cameras:
            self._cameras[name] = RemoteCamera(name, report, self._wake, self._on_change, self._quality)
            self._on_change()
        elif not self._cameras[name].busy:
            self._cameras[name].receive_report(report)
