"""What a process that reads files from others may use."""

import resource
from pathlib import Path


def bound_memory(growth: int) -> None:
    """Let this process' address space grow by so many bytes and no more; beyond, Python raises MemoryError.

    Also keeps it from leaving an image of its memory behind when it crashes, faces and all.
    """
    used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + growth, used + growth))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
