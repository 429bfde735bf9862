"""`python main.py worker`: analyses the videos that wait, one after another, and deletes what was kept long enough."""

import argparse
import json
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

import logs
from configuration import add_options, load, parse_options
from errors import ExpressionError, QueueError, SourceError
from media.bounds import bound_memory
from media.findings import Finding, as_csv
from media.footage import analysed, complaint
from media.job import Job
from media.jobs import UPLOAD
from media.storage import LINE, RESULT, TABLE, TIDY, VIDEO, jobs_of, tidy
from media.timeline import timeline
from media.videos import VideoCopy, VideoReader
from model import EmotionModel
from settings import Settings

log = logging.getLogger("worker")

BEAT = 2.0
TELL = 0.5
PAUSE = 0.5
SILENCE = 5.0
"""Seconds between signs of life, words on the progress, looks into an empty queue, tries of a silent one."""
REST = 30.0
"""Seconds without work after which a worker that a server has started ends; the server starts another when needed."""
NICE = 10
"""Live pictures go before files."""
STALL = 120.0
"""Seconds without a frame after which a worker gives itself up; its job is tried again, three times in all."""
STALLED = 75
"""Its exit status then."""
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

    @cached_property
    def _model(self) -> EmotionModel:
        return EmotionModel.load(self._settings.weights, self._settings.runtime)

    def run(self) -> None:
        """Work until `stop` is set, or, when attached, until there is nothing to do.

        Raises:
            BundleError: the model cannot be loaded.
            QueueError: the queue does not answer at the start.
        """
        self.jobs.requeue()
        tidied, worked = -TIDY, time.monotonic()
        while not self.stop.is_set():
            now = time.monotonic()
            if now - tidied > TIDY:
                tidied = now
                tidy(self.jobs)
            if self._look():
                worked = time.monotonic()
            elif self._attached and now - worked > REST:
                return
            else:
                self.stop.wait(PAUSE)

    def _look(self) -> bool:
        """Work at the next job; False where there is none, or where the queue does not answer for a while."""
        try:
            self.jobs.recover()
            return self.jobs.work_at_next(self._work)
        except QueueError as error:
            log.warning("%s", error)
            self.stop.wait(SILENCE)
            return False

    def _work(self, job_id: str) -> None:
        job = self.jobs.claim(job_id, self._name)
        if job is None:
            return
        folder = self.jobs.files(job.id)
        attempt = folder / f"attempt-{job.attempts}"
        _clear(folder)
        try:
            with self._beating(job):
                attempt.mkdir()
                self._analyse(job, folder / UPLOAD, attempt)
            _settle(folder, attempt)
            if not self._finish(job, "done"):
                raise _Lost
            (folder / UPLOAD).unlink(missing_ok=True)
        except _Stopped:
            self.jobs.put_back(job)
        except _Lost:
            self._let_go(job)
        except ExpressionError as error:
            self._fail(job, str(error))
        except Exception:
            log.exception("the analysis of %s broke off", _told(job))
            self._fail(job, f"{job.name}: the analysis broke off by a fault of this program; its log tells which")
        finally:
            shutil.rmtree(attempt, ignore_errors=True)

    def _fail(self, job: Job, message: str) -> None:
        log.warning("job %s failed: %s", _told(job), message.replace(job.name, "the video"))
        if self._finish(job, "failed", message):
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)
        else:
            self._let_go(job)

    def _finish(self, job: Job, status: str, message: str = "") -> bool:
        """End a job, as `Jobs.finish` does; tries again while the queue does not answer, unless the worker ends.

        Raises:
            QueueError: the worker ends; another will take the job up.
        """
        while True:
            try:
                return self.jobs.finish(job, status, message)
            except QueueError as error:
                log.warning("%s", error)
                if self.stop.wait(PAUSE):
                    raise

    def _let_go(self, job: Job) -> None:
        """Remove the files of a job that was lost, unless another worker has it: this one may have been silent."""
        found = self.jobs.get(job.id)
        if found is None or found.status == "cancelled":
            shutil.rmtree(self.jobs.files(job.id), ignore_errors=True)

    def _tell(self, job: Job, progress: float, left: float) -> bool:
        """As `Jobs.tell`; what the queue does not take is not worth stopping for."""
        try:
            return self.jobs.tell(job, progress, left)
        except QueueError:
            return True

    @contextmanager
    def _beating(self, job: Job) -> Iterator[None]:
        over, self._moved = threading.Event(), time.monotonic()

        def beat() -> None:
            while not over.wait(BEAT):
                if time.monotonic() - self._moved > STALL:
                    log.error("no frame of %s came for %g s; giving this worker up", _told(job), STALL)
                    os._exit(STALLED)  # the thread that reads is held in a decoder, and hears nothing
                with suppress(QueueError):  # it may answer again before this counts as dead
                    self.jobs.beat(job)

        thread = threading.Thread(target=beat, name="beat")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _analyse(self, job: Job, source: Path, attempt: Path) -> None:
        """Write the annotated copy and the results of one video into a folder.

        Raises:
            SourceError: the video cannot be read, is cut off or too long, or the copy cannot be written.
        """
        finding = Finding(job.name, "video", labels=self._model.labels)
        limit = self._settings.max_minutes * 60
        with VideoReader(source, job.name) as reader:
            too_long = f"{job.name}: it is longer than {self._settings.max_minutes:g} minutes; hand in a part of it"
            if reader.duration > limit:
                raise SourceError(too_long)
            finding.fps = reader.fps
            tell = _Progress(lambda progress, left: self._tell(job, progress, left), reader.duration)
            with VideoCopy(attempt / VIDEO, reader.fps, reader) as copy:
                for frame in analysed(reader, self._model, self._settings, copy):
                    self._moved = time.monotonic()
                    if self.stop.is_set():
                        raise _Stopped
                    if frame.position > limit:
                        raise SourceError(too_long)
                    finding.height, finding.width = frame.image.shape[:2]
                    finding.frames.append((frame.number, frame.position, frame.faces))
                    tell(frame.position)
            duration = finding.frames[-1][1] + 1 / reader.fps
            finding.error = complaint(reader, len(finding.frames), duration)
        if finding.error:
            raise SourceError(finding.error)
        (attempt / RESULT).write_text(json.dumps(finding.as_dict()), encoding="utf-8")
        (attempt / TABLE).write_text(as_csv([finding]), encoding="utf-8")
        (attempt / LINE).write_text(json.dumps(timeline(finding, duration)), encoding="utf-8")


class _Progress:
    """Tells how far a video is, now and then.

    Args:
        tell: takes the share that is done and the seconds left; returns False when the job is lost.
        duration: the video's, in seconds; 0 for unknown.
    """

    def __init__(self, tell: Callable[[float, float], bool], duration: float) -> None:
        self._tell = tell
        self._duration = duration
        self._started = self._told = time.monotonic()

    def __call__(self, position: float) -> None:
        now = time.monotonic()
        if now - self._told < TELL:
            return
        self._told = now
        share = min(position / self._duration, 0.99) if self._duration else 0.0
        left = (now - self._started) * (1 - share) / share if share > 0.01 else -1.0
        if not self._tell(share, left):
            raise _Lost


def _told(job: Job) -> str:
    """As much of a job's id as may stand in a log: who knows all of it may see the video."""
    return f"{job.id[:6]}..."


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
        if options.attached:
            os.nice(NICE)
            bound_memory(MEMORY)
            threading.Thread(target=_follow, args=(worker,), name="follow", daemon=True).start()
        worker.run()
    except ExpressionError as error:
        print(f"main.py worker: {error}", file=sys.stderr)
        return 2
    return 0


def _stop_on_signals(worker: Worker) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop.set())


def _follow(worker: Worker) -> None:
    """End with the server: its end of the standard input closes, however it dies."""
    sys.stdin.buffer.read()
    worker.stop.set()
