"""A small disk that can really be filled: a tmpfs in a mount namespace of its own, gone with the processes in it."""

import os
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

MOUNT = 'mount -t tmpfs -o "size=$0" tmpfs "$1" && cd "$2" && shift 2 && exec "$@"'
WAYS = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
"""As root, and as anybody where the system lets them."""


def on_small_disk(folder: Path, megabytes: int, command: list[str]) -> list[str]:
    """The command that runs another, from where this is called, with such a disk in the place of a folder."""
    return [*_way(), "sh", "-c", MOUNT, f"{megabytes}m", str(folder), os.getcwd(), *command]


@cache
def _way() -> list[str]:
    errors = []
    for way in WAYS:
        done = subprocess.run([*way, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True)
        if done.returncode == 0:
            return way
        errors.append(done.stderr.strip())
    pytest.skip(f"nothing can be mounted here, so that no disk can be filled: {'; '.join(errors)}")


class Disk:
    """The disk of a process, seen from outside of its namespace."""

    def __init__(self, folder: Path, pid: int | None = None) -> None:
        self.folder = folder if pid is None else Path(f"/proc/{pid}/root{folder}")
        self._filler = self.folder / "filler"

    @property
    def free(self) -> int:
        """Bytes."""
        found = os.statvfs(self.folder)
        return found.f_bavail * found.f_frsize

    def fill(self) -> None:
        """Leave not a byte."""
        with self._filler.open("ab") as file:
            while free := self.free:
                with suppress(OSError):  # somebody was quicker
                    os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, free)

    def clear(self) -> None:
        """Make room again."""
        self._filler.unlink()

    def files(self, *without: str) -> list[Path]:
        """All files but those whose names begin so."""
        return [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(without)]
