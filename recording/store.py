"""Records on the disk, a folder each. The files are the whole state, so that any process may read or stop a record.

| file | meaning |
|---|---|
| `about.json` | what is recorded, since when, and how long at most; there from the start |
| `lock` | locked by the recording process as long as it lives |
| `progress.json` | how far it is; new every second |
| `stop`, `discard` | somebody wants it to end; to end and be deleted |
| `full` | empty: the disk had no room for the end, which is written as soon as there is some |
| `reserve` | keeps the disk space that the end takes, in case the disk is full by then |
| `summary.json` | it is over; its summary |

Beside the folders stands `.lock`, locked while a record is started, so that all processes together keep the limit.
"""

import errno
import fcntl
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from media.limits.disk import is_disk_full_error, replace_file

VIDEO, LINE = "video.mp4", "timeline.json"
MOMENT = re.compile(r"moment-[0-9]{1,3}\.jpg")
ID = re.compile(r"[A-Za-z0-9_-]{16}")
MAX_FPS = 15.0
"""Most frames a second."""
MAX_WIDTH = 1280
"""Largest width of a frame in pixels."""
TRIES, RETRY_PAUSE = 20, 0.01
"""How often a lock is tried, and the seconds between tries."""
LOCK_FILE, LOCK_TIMEOUT = ".lock", 2.0
"""The file that is locked while a record is started, and the longest wait for it in seconds."""
START_TIMEOUT = 60.0
"""Seconds after which a folder without `about.json` counts as left over."""
RESERVE = 2_000_000
"""Most bytes that the end of a record takes: the last fragment, seven moments, a time line of some hundred steps."""


class Record:
    """One record, by its folder; `exists` says whether there is one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def exists(self) -> bool:
        """Whether it is there and was not deleted."""
        return (self.folder / "about.json").is_file() and not self.is_discarded

    @property
    def is_stillborn(self) -> bool:
        """Whether its process died before `about.json` was written."""
        made = self.folder.stat().st_mtime
        return not (self.folder / "about.json").exists() and made < time.time() - START_TIMEOUT

    @property
    def about(self) -> dict[str, Any]:
        """What was known at its start: `camera`, `started`, `look`, `labels`, `limit`."""
        return self.read("about.json") or {}

    @property
    def summary(self) -> dict[str, Any] | None:
        """Its summary; None before it is over, and if the file is damaged: it is then completed again from its rows."""
        content = self.read("summary.json")
        return content if content and "ended" in content else None

    @property
    def progress(self) -> dict[str, Any]:
        """Its progress a second ago; empty at first."""
        return self.read("progress.json") or {}

    @property
    def is_active(self) -> bool:
        """Whether a living process writes it."""
        try:
            with (self.folder / "lock").open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return False
        except BlockingIOError:
            return True
        except FileNotFoundError:
            return False

    @property
    def is_stop_requested(self) -> bool:
        """Whether somebody asked for its end."""
        return (self.folder / "stop").exists() or self.is_discarded

    @property
    def is_discarded(self) -> bool:
        """Whether somebody deleted it."""
        return (self.folder / "discard").exists()

    def lock(self) -> IO[bytes] | None:
        """Lock it for this process, until the file is closed; None if another process has the lock.

        Raises:
            OSError: the folder is gone, or cannot be written.
        """
        file = (self.folder / "lock").open("wb")
        for _ in range(TRIES):
            if _try_lock(file):
                return file
            time.sleep(RETRY_PAUSE)  # perhaps `is_active` of another process holds it, for a moment
        file.close()
        return None

    def reserve(self) -> None:
        """Reserve the disk space that its end takes.

        Raises:
                OSError: there is not enough.
        """
        with (self.folder / "reserve").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)

    def release(self) -> None:
        """Free the reserved space for what is written next."""
        (self.folder / "reserve").unlink(missing_ok=True)

    @property
    def is_cut_short(self) -> bool:
        """Whether the disk had no room for its end."""
        return (self.folder / "full").exists()

    def mark_cut_short(self) -> None:
        """Note that the disk has no room for its end, if there is room for the note."""
        with suppress(OSError):
            (self.folder / "full").touch()

    def stop(self) -> None:
        """Ask the process that writes it to end it.

        Raises:
                OSError: the request cannot be written.
        """
        with suppress(FileNotFoundError):  # it has just been deleted
            (self.folder / "stop").touch()

    def delete(self) -> None:
        """Delete it at once; one that is being written is deleted as soon as its writer sees the request.

        Raises:
            OSError: it is being written, and the request cannot be.
        """
        try:
            (self.folder / "discard").touch()
        except FileNotFoundError:  # somebody else has just deleted it
            return
        except OSError as error:
            if self.is_active or not is_disk_full_error(error):
                raise
        if not self.is_active:
            shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, name: str) -> dict[str, Any] | None:
        """Return one of its JSON files; None if it is missing or damaged."""
        try:
            content = json.loads((self.folder / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return content if isinstance(content, dict) else None

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Replace one of its JSON files atomically.

        Raises:
            OSError: it cannot be written.
        """
        durable = name != "progress.json"  # which is new every second, and on which nothing depends
        replace_file(self.folder / name, json.dumps(dict(content)).encode(), durable)


def _try_lock(file: IO[bytes]) -> bool:
    """Lock a file for this process; False if another one has it locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Records:
    """All records below a folder; any number of processes may share it. Nothing is touched until there is a record.

    Args:
        folder: created at the first use.
        keep: seconds for which a finished record is kept.
    """

    def __init__(self, folder: Path, keep: float) -> None:
        self.folder = folder
        self.keep = keep

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Let no other process or thread start a record during the `with` block.

        Raises:
            OSError: the folder cannot be written, or the lock was not free within `LOCK_TIMEOUT`.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / LOCK_FILE).open("wb") as file:  # the lock ends with the process, however it dies
            deadline = time.monotonic() + LOCK_TIMEOUT
            while not _try_lock(file):
                if time.monotonic() > deadline:
                    raise OSError(errno.EBUSY, f"another process has kept {LOCK_FILE} locked for {LOCK_TIMEOUT:g} s")
                time.sleep(RETRY_PAUSE)
            yield

    def begin(self, about: Mapping[str, Any]) -> tuple[Record, IO[bytes]]:
        """Create a record, locked for this process.

        Raises:
            OSError: its folder cannot be written; it is then deleted.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        record = Record(self.folder / secrets.token_urlsafe(12))
        record.folder.mkdir(mode=0o700)
        lock = None
        try:
            lock = record.lock()
            if lock is None:
                raise OSError(errno.EBUSY, "somebody else has locked this new folder", str(record.folder))
            record.reserve()
            record.write("about.json", {**about, "started": time.time()})
        except OSError:
            if lock is not None:
                lock.close()
            shutil.rmtree(record.folder, ignore_errors=True)
            raise
        return record, lock

    def get(self, record_id: str) -> Record | None:
        """Return a record by its id; None if there is none."""
        record = Record(self.folder / record_id)
        return record if ID.fullmatch(record_id) and record.exists else None

    def all(self) -> Iterator[Record]:
        """Yield every record, deleted ones included."""
        if self.folder.is_dir():
            yield from (Record(folder) for folder in self.folder.iterdir() if ID.fullmatch(folder.name))

    def active(self) -> int:
        """Return how many are being written; a finished one does not count, though its lock may still be held."""
        return sum(record.is_active and record.summary is None for record in self.all())

    def sweep(self) -> None:
        """Delete records that are past their time, and those deleted while they were being written."""
        for record in self.all():
            with suppress(FileNotFoundError):  # somebody else deletes it, too
                if record.is_discarded or self._is_old(record):
                    record.delete()

    def _is_old(self, record: Record) -> bool:
        """Whether its time is over; without a summary it runs from the last change."""
        summary, changed = record.summary, record.folder.stat().st_mtime
        if summary is not None:
            return bool(summary["ended"] + self.keep < time.time())
        return not record.is_active and (record.is_stillborn or changed + self.keep < time.time())
