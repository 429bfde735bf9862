"""Memory limits of a process that reads untrusted files, and returning freed memory."""

import ctypes
import resource
from contextlib import suppress
from pathlib import Path


def limit_memory(growth: int) -> None:
    """Let this process' address space grow by so many bytes and no more; beyond, Python raises MemoryError.

    It also turns off core dumps, which would contain faces.
    """
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + growth, used + growth))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def release_memory() -> None:
    """Return the memory that all threads freed to the system, if the C library can (glibc's malloc_trim(3)).

    Otherwise glibc keeps it in up to eight heaps for each core, which new threads use in turn.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
