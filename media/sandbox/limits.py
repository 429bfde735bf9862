"""What a process that reads files from others may use, and what it gives back."""

import ctypes
import resource
from contextlib import suppress
from pathlib import Path


def bound_memory(growth: int) -> None:
    """Let this process' address space grow by so many bytes and no more; beyond, Python raises MemoryError.

    Also keeps it from leaving an image of its memory behind when it crashes, faces and all.
    """
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + growth, used + growth))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def give_memory_back() -> None:
    """Return to the system what was freed in all threads, where the C library can (glibc's malloc_trim(3)).

    It keeps it otherwise, in up to eight heaps a core, to which new threads come in turn.
    """
    with suppress(AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
