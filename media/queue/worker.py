"""`python main.py worker` analyses the waiting videos one after another, and deletes those past their time."""

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from config import logs
from config.loader import add_options, load, parse_options
from config.logs import log_failure
from config.redaction import short_id
from config.settings import Settings
from detection.choice import chosen
from errors import BundleError, DetectorError, ExpressionError, QueueError, StorageError
from media.limits.disk import UNUSABLE, disk_full_errors, is_full
from media.queue.analysis import analyse
from media.queue.heartbeat import Heartbeat
from media.queue.job import Job
from media.queue.jobs import UPLOAD
from media.queue.storage import TIDY, jobs_of, tidy
from media.sandbox.limits import limit_memory
from model import EmotionModel

log = logging.getLogger("worker")

PAUSE = 0.5
RETRY_PAUSE = 5.0
"""Seconds to wait before trying a queue or a bundle again that failed."""
REQUEUE = 60.0
"""Seconds after which waiting jobs are queued again: a server may have died between recording and queueing one."""
IDLE_TIMEOUT = 30.0
"""Seconds without work after which a server's own worker ends; the server starts another when needed."""
NICE = 10
"""Live cameras go before files."""
MEMORY = 6_000_000_000
"""Bytes by which a worker may grow; frames of 4096x2304 take 2 GB."""


class _Stopped(Exception):  # noqa: N818 - no error
    """The worker ends; another one takes the job up."""


class _Lost(Exception):  # noqa: N818 - no error
    """The worker no longer has the job: it was cancelled or deleted."""


class Worker:
    """Processes the jobs of one folder until it is stopped.

    Args:
        settings: those of the server.
        name: under which it claims jobs.
        attached: whether it ends when it has been idle for `IDLE_TIMEOUT`.
    """

    def __init__(self, settings: Settings, name: str, attached: bool = False) -> None:
        self.jobs = jobs_of(settings)
        self.stop = threading.Event()
        self._settings = settings
        self._name = name
        self._attached = attached
        self._needs_requeue = True
        """Whether a waiting job may be missing from the queue."""
        self._obstacle = ""
        """What keeps videos waiting, as it was logged."""
        self._tidied = -TIDY
        self._requeued = 0.0

    @cached_property
    def _model(self) -> EmotionModel:
        return EmotionModel.load(self._settings.weights, self._settings.runtime)

    def run(self) -> None:
        """Work until `stop` is set, or, when attached, until there is nothing to do.

        Raises:
            QueueError: the queue does not answer at the start.
        """
        self.jobs.unfinished()
        worked = time.monotonic()
        while not self.stop.is_set():
            if self._run_once():
                worked = time.monotonic()
            elif self._attached and not self._obstacle and time.monotonic() - worked > IDLE_TIMEOUT:
                return
            else:
                self.stop.wait(PAUSE)

    def _run_once(self) -> bool:
        """Process the next job; False if there is none, something blocks it, or the queue does not answer."""
        try:
            self._tidy()
            return not self._is_blocked() and self._take_next()
        except (QueueError, StorageError) as error:
            self._needs_requeue = True
            log.warning("%s", error)
            self.stop.wait(RETRY_PAUSE)
            return False

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            tidy(self.jobs)

    def _take_next(self) -> bool:
        if self._needs_requeue:
            self.jobs.requeue()
            self._needs_requeue, self._requeued = False, time.monotonic()
        self.jobs.recover()
        if self.jobs.process_next(self._process):
            return True
        self._needs_requeue = time.monotonic() - self._requeued > REQUEUE
        return False

    def _is_blocked(self) -> bool:
        """Whether something keeps videos waiting; logged once."""
        before, self._obstacle = self._obstacle, self._find_obstacle()
        if self._obstacle and self._obstacle != before:
            log.warning("%s", self._obstacle)
        return bool(self._obstacle)

    def _find_obstacle(self) -> str:
        """Return why videos must wait: a full disk, or a network that cannot be read; empty for no reason."""
        if self.jobs.folder.is_dir() and is_full(self.jobs.folder):
            return f"the disk of {self.jobs.folder} is full; videos wait until there is room"
        if not self.jobs.unfinished():  # without videos no model is needed
            return ""
        try:
            _ = self._model, chosen(self._settings.detector)
        except (BundleError, DetectorError, OSError) as error:
            self.stop.wait(RETRY_PAUSE)
            return f"{error}; videos wait until it can be read"
        return ""

    def _process(self, job_id: str) -> None:
        job = self.jobs.claim(job_id, self._name)
        if job is None:
            return
        try:
            message = self._attempt(job)
            if message:
                self._fail(job, message)
            elif self._finish(job, "done"):
                (self.jobs.files(job.id) / UPLOAD).unlink(missing_ok=True)
            else:
                raise _Lost
        except _Stopped:
            self.jobs.put_back(job)
        except _Lost:
            self._abandon(job)

    def _attempt(self, job: Job) -> str:
        """Analyse a video and publish its results; returns why that failed, or an empty text.

        What a failed attempt has written is deleted: recording the failure may need the room.
        """
        folder = self.jobs.files(job.id)
        attempt = folder / f"attempt-{job.attempts}"
        _clear(folder)
        try:
            with disk_full_errors(), Heartbeat(self.jobs, job) as heart:
                attempt.mkdir()
                self._analyse(job, folder / UPLOAD, attempt, heart)
                _publish(folder, attempt)
        except (_Stopped, _Lost):
            raise
        except StorageError:
            return f"{job.name}: the server's disk became full during the analysis; hand it in again when there is room"
        except ExpressionError as error:
            return str(error).replace(f"{attempt}{os.sep}", "")  # its folder is named after the job's id
        except Exception as error:
            if not self._still_owns(job):  # its files were deleted during the analysis
                raise _Lost from None
            log_failure(log, error, "the analysis of %s broke off", short_id(job.id))
            return f"{job.name}: the analysis broke off by a fault of this program; its log says which"
        finally:
            shutil.rmtree(attempt, ignore_errors=True)
        return ""

    def _fail(self, job: Job, message: str) -> None:
        log.warning("job %s failed: %s", short_id(job.id), message.replace(job.name, "the video"))
        if self._finish(job, "failed", message):
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)
        else:
            self._abandon(job)

    def _finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job as `Jobs.finish` does; retries while the queue does not answer, until the worker is stopped.

        Raises:
            QueueError, StorageError: the worker is stopped; another one will take the job up.
        """
        warned = False
        while True:
            try:
                return self.jobs.finish(job, status, message) or (warned and self._has_ended(job, status))
            except (QueueError, StorageError) as error:
                if not warned:
                    log.warning("%s", error)
                warned = True
                if self.stop.wait(PAUSE):
                    raise

    def _has_ended(self, job: Job, status: str) -> bool:
        """Whether the end was stored, although the answer was lost."""
        stored = self.jobs.get(job.id)
        return stored is not None and (stored.status, stored.worker, stored.attempts) == (
            status,
            job.worker,
            job.attempts,
        )

    def _abandon(self, job: Job) -> None:
        """Delete the files of a lost job, unless another worker has it because this one was silent for long."""
        stored = self.jobs.get(job.id)
        if stored is None or stored.status == "cancelled":
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)

    def _still_owns(self, job: Job) -> bool:
        try:
            return self.jobs.beat(job)
        except (QueueError, StorageError):
            return True

    def _report_progress(self, job: Job, progress: float, left: float) -> bool:
        """Store the progress as `Jobs.report_progress` does; a queue that does not answer is no reason to stop."""
        try:
            return self.jobs.report_progress(job, progress, left)
        except (QueueError, StorageError):
            return True

    def _analyse(self, job: Job, source: Path, attempt: Path, heart: Heartbeat) -> None:
        def report(progress: float, left: float) -> None:
            if not self._report_progress(job, progress, left):
                raise _Lost

        def on_frame() -> None:
            heart.move()
            if self.stop.is_set():
                raise _Stopped

        analyse(source, job.name, attempt, self._model, self._settings, on_frame, report)


def _clear(folder: Path) -> None:
    """Delete what killed attempts have left."""
    for path in folder.glob("attempt-*"):
        shutil.rmtree(path, ignore_errors=True)


def _publish(folder: Path, attempt: Path) -> None:
    """Move results to their final place."""
    for path in attempt.iterdir():
        path.replace(folder / path.name)
    attempt.rmdir()


def main(arguments: Sequence[str]) -> int:
    """Run the command line of `worker`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="main.py worker",
        allow_abbrev=False,
        description="Analyse the videos that were uploaded to a server with the same storage folder. "
        "Give it the server's settings.",
    )
    parser.add_argument(
        "--attached", metavar="NAME", help="work for the process at the other end of the standard input"
    )
    add_options(parser)
    options = parse_options(parser, arguments)
    try:
        settings = load(vars(options), os.environ)
        logs.set_up(settings.log_level, settings.log_format)
        worker = Worker(settings, options.attached or f"{os.uname().nodename}-{os.getpid()}", bool(options.attached))
        _stop_on_signals(worker)
        limit_memory(MEMORY)
        if options.attached:
            os.nice(NICE)
            threading.Thread(target=_watch_parent, args=(worker,), name="follow", daemon=True).start()
        worker.run()
    except ExpressionError as error:
        print(f"main.py worker: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in UNUSABLE:
            log.error("the worker broke off", exc_info=error)
            return 1
        message = f"--storage {settings.storage}: it cannot be used ({error.strerror}); name a folder to write to"
        print(f"main.py worker: {message}", file=sys.stderr)
        return 2
    return 0


def _stop_on_signals(worker: Worker) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop.set())


def _watch_parent(worker: Worker) -> None:
    """Stop when the server ends: its end of the standard input closes, however it dies."""
    while os.read(sys.stdin.fileno(), 1):  # unbuffered: Python wants the buffer's lock when it ends
        pass
    worker.stop.set()
