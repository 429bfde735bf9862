"""The disk below a folder: how much room is left, and what is done when there is none."""

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from errors import StorageError

SPARE = 256_000_000
"""Bytes of the disk that are left free."""
NO_ROOM = errno.ENOSPC, errno.EDQUOT
UNUSABLE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)
"""What a folder that is another's, read-only, or no folder at all is answered with."""
FULL = "the server's disk is full; try again later, or tell its keeper"


def nearest_there(folder: Path) -> Path:
    """A folder that may be made yet, or the one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if is_there(path))


def is_there(path: Path) -> bool:
    """Whether a file or folder exists; from Python 3.14 on, Path.exists says no where it cannot be known.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def free_bytes(folder: Path) -> int:
    """Room on the disk of a folder, which may be made yet."""
    return shutil.disk_usage(nearest_there(folder)).free


def is_full(folder: Path) -> bool:
    """Whether the disk of a folder has so little room left that nothing more is begun on it."""
    return free_bytes(folder) < SPARE


def check_room(folder: Path) -> None:
    """Refuse to begin anything on a disk that is full.

    Raises:
        StorageError: it is.
    """
    if is_full(folder):
        raise StorageError(FULL)


def is_no_room(error: BaseException) -> bool:
    """Whether an error says that a disk, or one's share of it, is full."""
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and error.errno in NO_ROOM


@contextmanager
def telling_no_room() -> Iterator[None]:
    """Say in words that the disk is full, where something is written.

    Raises:
        StorageError: it is; other errors pass as they are.
    """
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        if not is_no_room(error):
            raise
        raise StorageError(FULL) from error


def replace_file(path: Path, data: bytes, lasting: bool = False) -> None:
    """Write a file so that whoever reads it finds the old or the new one, whole; where that fails, the old one stays.

    What is `lasting` is found so after a power cut, too, which takes until it is on the disk.

    Raises:
        OSError: it cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
