"""Records on the disk, a folder each. What stands there is all that there is, so that any process may ask or stop.

| file | what it says |
|---|---|
| `about.json` | what is recorded, since when, and how long it may go on; there from the start |
| `lock` | locked by the process that records, as long as it lives |
| `progress.json` | how far it is; new every second |
| `stop`, `discard` | somebody wants it to end; to end and be deleted |
| `full` | nothing: the disk had no room for its end, which is made as soon as there is some |
| `reserve` | nothing: it keeps the room that the end takes, should the disk be full by then |
| `summary.json` | it is over; this is what came of it |

Beside the folders stands `.lock`, locked by who begins one, so that all together begin no more than may be.
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

from media.limits.disk import is_no_room, replace_file

VIDEO, LINE = "video.mp4", "timeline.json"
MOMENT = re.compile(r"moment-[0-9]{1,3}\.jpg")
ID = re.compile(r"[A-Za-z0-9_-]{16}")
RATE = 15.0
"""Frames a second at most."""
WIDEST = 1280
"""Pixels of a frame's width at most."""
TRIES, LOOK = 20, 0.01
"""Times that a lock is tried, and seconds between them."""
BEGINNING, TURN = ".lock", 2.0
"""What is locked while a record is begun, and the seconds for which that is waited for."""
PATIENCE = 60.0
"""Seconds that a folder may take to become a record."""
RESERVE = 2_000_000
"""Bytes that the end of a record takes at most: the last fragment, seven moments, a time line of some hundred steps."""


class Record:
    """One record, by its folder; whether there is one, `exists` tells."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    @property
    def exists(self) -> bool:
        """Whether it is there, and was not deleted."""
        return (self.folder / "about.json").is_file() and not self.is_discarded

    @property
    def is_unborn(self) -> bool:
        """Whether its maker has died before anything was said of it."""
        made = self.folder.stat().st_mtime
        return not (self.folder / "about.json").exists() and made < time.time() - PATIENCE

    @property
    def about(self) -> dict[str, Any]:
        """What was said at its start: `camera`, `started`, `look`, `labels`, `limit`."""
        return self.read("about.json") or {}

    @property
    def summary(self) -> dict[str, Any] | None:
        """What came of it; None before it is over, and where it is damaged: it is then closed anew, from its rows."""
        told = self.read("summary.json")
        return told if told and "ended" in told else None

    @property
    def progress(self) -> dict[str, Any]:
        """How far it was a second ago; empty at first."""
        return self.read("progress.json") or {}

    @property
    def is_going(self) -> bool:
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
    def is_told_to_stop(self) -> bool:
        """Whether somebody has asked for its end."""
        return (self.folder / "stop").exists() or self.is_discarded

    @property
    def is_discarded(self) -> bool:
        """Whether somebody has deleted it."""
        return (self.folder / "discard").exists()

    def lock(self) -> IO[bytes] | None:
        """Take it for this process, until the file is closed; None where another has it.

        Raises:
            OSError: the folder is gone, or cannot be written.
        """
        file = (self.folder / "lock").open("wb")
        for _ in range(TRIES):
            if _locks(file):
                return file
            time.sleep(LOOK)  # perhaps it is by who looks whether it is locked, which takes no time
        file.close()
        return None

    def reserve(self) -> None:
        """Keep the room that its end takes.

        Raises:
            OSError: there is none.
        """
        with (self.folder / "reserve").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)

    def release(self) -> None:
        """Give that room to what is written next."""
        (self.folder / "reserve").unlink(missing_ok=True)

    @property
    def is_cut_short(self) -> bool:
        """Whether the disk had no room for its end."""
        return (self.folder / "full").exists()

    def cut_short(self) -> None:
        """Note that the disk has no room for its end, where there is room for that."""
        with suppress(OSError):
            (self.folder / "full").touch()

    def stop(self) -> None:
        """Ask whoever writes it to end it.

        Raises:
            OSError: that cannot be noted.
        """
        with suppress(FileNotFoundError):  # it has just been deleted
            (self.folder / "stop").touch()

    def delete(self) -> None:
        """Delete it at once; what is being written goes as soon as its writer sees that.

        Raises:
            OSError: it is being written, and that cannot be noted.
        """
        try:
            (self.folder / "discard").touch()
        except FileNotFoundError:  # somebody else has just deleted it
            return
        except OSError as error:
            if self.is_going or not is_no_room(error):
                raise
        if not self.is_going:
            shutil.rmtree(self.folder, ignore_errors=True)

    def read(self, name: str) -> dict[str, Any] | None:
        """One of its JSON files; None where there is none, or one that is damaged."""
        try:
            told = json.loads((self.folder / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return told if isinstance(told, dict) else None

    def write(self, name: str, told: Mapping[str, Any]) -> None:
        """Write one of its JSON files, so that readers find the old or the new one, whole.

        Raises:
            OSError: it cannot be written.
        """
        lasting = name != "progress.json"  # which is new every second, and on which nothing depends
        replace_file(self.folder / name, json.dumps(dict(told)).encode(), lasting)


def _locks(file: IO[bytes]) -> bool:
    """Whether nobody else has a file locked; then it is by this process."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Records:
    """All records below a folder; any number of processes may share it. Touches nothing until there is a record.

    Args:
        folder: made at the first use.
        keep: seconds for which a record is kept when it is over.
    """

    def __init__(self, folder: Path, keep: float) -> None:
        self.folder = folder
        self.keep = keep

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all others who would begin a record, in whatever process, waiting for the `with` block.

        Raises:
            OSError: the folder cannot be written, or another keeps this one waiting for too long.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / BEGINNING).open("wb") as file:  # its lock ends with it, however the process dies
            until = time.monotonic() + TURN
            while not _locks(file):
                if time.monotonic() > until:
                    raise OSError(errno.EBUSY, f"another process has kept {BEGINNING} locked for {TURN:g} s")
                time.sleep(LOOK)
            yield

    def begin(self, about: Mapping[str, Any]) -> tuple[Record, IO[bytes]]:
        """A new record, locked for this process.

        Raises:
            OSError: its folder cannot be written; then it is gone.
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
        """A record by its id; None where there is none of it."""
        record = Record(self.folder / record_id)
        return record if ID.fullmatch(record_id) and record.exists else None

    def all(self) -> Iterator[Record]:
        """Every record, deleted ones included."""
        if self.folder.is_dir():
            yield from (Record(folder) for folder in self.folder.iterdir() if ID.fullmatch(folder.name))

    def going(self) -> int:
        """How many are being written; one that is over counts no more, though its writer may still hold its lock."""
        return sum(record.is_going and record.summary is None for record in self.all())

    def sweep(self) -> None:
        """Delete what was kept long enough, and what was deleted while it was being written."""
        for record in self.all():
            with suppress(FileNotFoundError):  # somebody else deletes it, too
                if record.is_discarded or self._is_old(record):
                    record.delete()

    def _is_old(self, record: Record) -> bool:
        """Whether its time is over; that of one which can neither go on nor be closed runs from its last change."""
        summary, changed = record.summary, record.folder.stat().st_mtime
        if summary is not None:
            return bool(summary["ended"] + self.keep < time.time())
        return not record.is_going and (record.is_unborn or changed + self.keep < time.time())
