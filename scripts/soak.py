"""Holds a server under load and looks for what it loses: `make soak`.

Two hundred viewers watch one gunicorn worker, and two hundred listeners hear its events; each second a tenth of them
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

from benchmarks.tools.audience import EVENTS, Ear
from benchmarks.tools.crowd import Client, Crowd
from benchmarks.tools.processes import Usage, usage
from benchmarks.tools.report import write
from benchmarks.tools.rivals import Running, project

TENTHS = 10
"""Of all who are there, one in so many leaves each second."""
CLOSING = 3.0
"""Seconds for the sockets of hundreds who have left at once to be closed; gunicorn itself takes up to two."""
SPAN = 5
"""Seconds over which a viewer's frames are counted."""


@dataclass(frozen=True)
class Soaked:
    """What came of it. `first` was read with all viewers watching, `last` a churned time later, `after` without any."""

    first: Usage
    last: Usage
    after: Usage
    frames: int
    came: int
    each: int
    """Who came in each second, and as many left."""
    lost: int
    slowest: float
    """Frames a second of the viewer who got the fewest, of those who watched for some seconds on end."""
    rarest: float
    """The same for listeners, in events a second."""

    def faults(self) -> list[str]:
        """What is wrong, in words; empty where nothing is."""
        grown = self.last.memory - self.first.memory
        threads, files = self.last.threads - self.first.threads, self.last.files - self.first.files
        found = {
            f"{self.lost} streams ended by themselves": self.lost > 0,
            # who comes before it is noticed that another has left needs one thread more, which the pool keeps
            f"there are {threads} threads more": threads > self.each + 4,
            f"{files} files more are open": files > 4,
            f"{self.after.files} files are open with nobody there": self.after.files > self.first.files / 2 + 20,
            f"memory grew by {grown:.1f} MB": grown > 10,
            f"a viewer got only {self.slowest:.1f} frames a second": self.slowest < 1,
            f"a listener got only {self.rarest:.1f} events a second": self.rarest < 1,
        }
        return [words for words, wrong in found.items() if wrong]


def soak(server: Running, viewers: int, listeners: int, seconds: int, warm: int) -> Soaked:
    """Let them watch, listen, come and go for so many seconds, after `warm` seconds in which they do so too."""
    crowd, frames, slowest = Crowd(server.port, server.path), 0, {Client: float("inf"), Ear: float("inf")}
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
    return Soaked(first, last, after, frames, came, each, crowd.lost, slowest[Client], slowest[Ear])


def _enter_tenth(crowd: Crowd, viewers: int, listeners: int) -> None:
    crowd.enter(viewers // TENTHS)
    crowd.enter(listeners // TENTHS, EVENTS, Ear)


def await_nobody(server: Running, limit: float = 15.0) -> None:
    """Wait until the server counts no viewer and no listener.

    Raises:
        RuntimeError: it still does after `limit` seconds.
    """
    until = time.monotonic() + limit
    while time.monotonic() < until:
        address = f"http://127.0.0.1:{server.port}/api/state"
        with urllib.request.urlopen(address, timeout=10) as answer:  # http to this machine  # nosec B310
            state = json.load(answer)
        watching = state["viewers"] + state["listeners"]
        if not watching:
            return
        time.sleep(0.2)
    raise RuntimeError(f"{watching} are still counted {limit:g} s after all have left")


def main() -> int:
    """Soak, print, write results/benchmark-soak.json; the exit status is 1 where something was lost or grew."""
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
        soaked = soak(server, options.viewers, options.listeners, options.seconds, warm=10)
    for name in ("first", "last", "after"):
        use: Usage = getattr(soaked, name)
        print(f"{name:5s}: {use.memory:.1f} MB, {use.threads} threads, {use.files} open files")
    print(f"{soaked.came} came, over {soaked.frames} frames went out, {soaked.lost} streams were lost; ", end="")
    print(f"nobody got fewer than {soaked.slowest:.1f} frames or {soaked.rarest:.1f} events a second")
    faults = soaked.faults()
    write("soak", {**vars(soaked), **{name: vars(getattr(soaked, name)) for name in ("first", "last", "after")}})
    print("\n".join(faults) or "nothing was lost and nothing grew")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
