"""A camera of another process as viewers of this one see it."""

import time
from collections.abc import Callable
from typing import Any

from delivery.counters import Counters
from delivery.recent import Recent
from delivery.renditions import Drawing, Renditions
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer, Viewers
from drawing.annotate import notice
from relay import messages

SILENCE = 0.7
"""Seconds without a word from a watched camera after which it counts as lost."""
TITLE = "Connection lost"


class RemoteCamera:
    """One camera, whose pictures and reports are handed in by the thread that hears of them.

    Args:
        report: the first one.
        ring: called when what this process wishes for has changed.
        on_change: called when the status or its message has changed.
        quality: JPEG's, 1 to 100, of drawn notices.
    """

    def __init__(
        self, name: str, report: messages.Report, ring: Callable[[], None], on_change: Callable[[], None], quality: int
    ) -> None:
        self.name = name
        self.viewers = Viewers()
        self.seen_at = time.monotonic()
        self._report = report
        self._ring = ring
        self._on_change = on_change
        self._renditions = Renditions(quality)
        self._asked: Recent[float] = Recent()
        self._lost = ""
        self._told = ("", "")

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Count a viewer and return the hub of the viewer's look."""
        if not self.busy:
            self.seen_at = time.monotonic()  # it has a moment to answer
        self.viewers.enter(viewer)
        hub = self._renditions.enter(viewer.view)
        self._ring()
        return hub

    def leave(self, viewer: Viewer) -> None:
        """Count a viewer less."""
        self._renditions.leave(viewer.view)
        self.viewers.leave(viewer)
        self._ring()

    def add_listener(self) -> None:
        """Count one who listens to the faces, for whom the camera is open."""
        if not self.busy:
            self.seen_at = time.monotonic()
        self.viewers.add_listener()
        self._ring()

    def remove_listener(self) -> None:
        """Count one of them less."""
        self.viewers.remove_listener()
        self._ring()

    @property
    def busy(self) -> bool:
        """Whether somebody watches or listens in this process."""
        return len(self.viewers) > 0 or self.viewers.listeners > 0

    @property
    def keys(self) -> set[str]:
        """What is to be followed in Redis, as long as somebody watches."""
        if not self.busy:
            return set()
        return {
            messages.report_key(self.name),
            *(messages.picture_key(self.name, view) for view in self._renditions.views),
        }

    def subscription(self, process: str) -> messages.Subscription:
        """What this process wants of the camera."""
        return messages.Subscription(
            process=process,
            views=tuple(self._renditions.views),
            smoothings=tuple(self._asked.items),
            viewers=len(self.viewers),
            listeners=self.viewers.listeners,
            here=tuple(self.viewers.names),
            left=tuple(self.viewers.ended_streams),
            counts=self.viewers.counts(),
        )

    def receive(self, key: str, data: bytes) -> None:
        """Take in what a key of `keys` holds now; raises RelayError where it makes no sense."""
        if key == messages.report_key(self.name):
            self.receive_report(messages.report_of(data))
            return
        picture = messages.picture_of(data)
        self._found()
        for view in self._renditions.views:
            if key == messages.picture_key(self.name, view):
                self._renditions.put(view, Outgoing(picture, picture.part()))

    def receive_report(self, report: messages.Report) -> None:
        """Take in a report."""
        self._report = report
        self._found()
        self._tell_change()

    def check_silence(self) -> None:
        """Say so when a watched camera has not been heard of for too long."""
        if self.busy and not self._lost and time.monotonic() - self.seen_at > SILENCE:
            self.mark_lost("its camera node does not answer")

    def mark_lost(self, message: str) -> None:
        """Show a drawn notice until the camera is heard of again."""
        if message == self._lost:
            return
        self._lost = message
        state = self._report.state
        image = notice(TITLE, message, state["width"] or 1280, state["height"] or 720)
        told = Drawing(image, 0, time.time(), notice=True)
        self._renditions.publish(lambda view: told)
        self._tell_change()

    def _found(self) -> None:
        self.seen_at = time.monotonic()
        if self._lost:
            self._lost = ""
            self._renditions.clear()

    def _tell_change(self) -> None:
        told = ("lost", self._lost) if self._lost else (self._report.state["status"], self._report.state["message"])
        if told != self._told:
            self._told = told
            self._on_change()

    @property
    def counters(self) -> Counters:
        """What the camera has done since its node was started."""
        return self._report.counters

    @property
    def notice(self) -> str:
        """What viewers should be told of the source."""
        return self._report.notice

    @property
    def viewer_count(self) -> int:
        """How many watch, through all web processes."""
        told: int = 0 if self._lost else self._report.state["viewers"]
        return max(told, len(self.viewers))

    @property
    def views(self) -> set[ViewOptions]:
        """The looks that are watched, here or elsewhere."""
        return {*self.viewers.views, *self._report.views}

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that have ended, here or elsewhere."""
        return self.viewers.ended_streams if self._lost else list(self._report.left)

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent, here or elsewhere."""
        return name in self.viewers or (not self._lost and name in self._report.here)

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` of all web processes."""
        return dict(self._report.counts)

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from one moment to the next, as the camera's node has told it lately."""
        report = self._report
        told = {key: report.state[key] for key in SUMMARY_KEYS} | {"viewers": self.viewer_count}
        if smoothing is not None:
            self._asked.add(smoothing)
            told["faces"] = report.faces.get(smoothing, told["faces"])
        return told | self._outage()

    def state(self) -> dict[str, Any]:
        """What `/api/state` tells of the camera."""
        return self._report.state | {"viewers": self.viewer_count} | self._outage()

    def _outage(self) -> dict[str, Any]:
        return {"status": "lost", "message": self._lost, "fps": 0.0, "faces": []} if self._lost else {}

    def dropped(self) -> dict[str, int]:
        """Frames left out since the start, by reason."""
        told: dict[str, int] = self._report.state["dropped"]
        return told

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream, for good."""
        self._renditions.close()
        return True


SUMMARY_KEYS = (
    *("name", "viewers", "status", "message", "width", "height", "fps", "capture_fps", "frame", "captured_at"),
    *("latency", "faces"),
)
"""What of a camera's state `brief` tells."""
