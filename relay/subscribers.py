"""The web processes that subscribe to a camera: their subscriptions, summed up in the camera's process."""

import threading
import time
from collections import Counter

from delivery.view_options import ViewOptions
from delivery.viewers import REMEMBER_FOR
from relay.messages import Subscription

EXPIRES_AFTER = 3.5
"""Seconds after which a subscription expires; it is sent again every second."""
OUTAGE_GRACE = 30.0
"""Seconds for which subscriptions are kept while none can be received, so that an outage of Redis closes no camera."""
MAX_PROCESSES = 256
"""Processes whose counts are kept one by one. A silent one may be alive and go on counting from where it was; beyond
this number the one that has been silent for longest is taken to be gone."""


class Subscribers:
    """The subscriptions of all web processes to one camera. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: dict[str, tuple[float, Subscription]] = {}
        self._counts: dict[str, dict[str, int]] = {}  # the last sender stands last
        self._gone = Counter({"frames": 0, "sent": 0, "slow": 0, "capped": 0})
        self._ended: dict[str, float] = {}
        self._outage_since: float | None = None

    def update(self, subscription: Subscription) -> None:
        """Replace a process' subscription; its last one, marked `bye`, ends all that it was sending."""
        now = time.monotonic()
        with self._lock:
            known = self._counts.pop(subscription.process, None) is not None
            if not subscription.bye:
                self._subscriptions[subscription.process] = now, subscription
                self._counts[subscription.process] = subscription.counts
                while len(self._counts) > MAX_PROCESSES:
                    self._gone.update(self._counts.pop(next(iter(self._counts))))
            elif known:
                self._forget(subscription.process, now)
                self._gone.update(subscription.counts)

    def pause_expiry(self) -> None:
        """Note that no subscriptions can be received for now."""
        with self._lock:
            self._outage_since = self._outage_since or time.monotonic()

    def resume_expiry(self) -> None:
        """Note that they can be received again; each has its full time to be sent once more."""
        now = time.monotonic()
        with self._lock:
            if self._outage_since is not None:
                self._subscriptions = {
                    process: (now, subscription) for process, (_, subscription) in self._subscriptions.items()
                }
            self._outage_since = None

    def expire(self) -> None:
        """Forget subscriptions that were not sent again in time."""
        now = time.monotonic()
        with self._lock:
            if self._outage_since is not None and now - self._outage_since < OUTAGE_GRACE:
                return
            for process, (received_at, _) in list(self._subscriptions.items()):
                if now - received_at > EXPIRES_AFTER:
                    self._forget(process, now)
            self._ended = {name: at for name, at in self._ended.items() if now - at < REMEMBER_FOR}

    def _forget(self, process: str, now: float) -> None:
        """Drop a process' subscription, if any; the streams that it was sending have ended with it."""
        _, subscription = self._subscriptions.pop(process, (now, Subscription(process)))
        self._ended.update(dict.fromkeys((*subscription.left, *subscription.here), now))

    def _all(self) -> list[Subscription]:
        with self._lock:
            return [subscription for _, subscription in self._subscriptions.values()]

    @property
    def views(self) -> list[ViewOptions]:
        """The subscribed view options, each once."""
        return list(dict.fromkeys(view for subscription in self._all() for view in subscription.views))

    @property
    def smoothings(self) -> set[float]:
        """The requested smoothing time constants, in seconds."""
        return {seconds for subscription in self._all() for seconds in subscription.smoothings}

    @property
    def viewers(self) -> int:
        """Viewers in all processes."""
        return sum(subscription.viewers for subscription in self._all())

    @property
    def listeners(self) -> int:
        """Clients in all processes that listen to events only."""
        return sum(subscription.listeners for subscription in self._all())

    @property
    def here(self) -> set[str]:
        """The ids of the streams being sent."""
        return {name for subscription in self._all() for name in subscription.here}

    @property
    def left(self) -> list[str]:
        """The ids of streams that ended lately and have not begun again."""
        with self._lock:
            ended_with_process = list(self._ended)
        ended = dict.fromkeys(
            [*ended_with_process, *(name for subscription in self._all() for name in subscription.left)]
        )
        return [name for name in ended if name not in self.here]

    def counts(self) -> dict[str, int]:
        """The sum of `Viewers.counts` over all web processes ever."""
        with self._lock:
            total = self._gone.copy()
            for counts in self._counts.values():
                total.update(counts)
        return dict(total)
