"""The threads of one camera: it opens with the first viewer, closes after the last, and says so when it fails."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2

from annotate import notice
from camera import Source
from errors import ExpressionError, SourceError
from faces import Frame, Image
from pipeline import Pipeline
from stream import Ended, Hub, Outgoing, Picture, Viewers

log = logging.getLogger("engine")

Status = Literal["idle", "starting", "live", "lost"]

STALE_AFTER = 1.0
"""Seconds without a new frame after which viewers are shown a notice instead of a frozen picture."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to open a camera that failed; the last one repeats."""
TICK = 0.25
"""Seconds after which a waiting analysis thread looks whether anything else has changed."""
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
        self.hub: Hub[Outgoing] = Hub()
        self._plan = plan
        self._lock = threading.Lock()
        self._run: _Run | None = None
        self._closed = False

    def enter(self, viewer: str = "") -> None:
        """Count a viewer, and start the camera if it is not running."""
        self.viewers.enter(viewer)
        with self._lock:
            if self._closed or (self._run is not None and self._run.going):
                return
            self.hub.clear()
            self._run = _Run(self._plan, self.hub, self._end_if_idle, before=self._run)
            self._run.start()

    def leave(self, viewer: str = "") -> None:
        """Count a viewer less; the camera closes by itself when nobody comes back in time."""
        self.viewers.leave(viewer)

    def close(self, timeout: float = 1.5) -> bool:
        """End every viewer's stream and the threads, and wait up to `timeout` seconds for the camera to be given back.

        Returns False where a thread is still stuck in the camera's driver.
        """
        with self._lock:
            self._closed = True
            run = self._run
        self.hub.close()
        if run is None:
            return True
        run.stop()
        return run.join(timeout)

    def state(self) -> dict[str, Any]:
        """What the API tells of this camera."""
        run = self._run
        about = run.about() if run is not None and run.going else _nothing("idle")
        return {"name": self.name, "source": self._plan.source, "viewers": len(self.viewers), **about}

    @property
    def notice(self) -> str:
        """What viewers should be told of the source, such as that it is a demo."""
        return self._run.notice if self._run is not None else ""

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
    """One stretch of time in which a camera is open: a capture thread keeps the newest frame, another analyses it.

    The capture thread writes `_failure` and `notice`, the analysis thread all else; each is one assignment.
    """

    def __init__(
        self, plan: Plan, hub: Hub[Outgoing], end_if_idle: Callable[["_Run"], bool], before: "_Run | None"
    ) -> None:
        self.notice: str = before.notice if before is not None else ""
        self._plan = plan
        self._hub = hub
        self._end_if_idle = end_if_idle
        self._before = before
        self._stop = threading.Event()
        self._frames: Hub[Frame] = Hub()
        self._captured, self._delivered = Rate(), Rate()
        self._failure = ""
        self._status: Status = "starting"
        self._message = ""
        self._told: tuple[Status, str] | None = None
        self._frame: Frame | None = None
        self._latency = 0.0
        self._threads = [
            threading.Thread(target=self._capture, name=f"capture {plan.name}", daemon=True),
            threading.Thread(target=self._analyse, name=f"analysis {plan.name}", daemon=True),
        ]

    @property
    def going(self) -> bool:
        """Whether it has not been told to stop."""
        return not self._stop.is_set()

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Tell both threads to end."""
        self._stop.set()
        self._frames.close()

    def join(self, timeout: float) -> bool:
        """Wait for both threads, `timeout` seconds in all; whether both have ended."""
        until = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

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
            "fps": round(self._delivered.value, 1),
            "capture_fps": round(self._captured.value, 1),
            "frame": frame.number,
            "latency": round(self._latency, 4),
            "faces": [face.as_dict() for face in frame.faces] if self._status == "live" else [],
            "timings": {stage: round(seconds, 5) for stage, seconds in frame.timings.items()},
        }

    def _capture(self) -> None:
        """Keep the newest frame; open the source again, with growing pauses, whenever it fails."""
        if self._before is not None:  # a camera has one owner
            self._before.join(timeout=10.0)
            self._before = None
        failures = 0
        while self.going:
            began = time.monotonic()
            try:
                self._read()
            except ExpressionError as error:
                self._fail(str(error))
            except Exception as error:  # whatever happens, viewers are told and the camera is tried again
                log.exception("%s: the capture thread failed", self._plan.name)
                self._fail(f"internal error: {error}")
            failures = 0 if time.monotonic() - began > PAUSES[-1] else failures
            self._stop.wait(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
        log.info("%s: closed", self._plan.name)

    def _read(self) -> None:
        """Open the source and read it until told to stop.

        Raises:
            SourceError: it failed or came to its end.
        """
        with self._plan.open_source() as source:
            log.info("%s: %s is open", self._plan.name, source.description)
            if source.notice and source.notice != self.notice:
                log.warning("%s: %s", self._plan.name, source.notice)
            self.notice = source.notice
            while self.going:
                frame = source.read()
                if frame is None:
                    raise SourceError(f"{source.description}: it came to its end")
                self._failure = ""
                self._captured.count()
                self._frames.publish(frame)

    def _fail(self, message: str) -> None:
        if message != self._failure and self.going:
            log.warning("%s: %s", self._plan.name, message)
        self._failure = message

    def _analyse(self) -> None:
        """Find and draw the newest frame's faces, encode it once, and hand it to the hub; go on after any failure."""
        while self.going:
            try:
                self._follow()
            except Ended:
                return
            except ExpressionError as error:
                log.error("%s: %s", self._plan.name, error)
                self._tell("lost", str(error))
            except Exception as error:  # as above: never silence
                log.exception("%s: the analysis thread failed", self._plan.name)
                self._tell("lost", f"internal error: {error}")
            self._stop.wait(PAUSES[1])

    def _follow(self) -> None:
        self._tell("starting" if self._status != "lost" else "lost", self._message)
        sequence, fresh_at = 0, time.monotonic()
        with closing(self._plan.make_pipeline()) as pipeline:
            while not self._end_if_idle(self):
                try:
                    sequence, frame = self._frames.newest(sequence, timeout=TICK)
                except TimeoutError:
                    self._look_after(silence=time.monotonic() - fresh_at)
                    continue
                fresh_at = time.monotonic()
                self._deliver(pipeline.process(frame))

    def _deliver(self, frame: Frame) -> None:
        start = time.perf_counter()
        jpeg = encode(frame.image, self._plan.quality)
        frame = replace(frame, timings={**frame.timings, "encode": time.perf_counter() - start})
        self._publish(Picture(jpeg, frame.number, frame.captured_at))
        self._latency = time.time() - frame.captured_at
        self._delivered.count()
        self._frame = frame
        self._status, self._message, self._told = "live", "", None

    def _look_after(self, silence: float) -> None:
        """Say what is wrong when no frame comes, instead of letting viewers look at a frozen picture."""
        if self._failure:
            self._tell("lost", self._failure)
        elif self._status == "live" and silence > STALE_AFTER:
            self._tell("lost", "it gives no new frames")

    def _tell(self, status: Status, message: str) -> None:
        """Publish a drawn notice, once for each change."""
        if self._told == (status, message):
            return
        self._status, self._message = self._told = (status, message)
        height, width = self._frame.image.shape[:2] if self._frame is not None else (720, 1280)
        image = notice(TITLES[status], message, width, height)
        self._publish(Picture(encode(image, self._plan.quality), 0, time.time(), drawn=True))

    def _publish(self, picture: Picture) -> None:
        if self.going:  # else the hub may be another run's by now
            self._hub.publish(Outgoing(picture, picture.part()))


class Rate:
    """Events a second over the last few seconds."""

    def __init__(self, window: float = 3.0) -> None:
        self._window = window
        self._times: deque[float] = deque()

    def count(self) -> None:
        """Take note of one event, now."""
        self._times.append(time.monotonic())
        self._forget()

    def _forget(self) -> None:
        oldest = time.monotonic() - self._window
        with suppress(IndexError):  # empty, or another thread was quicker
            while self._times[0] < oldest:
                self._times.popleft()

    @property
    def value(self) -> float:
        """Events a second, 0 before the second one."""
        self._forget()
        times = tuple(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0


def encode(image: Image, quality: int) -> bytes:
    """A (height, width, 3) uint8 BGR picture as JPEG.

    Raises:
        ValueError: OpenCV could not encode it.
    """
    good, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not good:
        raise ValueError(f"could not encode a picture of shape {image.shape} as JPEG")
    return data.tobytes()
