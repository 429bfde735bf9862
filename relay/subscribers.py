"""Who watches a camera through web processes: what they wish for, summed up where the camera is."""

import threading
import time
from collections import Counter

from delivery.view_options import ViewOptions
from delivery.viewers import REMEMBER_FOR
from relay.messages import Subscription

EXPIRES_AFTER = 3.5
"""Seconds for which a wish holds; it is said again every second."""
OUTAGE_GRACE = 30.0
"""Seconds for which wishes hold while they cannot be heard, so that an outage of Redis closes no camera."""
MAX_PROCESSES = 256
"""Processes of which each one's counts are known. One that says nothing may live, and go on counting from where it was;
past that many the one that has been silent for longest is taken to be gone."""


class Subscribers:
    """The wishes of all web processes for one camera. May be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: dict[str, tuple[float, Subscription]] = {}
        self._counts: dict[str, dict[str, int]] = {}  # who spoke last stands last
        self._gone = Counter({"frames": 0, "sent": 0, "slow": 0, "capped": 0})
        self._orphans: dict[str, float] = {}
        self._deaf_since: float | None = None

    def update(self, wish: Subscription) -> None:
        """Put a process' wish in the place of the one before; the last one of a process ends what it was sending."""
        now = time.monotonic()
        with self._lock:
            known = self._counts.pop(wish.process, None) is not None
            if not wish.bye:
                self._wishes[wish.process] = now, wish
                self._counts[wish.process] = wish.counts
                while len(self._counts) > MAX_PROCESSES:
                    self._gone.update(self._counts.pop(next(iter(self._counts))))
            elif known:
                self._forget(wish.process, now)
                self._gone.update(wish.counts)

    def pause_expiry(self) -> None:
        """Take note that wishes cannot be heard for now."""
        with self._lock:
            self._deaf_since = self._deaf_since or time.monotonic()

    def resume_expiry(self) -> None:
        """Take note that they can be heard again; all have time to be said once more."""
        now = time.monotonic()
        with self._lock:
            if self._deaf_since is not None:
                self._wishes = {process: (now, wish) for process, (_, wish) in self._wishes.items()}
            self._deaf_since = None

    def expire(self) -> None:
        """Forget what was not said again in time."""
        now = time.monotonic()
        with self._lock:
            if self._deaf_since is not None and now - self._deaf_since < OUTAGE_GRACE:
                return
            for process, (heard_at, _) in list(self._wishes.items()):
                if now - heard_at > EXPIRES_AFTER:
                    self._forget(process, now)
            self._orphans = {name: at for name, at in self._orphans.items() if now - at < REMEMBER_FOR}

    def _forget(self, process: str, now: float) -> None:
        """Drop what a process wishes for, if anything; the streams that it was sending have ended with it."""
        _, wish = self._wishes.pop(process, (now, Subscription(process)))
        self._orphans.update(dict.fromkeys((*wish.left, *wish.here), now))

    def _all(self) -> list[Subscription]:
        with self._lock:
            return [wish for _, wish in self._wishes.values()]

    @property
    def views(self) -> list[ViewOptions]:
        """The looks that are wanted, each once."""
        return list(dict.fromkeys(view for wish in self._all() for view in wish.views))

    @property
    def smoothings(self) -> set[float]:
        """The time constants with which faces are wanted, in seconds."""
        return {seconds for wish in self._all() for seconds in wish.smoothings}

    @property
    def viewers(self) -> int:
        """How many watch."""
        return sum(wish.viewers for wish in self._all())

    @property
    def listeners(self) -> int:
        """For how many the camera is open although they are sent no picture."""
        return sum(wish.listeners for wish in self._all())

    @property
    def here(self) -> set[str]:
        """The ids of streams that are being sent."""
        return {name for wish in self._all() for name in wish.here}

    @property
    def left(self) -> list[str]:
        """The ids of streams that have ended lately, and of which no other has begun since."""
        with self._lock:
            orphans = list(self._orphans)
        ended = dict.fromkeys([*orphans, *(name for wish in self._all() for name in wish.left)])
        return [name for name in ended if name not in self.here]

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` of all web processes ever."""
        with self._lock:
            total = self._gone.copy()
            for counts in self._counts.values():
                total.update(counts)
        return dict(total)
