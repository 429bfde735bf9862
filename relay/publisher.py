"""The camera's side: what web processes wish for is drawn, encoded and put into Redis, once for all of them."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from redis.client import Pipeline

from config.redis_client import UNREACHABLE
from delivery.counters import Throughput
from errors import RelayError
from live.engine import Engine
from relay import messages
from relay.connection import RETRY_AFTER, ChannelReader, connect, unreachable
from relay.name_lock import REFRESH_EVERY, NameLock
from relay.renditions import RelayedViews

log = logging.getLogger("relay")

REPORT_EVERY = 0.1
"""Seconds between reports on a camera that somebody watches or listens to."""
REPORT_IDLE = 0.5
REPORT_EXPIRES_AFTER = 2.0
"""Seconds after which a report is gone from Redis; then the camera counts as lost."""
TICK = 0.1


class PublishedCamera:
    """One camera's place: its engine, its lease, and when what is due."""

    def __init__(self, engine: Engine, ring: Callable[[], None]) -> None:
        self.engine = engine
        self.views = RelayedViews(engine, ring)
        self.name_lock: NameLock
        self.report_at = self.refresh_at = 0.0
        self._throughput = Throughput(self.views.subscribers.counts)

    def report(self) -> messages.Report:
        """How the camera fares now."""
        engine, audience = self.engine, self.views.subscribers
        counts = audience.counts()
        dropped = {**engine.dropped(), "slow_viewer": counts["slow"], "capped": counts["capped"]}
        own = {
            "viewers": audience.viewers,
            "listeners": audience.listeners,
            "delivered": self._throughput.read(),
            "dropped": dropped,
        }
        return messages.Report(
            state={**engine.state(), **own},
            faces={seconds: engine.summary(seconds)["faces"] for seconds in audience.smoothings},
            notice=engine.notice,
            counters=engine.counters,
            views=tuple(self.views.views),
            here=tuple(audience.here),
            left=tuple(audience.left),
            counts=counts,
        )


class Publisher:
    """Publishes cameras from `open` to `close`. Building one connects to nothing.

    Args:
        url: of the Redis server.
        engines: the cameras by name.

    Attributes:
        ended: set when it ends, by `close` or because another node has taken a camera.
        failure: why it ended by itself, or empty.

    Raises:
        SettingError: the address is none of a Redis server.
    """

    def __init__(self, url: str, engines: Mapping[str, Engine]) -> None:
        self.ended = threading.Event()
        self.failure = ""
        self._bell = threading.Event()
        self._redis = connect(url)
        self._hearing = connect(url)
        self._posts = {name: PublishedCamera(engine, self._bell.set) for name, engine in engines.items()}
        self._process = f"{id(self):x}-{time.time_ns():x}"
        self._pulse_at = 0.0
        self._threads: list[threading.Thread] = []
        self._told = ""

    def open(self) -> None:
        """Take the cameras' names and begin; waits for Redis as long as it does not answer.

        Raises:
            RelayError: another node, which lives, has one of the names.
        """
        for name, post in self._posts.items():
            post.name_lock = NameLock(self._redis, name)
        while not self.ended.is_set():
            try:
                for post in self._posts.values():
                    post.name_lock.acquire(self.ended)
                break
            except UNREACHABLE as error:
                self._tell(str(unreachable(error)))
                self.ended.wait(RETRY_AFTER)
        for name, work in (("wishes", self._hear), ("publish", self._work)):
            thread = threading.Thread(target=self._kept_up, args=(work,), name=f"relay {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Report at once, because something has changed; called by any thread, and quick."""
        for post in self._posts.values():
            post.report_at = 0.0
        self._bell.set()

    def end(self) -> None:
        """Have it end; called by any thread."""
        self.ended.set()
        self._bell.set()

    def close(self, timeout: float = 2.0) -> None:
        """Stop publishing, and give the names up."""
        self.end()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for post in self._posts.values():
            post.views.close()
        with suppress(*UNREACHABLE):
            self._retire()

    def _retire(self) -> None:
        for name, post in self._posts.items():
            mine = post.name_lock.valid
            post.name_lock.release()
            if mine:
                self._redis.delete(messages.report_key(name), *post.views.removed_keys())
                self._redis.srem(messages.CAMERAS, name)
                self._redis.publish(messages.CHANGES, name)
        self._redis.close()
        self._hearing.close()

    def _kept_up(self, work: Callable[[], None]) -> None:
        """Do a thread's work until the end; begin it anew when Redis did not answer."""
        while not self.ended.is_set():
            try:
                work()
            except RelayError as error:
                self.failure = str(error)
                self.ended.set()
            except UNREACHABLE as error:
                self._tell(str(unreachable(error)))
            except Exception:
                log.exception("publishing failed; trying again")
            self.ended.wait(RETRY_AFTER)

    def _tell(self, words: str) -> None:
        """Log what is wrong, once; empty where all is well."""
        if words != self._told:
            log.warning("%s", words) if words else log.info("Redis answers again")
        self._told = words

    def _hear(self) -> None:
        """Take in wishes."""
        by_channel = {messages.subscriptions_channel(name): post for name, post in self._posts.items()}
        try:
            with ChannelReader(self._hearing, messages.inbox_channel(self._process)) as subscription:
                subscription.subscribe(by_channel)
                while not self.ended.is_set():
                    for channel, data in subscription.read(TICK):
                        self._take(by_channel.get(channel), data)
        finally:
            for post in self._posts.values():
                post.views.subscribers.pause_expiry()

    def _take(self, post: PublishedCamera | None, data: bytes) -> None:
        if post is None:
            return
        post.views.subscribers.resume_expiry()
        if data:  # else it is the subscription that was confirmed
            try:
                post.views.subscribers.update(messages.subscription_of(data))
            except RelayError as error:
                self._tell(str(error))
        self._bell.set()

    def _work(self) -> None:
        """Publish what is new, as it comes."""
        for post in self._posts.values():
            post.views.resend_all()
            post.report_at = post.refresh_at = 0.0
        self._turn()
        for name in self._posts:
            self._redis.publish(messages.CHANGES, name)
        while not self.ended.is_set():
            self._bell.wait(TICK)
            self._bell.clear()
            self._turn()

    def _turn(self) -> None:
        for name, post in self._posts.items():
            self._publish(name, post)
        if time.monotonic() >= self._pulse_at:  # the subscription's sign of life
            self._pulse_at = time.monotonic() + 1.0
            self._redis.publish(messages.inbox_channel(self._process), b"")

    def _publish(self, name: str, post: PublishedCamera) -> None:
        now = time.monotonic()
        if now >= post.refresh_at:
            post.name_lock.refresh()
            post.refresh_at = now + REFRESH_EVERY
        post.views.apply_subscriptions()
        gone = post.views.removed_keys()
        with self._redis.pipeline(transaction=False) as pipeline:
            if gone:
                pipeline.delete(*gone)
            if post.name_lock.valid:  # else another may have taken it meanwhile
                self._put(pipeline, name, post, now)
            if len(pipeline):
                pipeline.execute()
                self._tell("")

    def _put(self, pipeline: "Pipeline", name: str, post: PublishedCamera, now: float) -> None:
        for key, data, life in post.views.updates():
            pipeline.set(key, data, px=int(life * 1000))
            pipeline.publish(key, b"")
        if now >= post.report_at:
            busy = post.views.busy
            post.report_at = now + (REPORT_EVERY if busy else REPORT_IDLE)
            key = messages.report_key(name)
            pipeline.set(key, messages.pack(post.report()), px=int(REPORT_EXPIRES_AFTER * 1000))
            pipeline.publish(key, b"")
            pipeline.sadd(messages.CAMERAS, name)
