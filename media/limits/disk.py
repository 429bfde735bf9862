"""Free space on the disk of a folder, and the errors of a full disk."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import StorageError

SPARE = 256_000_000
"""Bytes of the disk that stay free."""
NO_ROOM = errno.ENOSPC, errno.EDQUOT
UNUSABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)
"""Error numbers for a folder that belongs to another user, is read-only, or is no folder at all."""
FULL = "the server's disk is full; try again later, or tell its administrator"


def nearest_existing(folder: Path) -> Path:
    """Return the folder, or its nearest parent that exists."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if exists(path))


def exists(path: Path) -> bool:
    """Whether a file or folder exists; from Python 3.14 on, `Path.exists` says no where it cannot be known.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist yet."""
    return shutil.disk_usage(nearest_existing(folder)).free


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has less than `SPARE` free, so that nothing new may be started on it."""
    return free_bytes(folder) < SPARE


def check_room(folder: Path) -> None:
    """Refuse to start anything on a full disk.

    Raises:
        StorageError: the disk is full.
    """
    if is_full(folder):
        raise StorageError(FULL)


def is_disk_full_error(error: BaseException) -> bool:
    """Whether an error means that the disk, or the user's quota, is full."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in NO_ROOM


@contextmanager
def disk_full_errors() -> Iterator[None]:
    """Turn the errors of a full disk into a `StorageError`.

    Raises:
        StorageError: the disk is full; other errors pass unchanged.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if not is_disk_full_error(error):
            raise
        raise StorageError(FULL) from error


def replace_file(path: Path, data: bytes, durable: bool = False) -> None:
    """Replace a file atomically: readers see the old or the new one, whole. On failure the old one stays.

    A `durable` file survives a power cut; the call then waits until it is on the disk.

    Raises:
            OSError: the file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
