"""Heartbeats of a worker that has a job; a worker whose decoder hangs ends itself."""

import logging
import os
import threading
import time
from types import TracebackType
from typing import Self

from config.redaction import short_id
from errors import QueueError, StorageError
from media.queue.job import Job
from media.queue.jobs import Jobs

log = logging.getLogger("worker")

BEAT = 2.0
"""Seconds between heartbeats."""
STALL = 120.0
"""Seconds without a frame after which a worker ends itself; its job is tried again, three times in all."""
STALLED = 75
"""Exit status of such a worker."""


class Heartbeat:
    """Sends heartbeats for a job from a thread of its own while the `with` block runs.

    It ends the process if no frame came for `STALL` seconds.
    """

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs, self._job = jobs, job
        self._over = threading.Event()
        self._moved = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="beat")

    def move(self) -> None:
        """Note that a frame has come."""
        self._moved = time.monotonic()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            if time.monotonic() - self._moved > STALL:
                log.error("no frame of %s came for %g s; giving this worker up", short_id(self._job.id), STALL)
                os._exit(STALLED)  # the reading thread hangs in a decoder and cannot be interrupted
            try:
                self._jobs.beat(self._job)
            except (QueueError, StorageError):  # the queue may answer again before this worker counts as dead
                continue
            except Exception:  # whatever it is: without this thread nobody notices a decoder that hangs
                log.exception("the heartbeat of %s could not be sent; trying again", short_id(self._job.id))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
