"""Uploaded files: written below a folder within limits, and deleted unless they are kept."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from errors import UploadError
from media.limits.disk import check_room, disk_full_errors

MEGABYTE = 1_000_000
PART = ".part"


class Upload:
    """One upload. Unless it is `kept`, it is deleted when the `with` block ends, or by `sweep` after a crash.

    Args:
            folder: where it is written; created if missing.
            limit: its largest size in bytes.

    Raises:
        StorageError: the disk is full; also from `write`, `read_from` and `keep`.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        with disk_full_errors():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._limit = limit
        self.size = self._next_check = 0
        self.path = folder / f"{secrets.token_hex(12)}{PART}"

    def __enter__(self) -> Self:
        self._open()
        while not os.fstat(self._file.fileno()).st_nlink:  # `sweep` deleted it before it was locked
            self._file.close()
            self._open()
        return self

    def _open(self) -> None:
        with disk_full_errors():
            self._file = self.path.open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)  # ends with the process, so `sweep` recognises files of dead ones

    def write(self, data: bytes) -> int:
        """Append bytes, and return how many.

        Raises:
            UploadError: the upload becomes too large.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise UploadError(f"it is larger than {self._limit // MEGABYTE:,} MB; hand in a shorter or smaller one")
        if self.size >= self._next_check:
            self._next_check = self.size + MEGABYTE
            check_room(self._folder)
        with disk_full_errors():
            return self._file.write(data)

    def read_from(self, stream: IO[bytes]) -> None:
        """Write a whole stream.

        Raises:
            UploadError: as for `write`.
        """
        while data := stream.read(1 << 18):
            self.write(data)

    def keep(self, path: Path) -> None:
        """Move the whole file to `path`; its folder is created if missing."""
        with disk_full_errors():
            self._file.flush()
            os.fsync(self._file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.replace(path)

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # bytes that are still buffered are not needed any more
            self._file.close()


def sweep(folder: Path) -> int:
    """Delete what dead processes left unfinished, and return how many files that were."""
    swept = 0
    for path in folder.glob(f"*{PART}"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
                swept += 1
        except (BlockingIOError, FileNotFoundError):  # another process writes it, or it has just been kept
            continue
    return swept
