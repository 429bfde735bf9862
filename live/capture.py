"""The thread that owns a camera: it keeps the newest frame, and reopens the camera after every failure."""

import logging
import threading
import time
from collections.abc import Callable

from delivery.counters import Counters, Rate
from delivery.stream import Hub
from errors import ExpressionError, SourceError
from faces import Frame
from sources.frozen import SilenceDetector
from sources.source import Source

log = logging.getLogger("capture")

PAUSES = (0.25, 0.5, 1.0)
"""Seconds between attempts to reopen a camera; the last one repeats."""
STEADY = 8.0
"""Seconds of reading after which the pauses start over; no attempt to open a camera takes that long."""


class Capture:
    """Reads one source from `start` to `stop`, through all its failures.

    Attributes:
        frames: the hub of the newest frame.
        rate: frames per second from the source.
        silence: detects that no frames come.
        failure: why no frames come; empty while they do.
        notice: a note on the source for viewers.
    """

    def __init__(
        self, name: str, open_source: Callable[[], Source], counters: Counters, previous: "Capture | None"
    ) -> None:
        self.frames: Hub[Frame] = Hub()
        self.rate = Rate()
        self.silence = SilenceDetector()
        self.failure = ""
        self.notice: str = previous.notice if previous is not None else ""
        self._name = name
        self._open_source = open_source
        self._counters = counters
        self._previous = previous
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"capture {name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end, and wake all who wait for a frame."""
        self._stop.set()
        self.frames.close()

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the thread; return whether it has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        """Keep the newest frame; reopen the source after every failure, with growing pauses."""
        if self._previous is not None:  # a camera has one owner
            self._previous.join(timeout=10.0)
            self._previous = None
        failures = 0
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._read()
            except ExpressionError as error:
                self._fail(str(error))
            except Exception as error:  # whatever happens, viewers see it and the camera is tried again
                log.exception("%s: the capture thread failed", self._name)
                self._fail(f"internal error: {error}")
            failures = 0 if time.monotonic() - began > STEADY else failures
            self._stop.wait(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1
        log.info("%s: closed", self._name)

    def _read(self) -> None:
        """Open the source and read it until `stop`.

        Raises:
            SourceError: the source failed or ended.
        """
        with self._open_source() as source:
            log.info("%s: %s is open", self._name, source.description)
            if source.notice and source.notice != self.notice:
                log.warning("%s: %s", self._name, source.notice)
            self.notice = source.notice
            while not self._stop.is_set():
                frame = source.read()
                if frame is None:
                    raise SourceError(f"{source.description}: it came to its end")
                self.failure = ""
                self.silence.frame_arrived()
                self.rate.count()
                self._counters.captured += 1
                self.frames.publish(frame)

    def _fail(self, message: str) -> None:
        if self._stop.is_set():
            return
        if message != self.failure:
            log.warning("%s: %s", self._name, message)
        self._counters.failures += 1
        self.failure = message
