"""The signs of life of a worker that is at a job, and its end where a decoder holds it."""

import logging
import os
import threading
import time
from types import TracebackType
from typing import Self

from config.redaction import told_of
from errors import QueueError, StorageError
from media.queue.job import Job
from media.queue.jobs import Jobs

log = logging.getLogger("worker")

BEAT = 2.0
"""Seconds between signs of life."""
STALL = 120.0
"""Seconds without a frame after which a worker gives itself up; its job is tried again, three times in all."""
STALLED = 75
"""Its exit status then."""


class Heartbeat:
    """Says now and then, from a thread of its own, that a job is being worked at, for as long as the block goes on.

    Ends the process where nothing has moved for long.
    """

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs, self._job = jobs, job
        self._over = threading.Event()
        self._moved = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="beat")

    def move(self) -> None:
        """Take note that a frame has come."""
        self._moved = time.monotonic()

    def _beat(self) -> None:
        while not self._over.wait(BEAT):
            if time.monotonic() - self._moved > STALL:
                log.error("no frame of %s came for %g s; giving this worker up", told_of(self._job.id), STALL)
                os._exit(STALLED)  # the thread that reads is held in a decoder, and hears nothing
            try:
                self._jobs.beat(self._job)
            except (QueueError, StorageError):  # it may answer again before this counts as dead
                continue
            except Exception:  # whatever it is: without this thread nobody notices a decoder that hangs
                log.exception("no sign of life of %s could be given; trying again", told_of(self._job.id))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
