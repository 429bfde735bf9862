"""The viewers of a camera: what each asked for and was sent, and how many there are. Knows nothing of pictures."""

import threading
import time
from collections import Counter, deque

from delivery.view_options import ViewOptions

EARLY = 0.01
"""Seconds by which a frame may be early for a viewer with a frame rate limit: cameras jitter."""
REMEMBER_FOR = 10.0
"""Seconds for which the ids of ended streams are reported."""
MOST_REMEMBERED = 1000
SNAPSHOT_VIEWERS = 32
"""Viewers at a time in one process who wait for a single picture; each occupies a thread."""


class Viewer:
    """One viewer of one stream, served by one thread at a time.

    Args:
        name: an id that the viewer chose, or empty.
        view: the viewer's view options.
        fps: the most frames per second; 0 for all.

    Attributes:
        frames: parts sent, repeats of an unchanged picture included.
        sent: bytes sent.
        slow: frames dropped because this viewer was still receiving an earlier one.
        capped: frames dropped because of `fps`.
    """

    def __init__(self, name: str = "", view: ViewOptions | None = None, fps: float = 0.0) -> None:
        self.name, self.view = name, view or ViewOptions()
        self._period = 1 / fps if fps else 0.0
        self._seen = 0
        self._due = self._sent_at = 0.0
        self.frames = self.sent = self.slow = self.capped = 0

    def should_send(self, sequence: int) -> bool:
        """Whether to send this viewer the item of that sequence number, which is newer than all before."""
        now = time.monotonic()
        if self._seen:
            self.slow += sequence - self._seen - 1
        self._seen = sequence
        if now < self._due - min(EARLY, self._period / 4):
            self.capped += 1
            return False
        late = now - self._due > self._period
        self._due = (now if late else self._due) + self._period
        return True

    def skip_to(self, sequence: int) -> None:
        """Note that this viewer is sent the item of that number in place of the last one, which did not fit."""
        self.slow += sequence - self._seen
        self._seen = sequence

    def was_offered(self, sequence: int) -> bool:
        """Whether the item of that number was offered already."""
        return sequence <= self._seen

    def idle_for(self, seconds: float) -> bool:
        """Whether nothing was sent for that many seconds, or for the viewer's own frame period if that is longer."""
        return time.monotonic() - self._sent_at >= max(seconds, self._period)

    def record_sent(self, size: int) -> None:
        """Count a sent part of that many bytes."""
        self.frames += 1
        self.sent += size
        self._sent_at = time.monotonic()


class Viewers:
    """The viewers of one camera: counted, and known by their ids. Thread-safe.

    Attributes:
        listeners: clients that keep the camera open without receiving pictures.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: list[Viewer] = []
        self._gone: Counter[str] = Counter()
        self._left: deque[tuple[float, str]] = deque(maxlen=MOST_REMEMBERED)
        self._left_at = time.monotonic()
        self.listeners = 0

    def enter(self, viewer: Viewer) -> None:
        """Add a viewer."""
        with self._lock:
            self._here.append(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        with self._lock:
            self._here.remove(viewer)
            self._gone.update(_counts(viewer))
            self._left_at = time.monotonic()
            if viewer.name:
                self._left.append((self._left_at, viewer.name))

    def add_listener(self) -> None:
        """Add a listener."""
        with self._lock:
            self.listeners += 1

    def remove_listener(self) -> None:
        """Remove a listener."""
        with self._lock:
            self.listeners -= 1
            self._left_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._here)

    def __contains__(self, name: str) -> bool:
        return any(viewer.name == name for viewer in self._here)

    @property
    def names(self) -> set[str]:
        """The ids of the streams being sent."""
        with self._lock:
            return {viewer.name for viewer in self._here if viewer.name}

    @property
    def idle_seconds(self) -> float:
        """Seconds since the last viewer or listener left; 0 while there is one."""
        with self._lock:
            return 0.0 if self._here or self.listeners else time.monotonic() - self._left_at

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that ended within the last seconds and have not begun again."""
        oldest = time.monotonic() - REMEMBER_FOR
        with self._lock:
            while self._left and self._left[0][0] < oldest:
                self._left.popleft()
            here = {viewer.name for viewer in self._here} if self._left else set()
            return list(dict.fromkeys(name for _, name in self._left if name not in here))

    @property
    def views(self) -> set[ViewOptions]:
        """The view options in use."""
        with self._lock:
            return {viewer.view for viewer in self._here}

    def counts(self) -> dict[str, int]:
        """The sums of `frames`, `sent`, `slow` and `capped` over all viewers ever."""
        with self._lock:
            total = Counter(dict.fromkeys(_counts(Viewer()), 0))
            total.update(self._gone)
            for viewer in self._here:
                total.update(_counts(viewer))
        return dict(total)


def _counts(viewer: Viewer) -> dict[str, int]:
    return {"frames": viewer.frames, "sent": viewer.sent, "slow": viewer.slow, "capped": viewer.capped}
