"""A camera session, from opening to closing: frames are analysed and published, failures shown."""

import logging
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

from delivery.counters import Counters, Rate
from delivery.renditions import Drawing, Renderer, Renditions
from delivery.stream import Ended
from delivery.view_options import Privacy, ViewOptions
from drawing.annotate import notice
from drawing.placement import Memory
from errors import ExpressionError
from faces import Frame
from live.capture import Capture
from live.delay import FrameDelay
from live.pipeline import Pipeline, render
from sources.source import Source

log = logging.getLogger("run")

Status = Literal["idle", "starting", "live", "lost"]

TICK = 0.25
"""Seconds after which a waiting analysis thread checks whether anything else has changed."""
PAUSE = 1.0
"""Seconds between attempts to analyse after a failure."""
TITLES = {"starting": "Starting the camera", "lost": "No picture from the camera"}


@dataclass(frozen=True, slots=True)
class CameraConfig:
    """The configuration of a camera's threads.

    `name` is the camera's name and `source` what it reads, fit to be shown on a page. `open_source` is called in the
    capture thread, again after every failure; `make_pipeline` in the analysis thread. `idle` is in seconds, `quality`
    is the JPEG quality, 1 to 100. Every picture gets at least that much `privacy`, whatever its view options.
    `on_change` is called by any thread when the status or its message has changed; it must be quick.
    """

    name: str
    source: str
    open_source: Callable[[], Source]
    make_pipeline: Callable[[], Pipeline]
    idle: float = 5.0
    quality: int = 80
    privacy: Privacy = "off"
    on_change: Callable[[], None] = lambda: None


def empty_summary(status: Status, message: str = "") -> dict[str, Any]:
    """The value of `CameraSession.summary` without a frame."""
    zeros = {"width": 0, "height": 0, "fps": 0.0, "capture_fps": 0.0, "frame": 0, "captured_at": 0.0, "latency": 0.0}
    return {"status": status, "message": message, **zeros, "faces": []}


class CameraSession:
    """One session of an open camera: `capture` keeps the newest frame, another thread analyses it.

    Only the analysis thread writes what `summary` reads; each write is one assignment.
    """

    def __init__(
        self,
        config: CameraConfig,
        renditions: Renditions,
        counters: Counters,
        smoothings: Callable[[], set[float]],
        end_if_idle: Callable[["CameraSession"], bool],
        previous: "CameraSession | None",
    ) -> None:
        self.capture: Capture = Capture(
            config.name, config.open_source, counters, previous.capture if previous is not None else None
        )
        self._config = config
        self._renditions = renditions
        self._counters = counters
        self._smoothings = smoothings
        self._end_if_idle = end_if_idle
        self._stop = threading.Event()
        self._delay = FrameDelay()
        self._memories: dict[ViewOptions, Memory] = {}
        self._rate = Rate()
        self._status: Status = "starting"
        self._message = ""
        self._shown_notice: tuple[Status, str] | None = None
        self._frame: Frame | None = None
        self._latency = 0.0
        self._thread = threading.Thread(target=self._analyse, name=f"analysis {config.name}", daemon=True)

    @property
    def running(self) -> bool:
        """Whether `stop` was not called yet."""
        return not self._stop.is_set()

    def start(self) -> None:
        """Start both threads."""
        self.capture.start()
        self._thread.start()

    def stop(self) -> None:
        """Ask both threads to end."""
        self._stop.set()
        self.capture.stop()

    def join(self, timeout: float) -> bool:
        """Wait for both threads, `timeout` seconds in all; return whether both have ended."""
        until = time.monotonic() + timeout
        ended = self.capture.join(timeout)
        self._thread.join(max(0.0, until - time.monotonic()))
        return ended and not self._thread.is_alive()

    def summary(self, smoothing: float | None = None) -> dict[str, Any]:
        """Status, rates, and the newest frame with its faces, as in the API."""
        frame = self._frame
        if frame is None:
            return empty_summary(self._status, self._message)
        height, width = frame.image.shape[:2]
        faces = frame.faces if smoothing is None else frame.faces_over(smoothing)
        return {
            "status": self._status,
            "message": self._message,
            "width": width,
            "height": height,
            "fps": round(self._rate.value, 1),
            "capture_fps": round(self.capture.rate.value, 1),
            "frame": frame.number,
            "captured_at": round(frame.captured_at, 3),
            "latency": round(self._latency, 4),
            "faces": [face.as_dict() for face in faces] if self._status == "live" else [],
        }

    def timings(self) -> dict[str, float]:
        """Seconds that each stage took for the newest frame."""
        timings = self._frame.timings if self._frame is not None else {}
        return {stage: round(seconds, 5) for stage, seconds in timings.items()}

    def _analyse(self) -> None:
        """Analyse the newest frame and publish it to the viewers; continue after any failure."""
        while self.running:
            try:
                self._process_frames()
            except Ended:
                return
            except ExpressionError as error:
                log.error("%s: %s", self._config.name, error)
                self._show_notice("lost", str(error))
            except Exception as error:  # as in the capture thread, viewers see every failure
                log.exception("%s: the analysis thread failed", self._config.name)
                self._show_notice("lost", f"internal error: {error}")
            self._stop.wait(PAUSE)

    def _process_frames(self) -> None:
        self._show_notice("starting" if self._status != "lost" else "lost", self._message)
        sequence, silence = 0, self.capture.silence
        with closing(self._config.make_pipeline()) as pipeline:
            while not self._end_if_idle(self):
                last, live = sequence, self._status == "live"
                try:
                    wait = min(TICK, max(0.0, silence.remaining)) if live else TICK
                    sequence, frame = self.capture.frames.newest(last, timeout=wait)
                except TimeoutError:
                    self._check_for_loss(silent=silence.remaining <= 0)
                    continue
                self._counters.overtaken += sequence - last - 1 if last else 0
                self._deliver(pipeline.analyze(frame, self._smoothings()))

    def _deliver(self, frame: Frame) -> None:
        self._forget_places()
        timings = self._publish(partial(self._drawn, frame, self._delayed(frame)))
        self._latency = time.time() - frame.captured_at
        frame = replace(frame, timings={**frame.timings, **timings})
        self._counters.record_frame(frame.timings, self._latency)
        self._rate.count()
        self._frame, self._shown_notice = frame, None
        self._set_status("live", "")

    def _delayed(self, frame: Frame) -> Frame | None:
        """The delayed frame for views with privacy; frames are only delayed while there is such a view."""
        wanted = self._config.privacy != "off" or any(view.privacy != "off" for view in self._renditions.views)
        if not wanted:
            self._delay.clear()
        return self._delay.push(frame) if wanted else None

    def _drawn(self, newest: Frame, held: Frame | None, view: ViewOptions) -> Drawing | None:
        view = view.with_privacy(self._config.privacy)
        frame = newest if view.privacy == "off" else held
        if frame is None:
            return None
        faces = frame.faces_over(view.smoothing)
        image = render(frame, view, self._memories.setdefault(view, Memory()))
        return Drawing(image, frame.number, frame.captured_at, frame.position, faces)

    def _forget_places(self) -> None:
        """Forget where labels were in views that nobody has any more."""
        used = {view.full_size.with_privacy(self._config.privacy) for view in self._renditions.views}
        if len(self._memories) > len(used):
            self._memories = {view: memory for view, memory in self._memories.items() if view in used}

    def _check_for_loss(self, silent: bool) -> None:
        """Show what is wrong when no frame comes, instead of a frozen picture."""
        if self.capture.failure:
            self._show_notice("lost", self.capture.failure)
        elif self._status == "live" and silent:
            self._show_notice("lost", "it gives no new frames")

    def _show_notice(self, status: Status, message: str) -> None:
        """Publish a drawn notice, once for each change."""
        if self._shown_notice == (status, message):
            return
        self._shown_notice = (status, message)
        self._set_status(status, message)
        height, width = self._frame.image.shape[:2] if self._frame is not None else (720, 1280)
        image = notice(TITLES[status], message, width, height)
        self._delay.clear()
        drawing = Drawing(image, 0, time.time(), notice=True)
        self._publish(lambda view: drawing)

    def _set_status(self, status: Status, message: str) -> None:
        changed = (status, message) != (self._status, self._message)
        self._status, self._message = status, message
        if changed:
            self._config.on_change()

    def _publish(self, renderer: Renderer) -> dict[str, float]:
        """Publish a picture to all viewers; return the seconds that drawing and encoding took."""
        if self.running:  # else the hubs may be another session's by now
            return self._renditions.publish(renderer)
        return {}
