"""Sees that waiting videos are worked at: starts the server's own worker process when there are some, and again when it
dies; sweeps what nobody needs any more."""

import fcntl
import logging
import os
import secrets
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from config.logs import tell_failure
from config.settings import PREFIX, SETTINGS, Settings, variable
from errors import QueueError, StorageError
from media.limits.disk import is_there
from media.queue.jobs import Jobs
from media.queue.storage import TIDY, jobs_of, tidy

log = logging.getLogger("supervisor")

LOOK = 1.0
"""Seconds between looks at the jobs; a worker that fails again and again is started with growing pauses."""
PATIENCE = 5.0
"""Seconds within which a worker must end when told to; then it is killed, and its job is taken up at the next start."""
WORKER = Path(__file__).resolve().parents[2] / "main.py"


class Supervisor:
    """The worker process of one server. Building it starts and opens nothing.

    Raises:
        SettingError: the queue's setting is neither sqlite nor a Redis address.
    """

    def __init__(self, settings: Settings) -> None:
        self.jobs: Jobs = jobs_of(settings)
        self._settings = settings
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._look = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._place: IO[bytes] | None = None
        self._name = ""
        self._failures = 0
        self._start_at = 0.0
        self._tidied = -TIDY

    def open(self) -> None:
        """Take up what an earlier server left, in a thread: nobody waits for a queue or a disk.

        Does nothing where no video was ever handed in.
        """
        try:
            known = is_there(self.jobs.folder)
        except OSError as error:  # another user's, for instance; who hands something in is told, too
            tell_failure(log, error, "the storage cannot be used; main.py --check tells more")
        else:
            if known:
                self.wake()

    def wake(self) -> None:
        """Look at the jobs now: one has come."""
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
                self._thread.start()
        self._look.set()

    def close(self) -> None:
        """End the worker, which puts its job back, and the looking."""
        self._stop.set()
        self._look.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(PATIENCE + 2)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._see_to_worker()
                self._tidy()
            except (QueueError, StorageError) as error:
                log.warning("%s", error)
                self._look.wait(PATIENCE)
            except Exception as error:
                tell_failure(log, error, "the videos that wait could not be looked after; trying again")
            self._look.wait(LOOK)
            self._look.clear()
        self._end_worker()

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            tidy(self.jobs)

    def _see_to_worker(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            if self._process.returncode != 0:
                log.warning("the worker ended with status %d", self._process.returncode)
                self._put_off()
            else:
                self._failures = 0
            self._forget()
            self.jobs.recover(self._name)
        due = self._process is None and time.monotonic() >= self._start_at
        if due and self._settings.worker == "own" and self.jobs.unfinished() and self._is_first():
            self._start()

    def _is_first(self) -> bool:
        """Whether no other server process on this machine has a worker for the same folder."""
        place = (self.jobs.folder / "queue.lock").open("wb")
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however that dies
        except BlockingIOError:
            place.close()
            return False
        self._place = place
        return True

    def _start(self) -> None:
        self._name = f"own-{secrets.token_hex(6)}"
        command = [sys.executable, str(WORKER), "worker", "--attached", self._name]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=_environment(self._settings))
        except OSError as error:  # no memory, no process or no file is left
            self._put_off()
            self._forget()  # else the place stays taken, and nobody may ever try again
            log.warning("no worker for videos can be started (%s); trying again", error.strerror)
        else:
            log.info("started a worker for videos, process %d", self._process.pid)

    def _put_off(self) -> None:
        """Have the next start wait, the longer the more have failed one after another."""
        self._failures += 1
        self._start_at = time.monotonic() + LOOK * 2 ** min(self._failures - 1, 6)

    def _end_worker(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        if self._process.poll() is None:
            self._process.kill()
        well = self._process.wait() == 0
        self._forget()
        if not well:  # it has not put its job back
            try:
                self.jobs.recover(self._name)
            except (QueueError, StorageError) as error:
                log.warning("%s", error)

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process = None
        if self._place is not None:
            self._place.close()
            self._place = None


def _environment(settings: Settings) -> dict[str, str]:
    """The environment that gives a process the same settings, whatever this one's command line, file and variables say.

    A command line would show every user of the machine the passwords in it.
    """
    found = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name in SETTINGS:
        value = getattr(settings, name)
        found[variable(name)] = ";".join(value) if isinstance(value, tuple) else str(value)
    return found
