"""Resource usage of processes: CPU time, memory, threads and open files, from Linux' /proc."""

import os
from dataclasses import dataclass
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """Usage of a process and its children together: CPU seconds since their start, resident MB, threads, open files."""

    cpu: float
    memory: float
    threads: int
    files: int


def family(pid: int) -> list[int]:
    """Return a process and its descendants, whichever of its threads started them."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    children = [child for task in tasks for child in _read(task).split()]
    return [pid, *(each for child in children for each in family(int(child)))]


def _read(path: Path) -> str:
    """Return the content of a thread's file; empty if the thread has ended meanwhile."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""


def usage(pid: int) -> Usage:
    """Return what a process and its children have used up to now."""
    parts = [_of(each) for each in family(pid)]
    return Usage(
        sum(part.cpu for part in parts),
        sum(part.memory for part in parts),
        sum(part.threads for part in parts),
        sum(part.files for part in parts),
    )


def _of(pid: int) -> Usage:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    resident = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return Usage((int(stat[11]) + int(stat[12])) / TICK, resident * PAGE / 1e6, int(stat[17]), files)
