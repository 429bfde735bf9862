"""Files that people hand in: written below a folder within limits, gone after every outcome but success."""

import fcntl
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from errors import UploadError
from media.limits.disk import check_room, telling_no_room

MEGABYTE = 1_000_000
PART = ".part"


class Upload:
    """One file on its way in; unless it is `kept`, it is gone when the `with` block ends, and after a crash by `sweep`.

    Args:
        folder: where it is written; made where it is missing.
        limit: bytes that it may have.

    Raises:
        StorageError: the disk is full; also from `write`, `read_from` and `keep`.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        with telling_no_room():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._limit = limit
        self.size = self._look_at = 0
        self.path = folder / f"{secrets.token_hex(12)}{PART}"

    def __enter__(self) -> Self:
        self._open()
        while not os.fstat(self._file.fileno()).st_nlink:  # a `sweep` was quicker than the lock
            self._file.close()
            self._open()
        return self

    def _open(self) -> None:
        with telling_no_room():
            self._file = self.path.open("wb")
        fcntl.flock(self._file, fcntl.LOCK_EX)  # ends with the process, which is how `sweep` knows

    def write(self, data: bytes) -> int:
        """Add some bytes, and return how many.

        Raises:
            UploadError: it becomes too large.
        """
        self.size += len(data)
        if self.size > self._limit:
            raise UploadError(f"it is larger than {self._limit // MEGABYTE:,} MB; hand in a shorter or smaller one")
        if self.size >= self._look_at:
            self._look_at = self.size + MEGABYTE
            check_room(self._folder)
        with telling_no_room():
            return self._file.write(data)

    def read_from(self, stream: IO[bytes]) -> None:
        """Take all of a stream.

        Raises:
            UploadError: as for `write`.
        """
        while data := stream.read(1 << 18):
            self.write(data)

    def keep(self, path: Path) -> None:
        """Move the whole file to its place, the folder of which is made where it is missing."""
        with telling_no_room():
            self._file.flush()
            os.fsync(self._file.fileno())
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.replace(path)

    def __exit__(self, *_: object) -> None:
        self.path.unlink(missing_ok=True)
        with suppress(OSError):  # what is still to be written is not wanted any more
            self._file.close()


def sweep(folder: Path) -> int:
    """Delete what dead processes left half written, and return how many files that were."""
    swept = 0
    for path in folder.glob(f"*{PART}"):
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
                swept += 1
        except (BlockingIOError, FileNotFoundError):  # somebody is writing it, or it has just been kept
            continue
    return swept
