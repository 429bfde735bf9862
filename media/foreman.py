"""Sees that waiting videos are worked at: starts the server's own worker process when there are some, and again when it
dies; sweeps what nobody needs any more."""

import logging
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from media.jobs import Jobs
from media.worker import TIDY, jobs_of, tidy
from settings import SETTINGS, Settings, option

log = logging.getLogger("foreman")

LOOK = 1.0
"""Seconds between looks at the jobs; a worker that fails again and again is started with growing pauses."""
PATIENCE = 5.0
"""Seconds within which a worker must end when told to; then it is killed, and its job is taken up at the next start."""
WORKER = Path(__file__).resolve().parent.parent / "main.py"


class Foreman:
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
        self._name = ""
        self._failures = 0
        self._start_at = 0.0

    def open(self) -> None:
        """Take up what an earlier server left; does nothing where no video was ever handed in."""
        if self.jobs.exist():
            tidy(self.jobs)
            self.wake()

    def wake(self) -> None:
        """Look at the jobs now: one has come."""
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._run, name="foreman", daemon=True)
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
        tidied = time.monotonic()
        while not self._stop.is_set():
            try:
                self._see_to_worker()
                if time.monotonic() - tidied > TIDY:
                    tidied = time.monotonic()
                    tidy(self.jobs)
            except Exception:
                log.exception("the videos that wait could not be looked after; trying again")
            self._look.wait(LOOK)
            self._look.clear()
        self._end_worker()

    def _see_to_worker(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            failed = self._process.returncode != 0
            if failed:
                log.warning("the worker ended with status %d", self._process.returncode)
            self._failures = self._failures + 1 if failed else 0
            self._start_at = time.monotonic() + (LOOK * 2 ** min(self._failures - 1, 6) if failed else 0)
            self._forget()
            self.jobs.recover(self._name)
        due = self._process is None and time.monotonic() >= self._start_at
        if due and self._settings.worker == "own" and self.jobs.unfinished():
            self._start()

    def _start(self) -> None:
        self._name = f"own-{secrets.token_hex(6)}"
        command = [sys.executable, str(WORKER), "worker", "--attached", self._name, *_options(self._settings)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        log.info("started a worker for videos, process %d", self._process.pid)

    def _end_worker(self) -> None:
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PATIENCE)
        if self._process.poll() is None:
            self._process.kill()
        self._forget()

    def _forget(self) -> None:
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._process = None


def _options(settings: Settings) -> Sequence[str]:
    """The command line that gives a process the same settings, whatever its environment holds."""
    found = []
    for name in SETTINGS:
        value = getattr(settings, name)
        found += [f"{option(name)}={part}" for part in (value if isinstance(value, tuple) else (value,))]
    return found
