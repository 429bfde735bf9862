"""The cameras' side of the relay: each view that web processes subscribe to is drawn, encoded and published once."""

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
"""Seconds between reports of a camera with viewers or listeners."""
REPORT_IDLE = 0.5
REPORT_EXPIRES_AFTER = 2.0
"""Seconds after which a report expires in Redis; then the camera counts as lost."""
TICK = 0.1


class PublishedCamera:
    """One published camera: its engine, the lock on its name, and when its next report and refresh are due."""

    def __init__(self, engine: Engine, wake: Callable[[], None]) -> None:
        self.engine = engine
        self.relayed = RelayedViews(engine, wake)
        self.name_lock: NameLock
        self.report_at = self.refresh_at = 0.0
        self._throughput = Throughput(self.relayed.subscribers.counts)

    def report(self) -> messages.Report:
        """The camera's state now."""
        engine, subscribers = self.engine, self.relayed.subscribers
        counts = subscribers.counts()
        dropped = {**engine.dropped(), "slow_viewer": counts["slow"], "capped": counts["capped"]}
        own = {
            "viewers": subscribers.viewers,
            "listeners": subscribers.listeners,
            "delivered": self._throughput.read(),
            "dropped": dropped,
        }
        return messages.Report(
            state={**engine.state(), **own},
            faces={seconds: engine.summary(seconds)["faces"] for seconds in subscribers.smoothings},
            notice=engine.notice,
            counters=engine.counters,
            views=tuple(self.relayed.views),
            here=tuple(subscribers.here),
            left=tuple(subscribers.left),
            counts=counts,
        )


class Publisher:
    """Publishes cameras from `open` to `close`. The constructor connects to nothing.

    Args:
        url: address of the Redis server.
        engines: the cameras by name.

    Attributes:
        ended: set when publishing ends, by `close` or because another node has taken a camera's name.
        failure: why it ended by itself; empty otherwise.

    Raises:
        SettingError: the address is not a Redis server's.
    """

    def __init__(self, url: str, engines: Mapping[str, Engine]) -> None:
        self.ended = threading.Event()
        self.failure = ""
        self._wakeup = threading.Event()
        self._redis = connect(url)
        self._subscriber_redis = connect(url)
        self._cameras = {name: PublishedCamera(engine, self._wakeup.set) for name, engine in engines.items()}
        self._process = f"{id(self):x}-{time.time_ns():x}"
        self._pulse_at = 0.0
        self._threads: list[threading.Thread] = []
        self._last_problem = ""

    def open(self) -> None:
        """Lock the cameras' names and start; wait for Redis as long as it does not answer.

        Raises:
            RelayError: another node that is alive has one of the names.
        """
        for name, camera in self._cameras.items():
            camera.name_lock = NameLock(self._redis, name)
        while not self.ended.is_set():
            try:
                for camera in self._cameras.values():
                    camera.name_lock.acquire(self.ended)
                break
            except UNREACHABLE as error:
                self._report_problem(str(unreachable(error)))
                self.ended.wait(RETRY_AFTER)
        for name, work in (("subscriptions", self._receive_subscriptions), ("publish", self._publish_all)):
            thread = threading.Thread(target=self._keep_running, args=(work,), name=f"relay {name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wake(self) -> None:
        """Send reports at once, because something has changed; may be called by any thread and returns quickly."""
        for camera in self._cameras.values():
            camera.report_at = 0.0
        self._wakeup.set()

    def end(self) -> None:
        """Ask the threads to end; may be called by any thread."""
        self.ended.set()
        self._wakeup.set()

    def close(self, timeout: float = 2.0) -> None:
        """Stop publishing and release the names."""
        self.end()
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for camera in self._cameras.values():
            camera.relayed.close()
        with suppress(*UNREACHABLE):
            self._unregister()

    def _unregister(self) -> None:
        for name, camera in self._cameras.items():
            mine = camera.name_lock.valid
            camera.name_lock.release()
            if mine:
                self._redis.delete(messages.report_key(name), *camera.relayed.removed_keys())
                self._redis.srem(messages.CAMERAS, name)
                self._redis.publish(messages.CHANGES, name)
        self._redis.close()
        self._subscriber_redis.close()

    def _keep_running(self, work: Callable[[], None]) -> None:
        """Run a thread's work until the end; restart it after any failure."""
        while not self.ended.is_set():
            try:
                work()
            except RelayError as error:
                self.failure = str(error)
                self.ended.set()
            except UNREACHABLE as error:
                self._report_problem(str(unreachable(error)))
            except Exception:
                log.exception("publishing failed; trying again")
            self.ended.wait(RETRY_AFTER)

    def _report_problem(self, problem: str) -> None:
        """Log a problem once; an empty text means that there is none."""
        if problem != self._last_problem:
            log.warning("%s", problem) if problem else log.info("Redis answers again")
        self._last_problem = problem

    def _receive_subscriptions(self) -> None:
        """Receive subscriptions."""
        by_channel = {messages.subscriptions_channel(name): camera for name, camera in self._cameras.items()}
        try:
            with ChannelReader(self._subscriber_redis, messages.inbox_channel(self._process)) as reader:
                reader.subscribe(by_channel)
                while not self.ended.is_set():
                    for channel, data in reader.read(TICK):
                        self._receive(by_channel.get(channel), data)
        finally:
            for camera in self._cameras.values():
                camera.relayed.subscribers.pause_expiry()

    def _receive(self, camera: PublishedCamera | None, data: bytes) -> None:
        if camera is None:
            return
        camera.relayed.subscribers.resume_expiry()
        if data:  # else it only confirms that the channel is subscribed
            try:
                camera.relayed.subscribers.update(messages.subscription_of(data))
            except RelayError as error:
                self._report_problem(str(error))
        self._wakeup.set()

    def _publish_all(self) -> None:
        """Publish new pictures and reports as they come."""
        for camera in self._cameras.values():
            camera.relayed.resend_all()
            camera.report_at = camera.refresh_at = 0.0
        self._publish_round()
        for name in self._cameras:
            self._redis.publish(messages.CHANGES, name)
        while not self.ended.is_set():
            self._wakeup.wait(TICK)
            self._wakeup.clear()
            self._publish_round()

    def _publish_round(self) -> None:
        for name, camera in self._cameras.items():
            self._publish(name, camera)
        if time.monotonic() >= self._pulse_at:  # the heartbeat of our own reader
            self._pulse_at = time.monotonic() + 1.0
            self._redis.publish(messages.inbox_channel(self._process), b"")

    def _publish(self, name: str, camera: PublishedCamera) -> None:
        now = time.monotonic()
        if now >= camera.refresh_at:
            camera.name_lock.refresh()
            camera.refresh_at = now + REFRESH_EVERY
        camera.relayed.apply_subscriptions()
        removed = camera.relayed.removed_keys()
        with self._redis.pipeline(transaction=False) as pipeline:
            if removed:
                pipeline.delete(*removed)
            if camera.name_lock.valid:  # else another node may have the name by now
                self._add_updates(pipeline, name, camera, now)
            if len(pipeline):
                pipeline.execute()
                self._report_problem("")

    def _add_updates(self, pipeline: "Pipeline", name: str, camera: PublishedCamera, now: float) -> None:
        for key, data, life in camera.relayed.updates():
            pipeline.set(key, data, px=int(life * 1000))
            pipeline.publish(key, b"")
        if now >= camera.report_at:
            busy = camera.relayed.busy
            camera.report_at = now + (REPORT_EVERY if busy else REPORT_IDLE)
            key = messages.report_key(name)
            pipeline.set(key, messages.pack(camera.report()), px=int(REPORT_EXPIRES_AFTER * 1000))
            pipeline.publish(key, b"")
            pipeline.sadd(messages.CAMERAS, name)
