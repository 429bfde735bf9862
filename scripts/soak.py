"""Holds a server under load and looks for leaks and losses: `make soak`.

Two hundred viewers watch one gunicorn worker, and two hundred listeners receive its events; each second a tenth of them
leave and as many come. At the end: were streams lost or requests refused, and did threads, open files or memory grow?
"""

import argparse
import json
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.tools.crowd import Client, Crowd
from benchmarks.tools.listeners import EVENTS, Listener
from benchmarks.tools.processes import Usage, usage
from benchmarks.tools.report import write
from benchmarks.tools.rivals import Running, project

TENTHS = 10
"""One in so many clients leaves each second."""
CLOSING = 3.0
"""Seconds until the sockets of hundreds who left at once are closed; gunicorn itself takes up to two."""
SPAN = 5
"""Seconds over which a viewer's frames are counted."""


@dataclass(frozen=True)
class Result:
    """The results. `first` was read with all viewers watching, `last` a churned time later, `after` without any."""

    first: Usage
    last: Usage
    after: Usage
    frames: int
    came: int
    each: int
    """Clients that came in each second, and as many that left."""
    lost: int
    slowest: float
    """Frames a second of the slowest viewer, of those who watched for some seconds on end."""
    rarest: float
    """The same for listeners, in events a second."""

    def faults(self) -> list[str]:
        """Return what is wrong, in words; empty if nothing is."""
        grown = self.last.memory - self.first.memory
        threads, files = self.last.threads - self.first.threads, self.last.files - self.first.files
        problems = {
            f"{self.lost} streams ended by themselves": self.lost > 0,
            # a client that comes before the leaving of another is noticed needs one more thread, which the pool keeps
            f"there are {threads} threads more": threads > self.each + 4,
            f"{files} files more are open": files > 4,
            f"{self.after.files} files are open with nobody there": self.after.files > self.first.files / 2 + 20,
            f"memory grew by {grown:.1f} MB": grown > 10,
            f"a viewer got only {self.slowest:.1f} frames a second": self.slowest < 1,
            f"a listener got only {self.rarest:.1f} events a second": self.rarest < 1,
        }
        return [problem for problem, wrong in problems.items() if wrong]


def soak(server: Running, viewers: int, listeners: int, seconds: int, warm: int) -> Result:
    """Run viewers and listeners for so many seconds, after `warm` seconds in which they come and go too."""
    crowd, frames, slowest = Crowd(server.port, server.path), 0, {Client: float("inf"), Listener: float("inf")}
    for _ in range(TENTHS):
        _enter_tenth(crowd, viewers, listeners)
    crowd.watch(3)
    first = usage(server.process.pid)
    staying = list(crowd.clients.values())
    for second in range(1, warm + seconds + 1):
        crowd.leave(viewers // TENTHS + listeners // TENTHS)
        _enter_tenth(crowd, viewers, listeners)
        crowd.watch(1)
        if second % SPAN == 0:
            frames += sum(len(client.arrivals) for client in crowd.clients.values() if type(client) is Client)
            for client in staying:
                if client in crowd:
                    slowest[type(client)] = min(slowest[type(client)], len(client.arrivals) / SPAN)
            staying = list(crowd.clients.values())
            crowd.forget()
        if second == warm:
            first = usage(server.process.pid)
    last, each = usage(server.process.pid), viewers // TENTHS + listeners // TENTHS
    crowd.leave(len(crowd.clients))
    await_nobody(server)
    time.sleep(CLOSING)
    after, came = usage(server.process.pid), (TENTHS + warm + seconds) * each
    return Result(first, last, after, frames, came, each, crowd.lost, slowest[Client], slowest[Listener])


def _enter_tenth(crowd: Crowd, viewers: int, listeners: int) -> None:
    crowd.enter(viewers // TENTHS)
    crowd.enter(listeners // TENTHS, EVENTS, Listener)


def await_nobody(server: Running, limit: float = 15.0) -> None:
    """Wait until the server counts no viewer and no listener.

    Raises:
        RuntimeError: it still does after `limit` seconds.
    """
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        address = f"http://127.0.0.1:{server.port}/api/state"
        with urllib.request.urlopen(address, timeout=10) as answer:  # http to this machine  # nosec B310
            state = json.load(answer)
        watching = state["viewers"] + state["listeners"]
        if not watching:
            return
        time.sleep(0.2)
    raise RuntimeError(f"{watching} are still counted {limit:g} s after all have left")


def main() -> int:
    """Soak, print, write results/benchmark-soak.json; the exit status is 1 if something was lost or grew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=200, help="at a time (default 200)")
    parser.add_argument("--listeners", type=int, default=200, help="at a time (default 200)")
    parser.add_argument("--seconds", type=int, default=60, help="after 10 s of warming up (default 60)")
    options = parser.parse_args()
    settings = {
        "EXPRESSION_SOURCE": "demo",
        "EXPRESSION_MAX_VIEWERS": str(options.viewers + options.viewers // 5),
        "EXPRESSION_MAX_LISTENERS": str(options.listeners + options.listeners // 5),
    }
    with project(settings) as server:
        result = soak(server, options.viewers, options.listeners, options.seconds, warm=10)
    for name in ("first", "last", "after"):
        use: Usage = getattr(result, name)
        print(f"{name:5s}: {use.memory:.1f} MB, {use.threads} threads, {use.files} open files")
    print(f"{result.came} came, over {result.frames} frames went out, {result.lost} streams were lost; ", end="")
    print(f"nobody got fewer than {result.slowest:.1f} frames or {result.rarest:.1f} events a second")
    faults = result.faults()
    write("soak", {**vars(result), **{name: vars(getattr(result, name)) for name in ("first", "last", "after")}})
    print("\n".join(faults) or "nothing was lost and nothing grew")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
