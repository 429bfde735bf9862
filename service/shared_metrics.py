"""Shared memory in which gunicorn's workers publish their metrics for each other: one slot per worker.

No file backs it, so a full disk cannot affect it, and nothing is left behind however the server ends. An entry outlives
its worker; the next worker in the slot finds it there.

`prometheus_client`'s multiprocess files were tried and rejected: on a full disk the kernel ends the server at the next
new route (SIGBUS), every process that ever ran leaves a file that each scrape reads, and the folder must be swept after
a kill.
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
"""The most workers at a time: at SIGHUP there are twice as many as settings allow."""
SLOT_BYTES = 1 << 18
"""The most bytes of an entry, `HEADER` included; memory that was never written to is not allocated."""
HEADER = struct.Struct("<II")
"""The header of each entry: the number of its bytes, and their CRC-32."""
READ_ATTEMPTS = 100


@dataclass(frozen=True, slots=True)
class WorkerMetrics:
    """The last entry of a slot: the slot's number, from 0; whether its worker is alive; the bytes."""

    slot: int
    alive: bool
    data: bytes


class SharedMetrics:
    """Shared memory for workers' metrics; to be created before the first worker is forked.

    Each slot holds two entries, and a byte that says which of them is valid: so a reader always finds a complete entry,
    even when a worker was killed while writing.
    """

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SLOTS * (1 + 2 * SLOT_BYTES))
        self._locks = tempfile.TemporaryFile()  # noqa: SIM115 - a lock ends with its process, however that ends

    def claim_slot(self) -> int | None:
        """Claim a slot for this process until it ends; return its number, or None when all are taken."""
        for slot in range(SLOTS):
            try:
                fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
            except OSError:
                continue
            return slot
        return None

    def write(self, slot: int, data: bytes) -> None:
        """Replace a slot's entry; by one thread at a time of the process that has claimed the slot.

        Raises:
            ValueError: the data is too large.
        """
        max_bytes = SLOT_BYTES - HEADER.size
        if len(data) > max_bytes:
            raise ValueError(f"got {len(data)} bytes of metrics, expected at most {max_bytes}")
        half = 1 if self._memory[slot] == 2 else 2
        start = _start(slot, half)
        self._memory[start : start + HEADER.size + len(data)] = HEADER.pack(len(data), zlib.crc32(data)) + data
        self._memory[slot] = half

    def read(self, own: int | None) -> Iterator[WorkerMetrics]:
        """Yield the entry of every slot that was ever written; `own` is the calling process' slot.

        Raises:
            OSError: a slot cannot be read, which `write` never causes.
        """
        for slot in range(SLOTS):
            data = self.read_slot(slot)
            if data is not None:
                yield WorkerMetrics(slot, slot == own or self._is_taken(slot), data)

    def read_slot(self, slot: int) -> bytes | None:
        """Return a slot's last entry, perhaps of a worker that is gone; None when it was never written.

        Raises:
            OSError: as for `read`.
        """
        for _ in range(READ_ATTEMPTS):  # a retry is needed only when the owner has written twice meanwhile
            half = self._memory[slot]
            if not half:
                return None
            start = _start(slot, half)
            length, checksum = HEADER.unpack(self._memory[start : start + HEADER.size])
            data = self._memory[start + HEADER.size : start + HEADER.size + min(length, SLOT_BYTES)]
            if zlib.crc32(data) == checksum:
                return data
        raise OSError(f"slot {slot} of the shared metrics holds no complete entry; restart the server")

    def _is_taken(self, slot: int) -> bool:
        """Whether another process has claimed a slot. Testing one's own slot would release its lock."""
        try:
            fcntl.lockf(self._locks, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, slot)
        except OSError:
            return True
        fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, slot)
        return False


def _start(slot: int, half: int) -> int:
    """The offset of one of a slot's two entries."""
    return SLOTS + (2 * slot + half - 1) * SLOT_BYTES


@cache
def get_shared_metrics() -> SharedMetrics:
    """The shared metrics of this server; first called before the first fork."""
    return SharedMetrics()
