"""One camera from source to viewers: it opens with the first viewer and closes after the last."""

import threading
from typing import Any

from delivery.counters import Counters, Throughput
from delivery.recent import Recent
from delivery.renditions import Renditions
from delivery.stream import Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer, Viewers
from live.session import CameraConfig, CameraSession, empty_summary


class Engine:
    """One camera from source to hubs. It runs from the first viewer until some seconds after the last has left."""

    def __init__(self, config: CameraConfig) -> None:
        self.name = config.name
        self.viewers = Viewers()
        self.counters = Counters()
        self._config = config
        self._renditions = Renditions(config.quality)
        self._throughput = Throughput(self.viewers.counts)
        self._requested_smoothings: Recent[float] = Recent()
        self._lock = threading.Lock()
        self._session: CameraSession | None = None
        self._closed = False

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Add a viewer, start the camera if it is not running, and return the hub of the viewer's view options."""
        self.viewers.enter(viewer)
        hub = self._renditions.enter(viewer.view)
        self._open()
        return hub

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer; an idle camera closes by itself."""
        self._renditions.leave(viewer.view)
        self.viewers.leave(viewer)

    def add_listener(self) -> None:
        """Add a listener to events: the camera is open as for a viewer, but nothing is drawn."""
        self.viewers.add_listener()
        self._open()

    def remove_listener(self) -> None:
        """Remove a listener."""
        self.viewers.remove_listener()

    def _open(self) -> None:
        """Start the camera if it is not running."""
        with self._lock:
            if self._closed or (self._session is not None and self._session.running):
                return
            self._renditions.clear()
            self._session = CameraSession(
                self._config, self._renditions, self.counters, self._wanted_smoothings, self._end_if_idle, self._session
            )
            self._session.start()
        self._config.on_change()

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream and the threads, and wait up to `timeout` seconds until the camera is released.

        Returns False when a thread is still stuck in the camera's driver.
        """
        with self._lock:
            self._closed = True
            session = self._session
        self._renditions.close()
        if session is None:
            return True
        session.stop()
        return session.join(timeout)

    def _wanted_smoothings(self) -> set[float]:
        """The smoothing time constants needed for the next frame."""
        return {*self._requested_smoothings.items, *(view.smoothing for view in self._renditions.views)}

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from moment to moment: status, rates, and the newest frame's faces.

        `smoothing` is the time constant of the probabilities; None for the setting's own. Another one must be requested
        again within `recent.REMEMBER_FOR` seconds, else it is no longer computed; the first answer may have the
        setting's.
        """
        if smoothing is not None:
            self._requested_smoothings.add(smoothing)
        session = self._session
        summary = session.summary(smoothing) if session is not None and session.running else empty_summary("idle")
        return {"name": self.name, "viewers": len(self.viewers), **summary}

    def state(self) -> dict[str, Any]:
        """This camera's entry in the API."""
        session = self._session
        return {
            **self.summary(),
            "source": self._config.source,
            "listeners": self.viewers.listeners,
            "timings": session.timings() if session is not None and session.running else {},
            "delivered": self._throughput.read(),
            "dropped": self.dropped(),
            "failures": self.counters.failures,
            "stages": {stage: round(total / count, 5) for stage, (count, total) in dict(self.counters.stages).items()},
        }

    def dropped(self) -> dict[str, int]:
        """Frames dropped since the start, by reason.

        `overtaken`: a newer one came before they were analysed. `slow_viewer`: a viewer was still receiving an earlier
        one. `capped`: over a viewer's own frame rate.
        """
        counts = self.counts()
        return {"overtaken": self.counters.overtaken, "slow_viewer": counts["slow"], "capped": counts["capped"]}

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` over all viewers."""
        return self.viewers.counts()

    @property
    def viewer_count(self) -> int:
        """Viewers of the camera."""
        return len(self.viewers)

    @property
    def views(self) -> set[ViewOptions]:
        """The view options that are watched."""
        return self.viewers.views

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that ended lately."""
        return self.viewers.ended_streams

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent."""
        return name in self.viewers

    @property
    def notice(self) -> str:
        """A note on the source for viewers, such as that it is a demo; empty for none."""
        return self._session.capture.notice if self._session is not None else ""

    def _end_if_idle(self, session: CameraSession) -> bool:
        """End a session without viewers; under the lock, so that a new viewer is never left without one."""
        with self._lock:
            idle = session.running and self.viewers.idle_seconds > self._config.idle
            if idle:
                session.stop()
        if idle:
            self._config.on_change()
        return not session.running
