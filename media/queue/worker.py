"""`python main.py worker`: analyses the videos that wait, one after another, and deletes what was kept long enough."""

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
from config.logs import tell_failure
from config.redaction import told_of
from config.settings import Settings
from errors import BundleError, ExpressionError, QueueError, StorageError
from media.limits.disk import UNUSABLE, is_full, telling_no_room
from media.queue.analysis import analyse
from media.queue.heartbeat import Heartbeat
from media.queue.job import Job
from media.queue.jobs import UPLOAD
from media.queue.storage import TIDY, jobs_of, tidy
from media.sandbox.limits import bound_memory
from model import EmotionModel

log = logging.getLogger("worker")

PAUSE = 0.5
SILENCE = 5.0
"""Seconds between looks into an empty queue, tries of a silent one or of a bundle."""
REQUEUE = 60.0
"""Seconds after which an empty queue is no longer believed: whoever put a job there may have died before."""
REST = 30.0
"""Seconds without work after which a worker that a server has started ends; the server starts another when needed."""
NICE = 10
"""Live pictures go before files."""
MEMORY = 6_000_000_000
"""Bytes by which a worker may grow; frames of 4096x2304 take two of them."""


class _Stopped(Exception):  # noqa: N818 - no error
    """The worker ends; another takes the job up."""


class _Lost(Exception):  # noqa: N818 - no error
    """The job is this worker's no more: it was cancelled or deleted."""


class Worker:
    """Works at the jobs of one folder until it is stopped.

    Args:
        settings: those of the server.
        name: under which it holds jobs.
        attached: whether it ends when it has had nothing to do for a while.
    """

    def __init__(self, settings: Settings, name: str, attached: bool = False) -> None:
        self.jobs = jobs_of(settings)
        self.stop = threading.Event()
        self._settings = settings
        self._name = name
        self._attached = attached
        self._troubled = True
        """Whether a job that waits may stand in the queue no more."""
        self._obstacle = ""
        """What makes videos wait, as it was told."""
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
            if self._look():
                worked = time.monotonic()
            elif self._attached and not self._obstacle and time.monotonic() - worked > REST:
                return
            else:
                self.stop.wait(PAUSE)

    def _look(self) -> bool:
        """Work at the next job; False where there is none, something is in the way, or the queue does not answer."""
        try:
            self._tidy()
            return not self._is_held() and self._take_next()
        except (QueueError, StorageError) as error:
            self._troubled = True
            log.warning("%s", error)
            self.stop.wait(SILENCE)
            return False

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            tidy(self.jobs)

    def _take_next(self) -> bool:
        if self._troubled:
            self.jobs.requeue()
            self._troubled, self._requeued = False, time.monotonic()
        self.jobs.recover()
        if self.jobs.work_at_next(self._work):
            return True
        self._troubled = time.monotonic() - self._requeued > REQUEUE
        return False

    def _is_held(self) -> bool:
        """Whether something makes videos wait; told once."""
        before, self._obstacle = self._obstacle, self._find_obstacle()
        if self._obstacle and self._obstacle != before:
            log.warning("%s", self._obstacle)
        return bool(self._obstacle)

    def _find_obstacle(self) -> str:
        """A disk that is full, or a bundle that cannot be read: neither is a fault of a video; empty for none."""
        if self.jobs.folder.is_dir() and is_full(self.jobs.folder):
            return f"the disk of {self.jobs.folder} is full; videos wait until there is room"
        if not self.jobs.unfinished():  # who has nothing to read needs no model
            return ""
        try:
            _ = self._model
        except (BundleError, OSError) as error:
            self.stop.wait(SILENCE)
            return f"{error}; videos wait until it can be read"
        return ""

    def _work(self, job_id: str) -> None:
        job = self.jobs.claim(job_id, self._name)
        if job is None:
            return
        try:
            complaint = self._try(job)
            if complaint:
                self._fail(job, complaint)
            elif self._finish(job, "done"):
                (self.jobs.files(job.id) / UPLOAD).unlink(missing_ok=True)
            else:
                raise _Lost
        except _Stopped:
            self.jobs.put_back(job)
        except _Lost:
            self._let_go(job)

    def _try(self, job: Job) -> str:
        """Analyse a video and put its results in their place; returns why that failed, empty where it did not.

        What a failed attempt has written is gone then: to end the job may take the room.
        """
        folder = self.jobs.files(job.id)
        attempt = folder / f"attempt-{job.attempts}"
        _clear(folder)
        try:
            with telling_no_room(), Heartbeat(self.jobs, job) as heart:
                attempt.mkdir()
                self._analyse(job, folder / UPLOAD, attempt, heart)
                _settle(folder, attempt)
        except (_Stopped, _Lost):
            raise
        except StorageError:
            return f"{job.name}: the server's disk became full meanwhile; hand it in again when there is room"
        except ExpressionError as error:
            return str(error).replace(f"{attempt}{os.sep}", "")  # its folder is named after the job's id
        except Exception as error:
            if not self._is_mine(job):  # its files were deleted, and with them what was written to
                raise _Lost from None
            tell_failure(log, error, "the analysis of %s broke off", told_of(job.id))
            return f"{job.name}: the analysis broke off by a fault of this program; its log tells which"
        finally:
            shutil.rmtree(attempt, ignore_errors=True)
        return ""

    def _fail(self, job: Job, message: str) -> None:
        log.warning("job %s failed: %s", told_of(job.id), message.replace(job.name, "the video"))
        if self._finish(job, "failed", message):
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)
        else:
            self._let_go(job)

    def _finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job, as `Jobs.finish` does; tries again while the queue does not answer, unless the worker ends.

        Raises:
            QueueError, StorageError: the worker ends; another will take the job up.
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
        """Whether the end was taken in, although the answer to it was not heard."""
        found = self.jobs.get(job.id)
        return found is not None and (found.status, found.worker, found.attempts) == (status, job.worker, job.attempts)

    def _let_go(self, job: Job) -> None:
        """Remove the files of a job that was lost, unless another worker has it: this one may have been silent."""
        found = self.jobs.get(job.id)
        if found is None or found.status == "cancelled":
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)

    def _is_mine(self, job: Job) -> bool:
        try:
            return self.jobs.beat(job)
        except (QueueError, StorageError):
            return True

    def _tell(self, job: Job, progress: float, left: float) -> bool:
        """As `Jobs.tell`; what the queue does not take is not worth stopping for."""
        try:
            return self.jobs.tell(job, progress, left)
        except (QueueError, StorageError):
            return True

    def _analyse(self, job: Job, source: Path, attempt: Path, heart: Heartbeat) -> None:
        def tell(progress: float, left: float) -> None:
            if not self._tell(job, progress, left):
                raise _Lost

        def go_on() -> None:
            heart.move()
            if self.stop.is_set():
                raise _Stopped

        analyse(source, job.name, attempt, self._model, self._settings, go_on, tell)


def _clear(folder: Path) -> None:
    """Remove what attempts that were killed have left."""
    for left in folder.glob("attempt-*"):
        shutil.rmtree(left, ignore_errors=True)


def _settle(folder: Path, attempt: Path) -> None:
    """Put results in their place."""
    for path in attempt.iterdir():
        path.replace(folder / path.name)
    attempt.rmdir()


def main(arguments: Sequence[str]) -> int:
    """The command line of `worker`; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="main.py worker",
        allow_abbrev=False,
        description="Analyse the videos that were handed in to a server with the same storage folder. "
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
        bound_memory(MEMORY)
        if options.attached:
            os.nice(NICE)
            threading.Thread(target=_follow, args=(worker,), name="follow", daemon=True).start()
        worker.run()
    except ExpressionError as error:
        print(f"main.py worker: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.errno not in UNUSABLE:
            log.error("the worker broke off", exc_info=error)
            return 1
        told = f"--storage {settings.storage}: it cannot be used ({error.strerror}); name a folder to write to"
        print(f"main.py worker: {told}", file=sys.stderr)
        return 2
    return 0


def _stop_on_signals(worker: Worker) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop.set())


def _follow(worker: Worker) -> None:
    """End with the server: its end of the standard input closes, however it dies."""
    while os.read(sys.stdin.fileno(), 1):  # not by its buffer, whose lock Python asks for when it ends
        pass
    worker.stop.set()
