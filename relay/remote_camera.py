"""A camera of another process, as the viewers of this process see it."""

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
"""Seconds without a message from a watched camera after which it counts as lost."""
TITLE = "Connection lost"


class RemoteCamera:
    """One remote camera; the receiving thread passes its pictures and reports in.

    Args:
        report: the first one.
        wake: called when this process' subscription has changed.
        on_change: called when the status or its message has changed.
        quality: JPEG quality of drawn notices, 1 to 100.
    """

    def __init__(
        self, name: str, report: messages.Report, wake: Callable[[], None], on_change: Callable[[], None], quality: int
    ) -> None:
        self.name = name
        self.viewers = Viewers()
        self.seen_at = time.monotonic()
        self._report = report
        self._wake = wake
        self._on_change = on_change
        self._renditions = Renditions(quality)
        self._smoothings: Recent[float] = Recent()
        self._lost = ""
        self._last_status = ("", "")

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Add a viewer and return the hub of the viewer's view options."""
        if not self.busy:
            self.seen_at = time.monotonic()  # gives the node a moment to answer
        self.viewers.enter(viewer)
        hub = self._renditions.enter(viewer.view)
        self._wake()
        return hub

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        self._renditions.leave(viewer.view)
        self.viewers.leave(viewer)
        self._wake()

    def add_listener(self) -> None:
        """Add a listener to events, which keeps the camera open."""
        if not self.busy:
            self.seen_at = time.monotonic()
        self.viewers.add_listener()
        self._wake()

    def remove_listener(self) -> None:
        """Remove a listener."""
        self.viewers.remove_listener()
        self._wake()

    @property
    def busy(self) -> bool:
        """Whether this process has viewers or listeners."""
        return len(self.viewers) > 0 or self.viewers.listeners > 0

    @property
    def keys(self) -> set[str]:
        """The Redis keys to follow while the camera has viewers or listeners."""
        if not self.busy:
            return set()
        return {
            messages.report_key(self.name),
            *(messages.picture_key(self.name, view) for view in self._renditions.views),
        }

    def subscription(self, process: str) -> messages.Subscription:
        """This process' subscription to the camera."""
        return messages.Subscription(
            process=process,
            views=tuple(self._renditions.views),
            smoothings=tuple(self._smoothings.items),
            viewers=len(self.viewers),
            listeners=self.viewers.listeners,
            here=tuple(self.viewers.names),
            left=tuple(self.viewers.ended_streams),
            counts=self.viewers.counts(),
        )

    def receive(self, key: str, data: bytes) -> None:
        """Take in the new value of one of `keys`; raise RelayError when it cannot be decoded."""
        if key == messages.report_key(self.name):
            self.receive_report(messages.report_of(data))
            return
        picture = messages.picture_of(data)
        self._mark_seen()
        for view in self._renditions.views:
            if key == messages.picture_key(self.name, view):
                self._renditions.put(view, Outgoing(picture, picture.part()))

    def receive_report(self, report: messages.Report) -> None:
        """Take in a report."""
        self._report = report
        self._mark_seen()
        self._notify_if_changed()

    def check_silence(self) -> None:
        """Mark a watched camera as lost when nothing came from it for too long."""
        if self.busy and not self._lost and time.monotonic() - self.seen_at > SILENCE:
            self.mark_lost("its camera node does not answer")

    def mark_lost(self, message: str) -> None:
        """Show a drawn notice until the camera sends again."""
        if message == self._lost:
            return
        self._lost = message
        state = self._report.state
        image = notice(TITLE, message, state["width"] or 1280, state["height"] or 720)
        drawing = Drawing(image, 0, time.time(), notice=True)
        self._renditions.publish(lambda view: drawing)
        self._notify_if_changed()

    def _mark_seen(self) -> None:
        self.seen_at = time.monotonic()
        if self._lost:
            self._lost = ""
            self._renditions.clear()

    def _notify_if_changed(self) -> None:
        state = self._report.state
        status = ("lost", self._lost) if self._lost else (state["status"], state["message"])
        if status != self._last_status:
            self._last_status = status
            self._on_change()

    @property
    def counters(self) -> Counters:
        """Frame counters since its node was started."""
        return self._report.counters

    @property
    def notice(self) -> str:
        """A note on the source for viewers; empty for none."""
        return self._report.notice

    @property
    def viewer_count(self) -> int:
        """Viewers through all web processes."""
        reported: int = 0 if self._lost else self._report.state["viewers"]
        return max(reported, len(self.viewers))

    @property
    def views(self) -> set[ViewOptions]:
        """The view options that are watched, here or elsewhere."""
        return {*self.viewers.views, *self._report.views}

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that ended lately, here or elsewhere."""
        return self.viewers.ended_streams if self._lost else list(self._report.left)

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent, here or elsewhere."""
        return name in self.viewers or (not self._lost and name in self._report.here)

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` of all web processes."""
        return dict(self._report.counts)

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from moment to moment, as of the node's last report."""
        report = self._report
        summary = {key: report.state[key] for key in SUMMARY_KEYS} | {"viewers": self.viewer_count}
        if smoothing is not None:
            self._smoothings.add(smoothing)
            summary["faces"] = report.faces.get(smoothing, summary["faces"])
        return summary | self._outage()

    def state(self) -> dict[str, Any]:
        """The camera's entry in `/api/state`."""
        return self._report.state | {"viewers": self.viewer_count} | self._outage()

    def _outage(self) -> dict[str, Any]:
        return {"status": "lost", "message": self._lost, "fps": 0.0, "faces": []} if self._lost else {}

    def dropped(self) -> dict[str, int]:
        """Frames dropped since the start, by reason."""
        dropped: dict[str, int] = self._report.state["dropped"]
        return dropped

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream for good."""
        self._renditions.close()
        return True


SUMMARY_KEYS = (
    *("name", "viewers", "status", "message", "width", "height", "fps", "capture_fps", "frame", "captured_at"),
    *("latency", "faces"),
)
"""The keys of a camera's state that are in its `summary`."""
