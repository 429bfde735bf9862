"""One camera from source to viewers: it opens with the first and closes after the last."""

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
    """One camera from source to hub. Nothing runs until the first viewer enters, nor long after the last has left."""

    def __init__(self, config: CameraConfig) -> None:
        self.name = config.name
        self.viewers = Viewers()
        self.counters = Counters()
        self._plan = config
        self._renditions = Renditions(config.quality)
        self._throughput = Throughput(self.viewers.counts)
        self._asked: Recent[float] = Recent()
        self._lock = threading.Lock()
        self._run: CameraSession | None = None
        self._closed = False

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Count a viewer, start the camera if it is not running, and return the hub of the viewer's look."""
        self.viewers.enter(viewer)
        hub = self._renditions.enter(viewer.view)
        self._open()
        return hub

    def leave(self, viewer: Viewer) -> None:
        """Count a viewer less; the camera closes by itself when nobody comes back in time."""
        self._renditions.leave(viewer.view)
        self.viewers.leave(viewer)

    def add_listener(self) -> None:
        """Count one who listens to the faces, for whom the camera is open as for a viewer, but nothing is drawn."""
        self.viewers.add_listener()
        self._open()

    def remove_listener(self) -> None:
        """Count one of them less."""
        self.viewers.remove_listener()

    def _open(self) -> None:
        """Start the camera if it is not running."""
        with self._lock:
            if self._closed or (self._run is not None and self._run.running):
                return
            self._renditions.clear()
            self._run = CameraSession(
                self._plan, self._renditions, self.counters, self._wanted_smoothings, self._end_if_idle, self._run
            )
            self._run.start()
        self._plan.on_change()

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream and the threads, and wait up to `timeout` seconds for the camera to be given back.

        Returns False where a thread is still stuck in the camera's driver.
        """
        with self._lock:
            self._closed = True
            run = self._run
        self._renditions.close()
        if run is None:
            return True
        run.stop()
        return run.join(timeout)

    def _wanted_smoothings(self) -> set[float]:
        """The time constants that are needed for the next frame."""
        return {*self._asked.items, *(view.smoothing for view in self._renditions.views)}

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """What changes from one moment to the next: status, rates, and the newest frame's faces.

        These come with a time constant of their probabilities; None for the setting's own. Whoever needs another asks
        again within `recent.KEPT` seconds, else it is no longer reckoned; the first answer may have the setting's.
        """
        if smoothing is not None:
            self._asked.add(smoothing)
        run = self._run
        about = run.summary(smoothing) if run is not None and run.running else empty_summary("idle")
        return {"name": self.name, "viewers": len(self.viewers), **about}

    def state(self) -> dict[str, Any]:
        """What the API tells of this camera."""
        run = self._run
        return {
            **self.summary(),
            "source": self._plan.source,
            "listeners": self.viewers.listeners,
            "timings": run.timings() if run is not None and run.running else {},
            "delivered": self._throughput.read(),
            "dropped": self.dropped(),
            "failures": self.counters.failures,
            "stages": {stage: round(total / count, 5) for stage, (count, total) in dict(self.counters.stages).items()},
        }

    def dropped(self) -> dict[str, int]:
        """Frames left out since the start, by reason.

        `overtaken`: a newer one came before they were analysed. `slow_viewer`: a viewer was still busy with an earlier
        one. `capped`: by a viewer's own frame rate.
        """
        counts = self.counts()
        return {"overtaken": self.counters.overtaken, "slow_viewer": counts["slow"], "capped": counts["capped"]}

    def counts(self) -> dict[str, int]:
        """`Viewers.counts` of all who watch."""
        return self.viewers.counts()

    @property
    def viewer_count(self) -> int:
        """How many watch."""
        return len(self.viewers)

    @property
    def views(self) -> set[ViewOptions]:
        """The looks that are watched."""
        return self.viewers.views

    @property
    def ended_streams(self) -> list[str]:
        """The ids of streams that have ended lately."""
        return self.viewers.ended_streams

    def is_streaming(self, name: str) -> bool:
        """Whether the stream of an id is being sent."""
        return name in self.viewers

    @property
    def notice(self) -> str:
        """What viewers should be told of the source, such as that it is a demo."""
        return self._run.capture.notice if self._run is not None else ""

    def _end_if_idle(self, run: "CameraSession") -> bool:
        """End a run that nobody watches; under the lock, so that a viewer who just came is never left without one."""
        with self._lock:
            idle = run.running and self.viewers.idle_seconds > self._plan.idle
            if idle:
                run.stop()
        if idle:
            self._plan.on_change()
        return not run.running
