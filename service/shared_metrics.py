"""What the workers of one gunicorn post for each other to read, in memory that they share: a place for each.

No file holds it, so a full disk cannot touch it, and nothing is left behind however the server ends. What a worker has
posted outlives it; whoever takes its place later finds it there.

The files of `prometheus_client`'s multiprocess mode were tried and not taken: on a full disk the kernel ends the server
at the next new route (SIGBUS), every process that ever ran leaves a file that each scrape reads, and the folder must be
swept after a kill.
"""

import fcntl
import mmap
import struct
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

SLOTS = 128
"""Workers at a time: at SIGHUP there are twice as many as settings allow."""
SLOT_BYTES = 1 << 18
"""Bytes that a worker may post, those of `HEAD` included; memory that was never written to is not used up."""
HEADER = struct.Struct("<II")
"""Before each posting: the number of its bytes, and their CRC-32."""
READ_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class WorkerMetrics:
    """What the worker of a place posted last: the place's number, from 0 on; whether it lives; its bytes."""

    slot: int
    alive: bool
    data: bytes


class SharedMetrics:
    """Memory for what workers post; to be made before the first of them is forked.

    Each place has room for two postings, and a byte that says which of them counts: so who reads always finds a whole
    one, even where a worker was killed while it wrote.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * (1 + 2 * SLOT_BYTES))
        self._locks = tempfile.TemporaryFile()  # noqa: SIM115 - a lock ends with its process, however that dies

    def claim_slot(self) -> int | None:
        """The number of a place that is this process' own until it ends; None where all are taken."""
        for place in range(SLOTS):
            try:
                fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:
                continue
            return place
        return None

    def write(self, place: int, data: bytes) -> None:
        """Put data in the place of what was posted there before; by one thread at a time of the process that has it.

        Raises:
            ValueError: it is too large.
        """
        most = SLOT_BYTES - HEADER.size
        if len(data) > most:
            raise ValueError(f"got {len(data)} bytes to post, expected at most {most}")
        half = 1 if self._memory[place] == 2 else 2
        start = _start(place, half)
        self._memory[start : start + HEADER.size + len(data)] = HEADER.pack(len(data), zlib.crc32(data)) + data
        self._memory[place] = half

    def read(self, own: int | None) -> Iterator[WorkerMetrics]:
        """What stands at every place where ever something was posted; `own` is the place of the process that asks.

        Raises:
            OSError: a place cannot be read, which no worker that keeps to `post` brings about.
        """
        for place in range(SLOTS):
            data = self.read_slot(place)
            if data is not None:
                yield WorkerMetrics(place, place == own or self._is_taken(place), data)

    def read_slot(self, place: int) -> bytes | None:
        """What was posted there last, perhaps by a worker that is gone; None where nothing ever was.

        Raises:
            OSError: as for `read`.
        """
        for _ in range(READ_ATTEMPTS):  # again only where its owner has posted twice meanwhile
            half = self._memory[place]
            if not half:
                return None
            start = _start(place, half)
            length, checksum = HEADER.unpack(self._memory[start : start + HEADER.size])
            data = self._memory[start + HEADER.size : start + HEADER.size + min(length, SLOT_BYTES)]
            if zlib.crc32(data) == checksum:
                return data
        raise OSError(f"place {place} of the board holds no whole posting; restart the server")

    def _is_taken(self, place: int) -> bool:
        """Whether another process has a place. Its own locks a process would not see, but give away."""
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, place)
        except OSError:
            return True
        fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, place)
        return False


def _start(place: int, half: int) -> int:
    """Where one of a place's two postings begins."""
    return SLOTS + (2 * place + half - 1) * SLOT_BYTES


@cache
def get_shared_metrics() -> SharedMetrics:
    """The one of this server; to be called before the first fork."""
    return SharedMetrics()
