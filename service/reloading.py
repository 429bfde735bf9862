"""Reloading of settings and bundle under gunicorn, by SIGHUP: a new worker takes over from the old one.

A separate process tries the new settings first; if they fail, nothing changes. Else the new worker loads everything
while the old one serves. When it is ready, the old worker ends its streams and releases the cameras, since a camera has
one owner. Only then the new one accepts viewers, who reconnect by themselves.
"""

import fcntl
import json
import mmap
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TRIAL = """
import json, runpy
conf = runpy.run_path("gunicorn.conf.py")
import main
main.create_app().extensions["server"].load()
print(json.dumps(conf["bind"]))
"""
"""Does what a worker does when it starts, without serving; prints the address that it would listen on."""
TRIAL_LIMIT = 30.0
READY_LIMIT = 20.0
"""Seconds for which an old worker keeps serving while its successor starts."""
CAMERAS_LIMIT = 5.0
"""Seconds for which a new worker waits for the old one to release its cameras."""
TICK = 0.01
CHECK_EVERY = 0.1
"""Seconds between checks whether the server stops while new settings are tried."""
STOPS = signal.SIGTERM, signal.SIGINT, signal.SIGQUIT


class Reload:
    """The state of a reload, shared by all of gunicorn's processes; created before the first worker is forked.

    Workers are known by gunicorn's `age`: 1 for the first, 2 for its successor, and so on.
    """

    def __init__(self) -> None:
        # shared memory: the age of the expected successor, of the newest ready worker, and whether the server stops
        self._ages = mmap.mmap(-1, struct.calcsize("qq?"))
        self._cameras = tempfile.TemporaryFile()  # noqa: SIM115 - its lock is held while the process lives

    def expect_successor(self, age: int) -> None:
        """Announce that a worker is about to replace the older ones."""
        struct.pack_into("q", self._ages, 0, age)

    def has_successor(self, age: int) -> bool:
        """Whether a worker is being replaced, rather than stopped."""
        expected: int = struct.unpack_from("q", self._ages, 0)[0]
        return expected > age and not self.is_stopping

    def await_successor(self, stop: threading.Event) -> None:
        """Wait until the expected successor is ready to serve, or until `stop` is set."""
        until = time.monotonic() + READY_LIMIT
        while self.is_successor_pending() and time.monotonic() < until and not stop.wait(TICK):
            pass

    def is_successor_pending(self) -> bool:
        """Whether the expected successor is not ready yet."""
        expected, ready = struct.unpack_from("qq", self._ages, 0)
        return bool(ready < expected) and not self.is_stopping

    def announce_stop(self) -> None:
        """Announce that the whole server stops, perhaps in the middle of a reload."""
        struct.pack_into("?", self._ages, 16, True)

    @property
    def is_stopping(self) -> bool:
        """Whether the whole server stops."""
        return bool(struct.unpack_from("?", self._ages, 16)[0])

    def mark_ready(self, age: int) -> None:
        """Announce that a worker is ready to serve."""
        struct.pack_into("q", self._ages, 8, age)

    def acquire_cameras(self) -> bool:
        """Wait until no other worker has the cameras and acquire them; False when one keeps them too long."""
        until = time.monotonic() + CAMERAS_LIMIT
        while time.monotonic() < until:
            try:
                fcntl.lockf(self._cameras, fcntl.LOCK_EX | fcntl.LOCK_NB)  # ends with the process, however that ends
            except OSError:
                time.sleep(TICK)
            else:
                return True
        return False

    def release_cameras(self) -> None:
        """Release the cameras, which this worker has closed."""
        fcntl.lockf(self._cameras, fcntl.LOCK_UN)


@cache
def get_reload() -> Reload:
    """The reload state of this server; first called before the first fork."""
    return Reload()


def is_created() -> bool:
    """Whether the reload state was created, as gunicorn.conf.py does."""
    return get_reload.cache_info().currsize > 0


def try_before_reload(server: Any, bind: str) -> None:
    """Make gunicorn's master try settings and bundle before it reloads them, and keep the old ones if they fail.

    gunicorn itself would end with all its viewers. It would also notice a stop only after the reload.
    """
    reload = server.reload

    def try_and_reload() -> None:
        obstacle = _obstacle(bind)
        if obstacle:
            server.log.error("settings and bundle stay as they were: %s", obstacle)
        else:
            reload()

    server.reload = try_and_reload
    for number in STOPS:
        signal.signal(number, _announcing_stop(signal.getsignal(number), os.getpid()))


def _announcing_stop(usual: Any, master: int) -> Callable[[int, FrameType | None], None]:
    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() == master:  # not in a worker that was just forked
            get_reload().announce_stop()
        usual(number, frame)

    return handle


def _obstacle(bind: str) -> str:
    """Why a worker with the current settings and bundle would fail; empty if it would not."""
    try:
        output, errors = _trial()
        # the output counts, not the exit status: gunicorn waits for all children and may have taken that
        address = json.loads(output.strip().splitlines()[-1])
    except subprocess.TimeoutExpired:
        late = f"they could not be tried within {TRIAL_LIMIT:g} s"
        return "the server is being stopped" if get_reload().is_stopping else late
    except OSError as error:  # too many files or processes; whatever is raised here ends gunicorn
        return f"they could not be tried ({error.strerror}); try again when the system has room for a process more"
    except (IndexError, ValueError):
        last = (errors.strip().splitlines() or ["no reason was given"])[-1]
        return last.partition(": ")[2] or last
    return "" if address == bind else f"host and port: {bind} is to become {address}, which takes a restart"


def _trial() -> tuple[str, str]:
    """Run the trial; return its standard output and its standard error.

    Raises:
        TimeoutExpired: it takes too long, or the server is stopped.
        OSError: it cannot be started.
    """
    until, pipe = time.monotonic() + TRIAL_LIMIT, subprocess.PIPE
    command = [sys.executable, "-c", TRIAL]
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, errors="replace") as process:
        while True:
            try:
                return process.communicate(timeout=CHECK_EVERY)
            except subprocess.TimeoutExpired:
                if time.monotonic() > until or get_reload().is_stopping:
                    process.kill()
                    raise


def exit_on_sigterm_while_loading(worker: Any) -> None:
    """Make SIGTERM end a worker at once that is still loading and has nothing to close; until `close_on_signals`."""
    usual = worker.handle_exit

    def handle(number: int, frame: FrameType | None) -> None:
        if signal.getsignal(number) is handle:
            os._exit(0)
        usual(number, frame)

    worker.handle_exit = handle


def close_on_signals(numbers: tuple[signal.Signals, ...], age: int, close: Callable[[], bool]) -> Callable[[], None]:
    """Make signals end a worker's streams before gunicorn's own handlers wait for them.

    Returns a function that waits for the closing that a signal has begun, and lets no later signal begin one. A worker
    must call it last: Python runs no new tasks of a pool once its main thread has ended, and closing needs some.

    Args:
        numbers: signals for which gunicorn has set its handlers.
        age: the worker's.
        close: ends the streams and closes the cameras.
    """
    begun, at_once, ends = threading.Event(), threading.Event(), list[threading.Thread]()

    def handle(received: int, frame: FrameType | None) -> None:
        previous = previous_handlers[signal.Signals(received)]
        if not callable(previous):
            return
        replaced = received == signal.SIGTERM and get_reload().has_successor(age)
        if not begun.is_set():
            begun.set()
            # In a thread of its own: the signal may interrupt this thread while it holds a lock that closing needs.
            end = threading.Thread(target=_end, args=(close, previous if replaced else None, at_once))
            end.start()
            ends.append(end)
        if not replaced:
            at_once.set()  # the whole server stops
            previous(received, frame)

    previous_handlers = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, handle)

    def await_end() -> None:
        begun.set()
        at_once.set()
        for end in ends:
            end.join()

    return await_end


def _end(
    close: Callable[[], bool], stop: Callable[[int, FrameType | None], Any] | None, at_once: threading.Event
) -> None:
    if stop is not None:
        get_reload().await_successor(at_once)
        stop(signal.SIGTERM, None)  # first, so that no reconnecting viewer is accepted here
    close()
    get_reload().release_cameras()
