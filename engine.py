"""One camera from source to viewers: it opens with the first, closes after the last, and says so when it fails."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Literal

from annotate import notice
from capture import Capture
from delivery.renditions import Drawn, Renditions
from delivery.stream import Ended, Hub, Outgoing
from delivery.tally import Growth, Rate, Tally
from delivery.viewers import Viewer, Viewers
from errors import ExpressionError
from faces import Frame
from pipeline import Pipeline
from sources.frozen import Silence
from sources.source import Source

log = logging.getLogger("engine")

Status = Literal["idle", "starting", "live", "lost"]

TICK = 0.25
"""Seconds after which a waiting analysis thread looks whether anything else has changed."""
PAUSE = 1.0
"""Seconds between two attempts at analysing, where that failed."""
TITLES = {"starting": "Starting the camera", "lost": "No picture from the camera"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a camera's threads need to know.

    `name` is what the camera is called and `source` what it reads, in words fit for a page. `open_source` is called in
    the capture thread, again after every failure; `make_pipeline` in the analysis thread. `idle` is in seconds,
    `quality` JPEG's, 1 to 100.
    """

    name: str
    source: str
    open_source: Callable[[], Source]
    make_pipeline: Callable[[], Pipeline]
    idle: float = 5.0
    quality: int = 80


class Engine:
    """One camera from source to hub. Nothing runs until the first viewer enters, nor long after the last has left."""

    def __init__(self, plan: Plan) -> None:
        self.name = plan.name
        self.viewers = Viewers()
        self.tally = Tally()
        self._plan = plan
        self._renditions = Renditions(plan.quality)
        self._delivered, self._sent = Growth(), Growth()
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._closed = False

    def enter(self, viewer: Viewer) -> Hub[Outgoing]:
        """Count a viewer, start the camera if it is not running, and return the hub of the viewer's size."""
        self.viewers.enter(viewer)
        hub = self._renditions.enter(viewer.width)
        with self._lock:
            if not self._closed and (self._run is None or not self._run.going):
                self._renditions.clear()
                self._run = _Run(self._plan, self._renditions, self.tally, self._end_if_idle, before=self._run)
                self._run.start()
        return hub

    def leave(self, viewer: Viewer) -> None:
        """Count a viewer less; the camera closes by itself when nobody comes back in time."""
        self._renditions.leave(viewer.width)
        self.viewers.leave(viewer)

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

    def state(self) -> dict[str, Any]:
        """What the API tells of this camera."""
        run = self._run
        about = run.about() if run is not None and run.going else _nothing("idle")
        counts = self.viewers.counts()
        return {
            "name": self.name,
            "source": self._plan.source,
            "viewers": len(self.viewers),
            **about,
            "delivered": {
                "fps": round(self._delivered.read(counts["frames"]), 1),
                "bytes_per_second": round(self._sent.read(counts["sent"])),
                "frames": counts["frames"],
                "bytes": counts["sent"],
            },
            "dropped": self.dropped(),
            "failures": self.tally.failures,
            "stages": {stage: round(total / count, 5) for stage, (count, total) in dict(self.tally.stages).items()},
        }

    def dropped(self) -> dict[str, int]:
        """Frames left out since the start, by reason.

        `overtaken`: a newer one came before they were analysed. `slow_viewer`: a viewer was still busy with an earlier
        one. `capped`: by a viewer's own frame rate.
        """
        counts = self.viewers.counts()
        return {"overtaken": self.tally.overtaken, "slow_viewer": counts["slow"], "capped": counts["capped"]}

    @property
    def notice(self) -> str:
        """What viewers should be told of the source, such as that it is a demo."""
        return self._run.capture.notice if self._run is not None else ""

    def _end_if_idle(self, run: "_Run") -> bool:
        """End a run that nobody watches; under the lock, so that a viewer who just came is never left without one."""
        with self._lock:
            if self.viewers.away > self._plan.idle:
                run.stop()
        return not run.going


def _nothing(status: Status, message: str = "") -> dict[str, Any]:
    zeros = {"width": 0, "height": 0, "fps": 0.0, "capture_fps": 0.0, "frame": 0, "latency": 0.0}
    return {"status": status, "message": message, **zeros, "faces": [], "timings": {}}


class _Run:
    """One stretch of time in which a camera is open: `capture` keeps the newest frame, another thread analyses it.

    The analysis thread writes all that `about` tells; each is one assignment.
    """

    def __init__(
        self,
        plan: Plan,
        renditions: Renditions,
        tally: Tally,
        end_if_idle: Callable[["_Run"], bool],
        before: "_Run | None",
    ) -> None:
        self.capture: Capture = Capture(
            plan.name, plan.open_source, tally, before.capture if before is not None else None
        )
        self._plan = plan
        self._renditions = renditions
        self._tally = tally
        self._end_if_idle = end_if_idle
        self._stop = threading.Event()
        self._made = Rate()
        self._status: Status = "starting"
        self._message = ""
        self._told: tuple[Status, str] | None = None
        self._frame: Frame | None = None
        self._latency = 0.0
        self._thread = threading.Thread(target=self._analyse, name=f"analysis {plan.name}", daemon=True)

    @property
    def going(self) -> bool:
        """Whether it has not been told to stop."""
        return not self._stop.is_set()

    def start(self) -> None:
        """Start both threads."""
        self.capture.start()
        self._thread.start()

    def stop(self) -> None:
        """Tell both threads to end."""
        self._stop.set()
        self.capture.stop()

    def join(self, timeout: float) -> bool:
        """Wait for both threads, `timeout` seconds in all; whether both have ended."""
        until = time.monotonic() + timeout
        ended = self.capture.join(timeout)
        self._thread.join(max(0.0, until - time.monotonic()))
        return ended and not self._thread.is_alive()

    def about(self) -> dict[str, Any]:
        """Status, rates, faces and times, as the API gives them."""
        frame = self._frame
        if frame is None:
            return _nothing(self._status, self._message)
        height, width = frame.image.shape[:2]
        return {
            "status": self._status,
            "message": self._message,
            "width": width,
            "height": height,
            "fps": round(self._made.value, 1),
            "capture_fps": round(self.capture.rate.value, 1),
            "frame": frame.number,
            "latency": round(self._latency, 4),
            "faces": [face.as_dict() for face in frame.faces] if self._status == "live" else [],
            "timings": {stage: round(seconds, 5) for stage, seconds in frame.timings.items()},
        }

    def _analyse(self) -> None:
        """Find and draw the newest frame's faces, encode it once, and hand it to the hubs; go on after any failure."""
        while self.going:
            try:
                self._follow()
            except Ended:
                return
            except ExpressionError as error:
                log.error("%s: %s", self._plan.name, error)
                self._tell("lost", str(error))
            except Exception as error:  # as in the capture thread: never silence
                log.exception("%s: the analysis thread failed", self._plan.name)
                self._tell("lost", f"internal error: {error}")
            self._stop.wait(PAUSE)

    def _follow(self) -> None:
        self._tell("starting" if self._status != "lost" else "lost", self._message)
        sequence, silence = 0, Silence()
        with closing(self._plan.make_pipeline()) as pipeline:
            while not self._end_if_idle(self):
                before, left = sequence, silence.patience
                try:
                    sequence, frame = self.capture.frames.newest(before, timeout=left if 0 < left < TICK else TICK)
                except TimeoutError:
                    self._look_after(silent=silence.patience <= 0)
                    continue
                silence.end()
                self._tally.overtaken += sequence - before - 1 if before else 0
                self._deliver(pipeline.process(frame))

    def _deliver(self, frame: Frame) -> None:
        start = time.perf_counter()
        self._publish(Drawn(frame.image, frame.number, frame.captured_at))
        self._latency = time.time() - frame.captured_at
        frame = replace(frame, timings={**frame.timings, "encode": time.perf_counter() - start})
        self._tally.passed(frame.timings, self._latency)
        self._made.count()
        self._frame = frame
        self._status, self._message, self._told = "live", "", None

    def _look_after(self, silent: bool) -> None:
        """Say what is wrong when no frame comes, instead of letting viewers look at a frozen picture."""
        if self.capture.failure:
            self._tell("lost", self.capture.failure)
        elif self._status == "live" and silent:
            self._tell("lost", "it gives no new frames")

    def _tell(self, status: Status, message: str) -> None:
        """Publish a drawn notice, once for each change."""
        if self._told == (status, message):
            return
        self._status, self._message = self._told = (status, message)
        height, width = self._frame.image.shape[:2] if self._frame is not None else (720, 1280)
        self._publish(Drawn(notice(TITLES[status], message, width, height), 0, time.time(), notice=True))

    def _publish(self, drawn: Drawn) -> None:
        if self.going:  # else the hubs may be another run's by now
            self._renditions.publish(drawn)
