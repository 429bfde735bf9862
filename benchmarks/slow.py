"""What does a viewer on a slow connection see, and what does a stuck one cost the others?

The slow connection takes 200 kB a second, from this program and from uStreamer alternately, offered 40 kB thirty times
a second: how old is a frame when its last byte has come? Then fifty viewers watch this program without and with one
more who never reads: what changes for them, and when are that viewer's thread and socket free?
"""

import argparse
import json
import socket
import time
import urllib.request
from contextlib import AbstractContextManager
from statistics import mean
from typing import Any

from benchmarks.tools.crowd import Client, percentile, request
from benchmarks.tools.report import write
from benchmarks.tools.rivals import Running, crowd, offered, picture, ustreamer

BYTES_PER_SECOND = 200_000
"""Bytes a second that the slow connection carries."""
BUFFER = 16 * 1024
"""Receive buffer of the slow viewer in bytes: 80 ms of the connection."""
SLICE = 0.01
FREED_LIMIT = 30.0


def connect(server: Running) -> socket.socket:
    """Connect a viewer with a small receive buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    connection.connect(("127.0.0.1", server.port))
    request(connection, server.path)
    return connection


def ages(server: AbstractContextManager[Running], seconds: float) -> list[float]:
    """Return the seconds from capture to last byte of each frame that comes through the slow connection."""
    with server as running, connect(running) as connection:
        connection.setblocking(False)
        viewer, start = Client(connection), time.monotonic()
        while (elapsed := time.monotonic() - start) < seconds:
            before = -1
            while (allowed := int(elapsed * BYTES_PER_SECOND) - viewer.taken) > 0 and viewer.taken != before:
                before = viewer.taken
                if not viewer.take(allowed):
                    raise RuntimeError("the stream ended")
            time.sleep(SLICE)
        return [arrived - captured for arrived, captured in viewer.arrivals]


def summary(ages_found: list[float]) -> dict[str, float]:
    """Return mean, 95th percentile and maximum of some ages."""
    return {
        "mean": round(mean(ages_found), 2),
        "95th": round(percentile(ages_found, 0.95), 2),
        "most": round(max(ages_found), 2),
    }


def stuck(jpeg: bytes, seconds: float) -> dict[str, Any]:
    """Measure fifty viewers without and with a stuck one, and the seconds after which that one is disconnected."""
    with offered(jpeg, 30) as server:
        without = crowd(server, 50, seconds)
        with connect(server):
            since = time.monotonic()
            beside = crowd(server, 50, seconds)
            freed = freed_after(server, since)
    return {"without": without, "beside a stuck one": beside, "freed after s": freed}


def freed_after(server: Running, since: float) -> float:
    """Return the seconds until no viewer is counted any more.

    Raises:
        RuntimeError: that took too long.
    """
    while time.monotonic() - since < FREED_LIMIT:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/state", timeout=5) as answer:
            if json.load(answer)["viewers"] == 0:
                return round(time.monotonic() - since, 1)
        time.sleep(0.1)
    raise RuntimeError(f"the stuck viewer was kept for more than {FREED_LIMIT:g} s")


def main() -> None:
    """Measure both, print, write results/benchmark-slow.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="on the slow connection, for each (default 20)")
    options, jpeg = parser.parse_args(), picture(40_000)
    rows: dict[str, Any] = {
        "project": summary(ages(offered(jpeg, 30), options.seconds)),
        "ustreamer": summary(ages(ustreamer(jpeg, 30), options.seconds)),
    }
    print(f"On a connection of {BYTES_PER_SECOND // 1000} kB/s a frame of 40 kB has come after:")
    for name, age in rows.items():
        print(f"  {name:9s} {age['mean']:.2f} s on average, at most {age['most']:.2f} s")
    rows["stuck"] = stuck(jpeg, 4.0)
    for name in ("without", "beside a stuck one"):
        row = rows["stuck"][name]
        print(
            f"50 viewers {name}: {row['frames_per_second']:.0f} frames/s, 95 of 100 within "
            f"{row['delay_ms']['95']:.1f} ms, {100 * row['cpu']:.1f} % of a core"
        )
    print(f"the stuck one is let go after {rows['stuck']['freed after s']:.1f} s")
    write("slow", rows)


if __name__ == "__main__":
    main()
