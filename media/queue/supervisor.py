"""Runs the server's own worker process while videos wait, restarts it when it dies, and cleans up."""

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

from config.logs import log_failure
from config.settings import PREFIX, SETTINGS, Settings, variable
from errors import QueueError, StorageError
from media.limits.disk import exists
from media.queue.jobs import Jobs
from media.queue.storage import TIDY, jobs_of, tidy

log = logging.getLogger("supervisor")

POLL = 1.0
"""Seconds between checks of the jobs; the pauses before restarting a worker that keeps failing double from here."""
STOP_TIMEOUT = 5.0
"""Seconds that a worker has to end when asked to; then it is killed, and its job is taken up at the next start."""
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
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock_file: IO[bytes] | None = None
        self._name = ""
        self._failures = 0
        self._start_at = 0.0
        self._tidied = -TIDY

    def open(self) -> None:
        """Take up what an earlier server left, in a thread, so that nobody waits for a queue or a disk.

        Does nothing if no video was ever uploaded.
        """
        try:
            known = exists(self.jobs.folder)
        except OSError as error:  # another user's, for instance; an upload reports it, too
            log_failure(log, error, "the storage cannot be used; main.py --check tells more")
        else:
            if known:
                self.wake()

    def wake(self) -> None:
        """Check the jobs now: one has come."""
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
                self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """End the worker, which returns its job to the queue, and the checks."""
        self._stop.set()
        self._wake.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(STOP_TIMEOUT + 2)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._check_worker()
                self._tidy()
            except (QueueError, StorageError) as error:
                log.warning("%s", error)
                self._wake.wait(STOP_TIMEOUT)
            except Exception as error:
                log_failure(log, error, "the waiting videos could not be checked; trying again")
            self._wake.wait(POLL)
            self._wake.clear()
        self._end_worker()

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied > TIDY:
            self._tidied = time.monotonic()
            tidy(self.jobs)

    def _check_worker(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            if self._process.returncode != 0:
                log.warning("the worker ended with status %d", self._process.returncode)
                self._back_off()
            else:
                self._failures = 0
            self._clear()
            self.jobs.recover(self._name)
        due = self._process is None and time.monotonic() >= self._start_at
        if due and self._settings.worker == "own" and self.jobs.unfinished() and self._take_lock():
            self._start()

    def _take_lock(self) -> bool:
        """Whether this process may have the worker of its folder: no other server on this machine has one."""
        lock_file = (self.jobs.folder / "queue.lock").open("wb")
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with this process, however it dies
        except BlockingIOError:
            lock_file.close()
            return False
        self._lock_file = lock_file
        return True

    def _start(self) -> None:
        self._name = f"own-{secrets.token_hex(6)}"
        command = [sys.executable, str(WORKER), "worker", "--attached", self._name]
        try:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, env=_environment(self._settings))
        except OSError as error:  # no memory, process or file descriptor is left
            self._back_off()
            self._clear()  # otherwise the lock stays taken, and nobody may ever try again
            log.warning("no worker for videos can be started (%s); trying again", error.strerror)
        else:
            log.info("started a worker for videos, process %d", self._process.pid)

    def _back_off(self) -> None:
        """Delay the next start: the more starts have failed in a row, the longer."""
        self._failures += 1
        self._start_at = time.monotonic() + POLL * 2 ** min(self._failures - 1, 6)

    def _end_worker(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_TIMEOUT)
        if self._process.poll() is None:
            self._process.kill()
        clean = self._process.wait() == 0
        self._clear()
        if not clean:  # it did not return its job to the queue
            try:
                self.jobs.recover(self._name)
            except (QueueError, StorageError) as error:
                log.warning("%s", error)

    def _clear(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process = None
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


def _environment(settings: Settings) -> dict[str, str]:
    """Return the environment that gives a process the same settings, wherever this one has them from.

    A command line would show the passwords in it to every user of the machine.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    for name in SETTINGS:
        value = getattr(settings, name)
        environment[variable(name)] = ";".join(value) if isinstance(value, tuple) else str(value)
    return environment
