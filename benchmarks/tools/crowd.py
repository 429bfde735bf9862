"""A crowd of viewers in one cheap process, which reads MJPEG streams and counts their whole parts.

It runs as a process, so that it has an interpreter of its own: `python -m benchmarks.tools.crowd --port 5000`. Only the
header of each part is copied out of the kernel; the picture is discarded there (MSG_TRUNC, Linux).
"""

import argparse
import json
import re
import select
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

HEAD = 512
"""Bytes read in search of a part's header, which is shorter."""
LENGTH = re.compile(
    rb"Content-Length: *(\d+)\r\n(?:[^\r\n]*\r\n)*?X-Timestamp: *([\d.]+)[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n"
)
_scrap = bytearray(1 << 20)


@dataclass
class Client:
    """One viewer's connection, and what came through it."""

    connection: socket.socket
    number: int = -1
    left: int = 0
    captured_at: float = 0.0
    carried: bytes = b""
    taken: int = 0
    arrivals: list[tuple[float, float]] = field(default_factory=list)
    """For each whole part, when its last byte came and when it was captured; seconds since the epoch."""

    def take(self, most: int = len(_scrap)) -> bool:
        """Read what is there, up to a number of bytes; False if the stream has ended."""
        try:
            if self.left:
                got = self.connection.recv_into(_scrap, min(self.left, most), socket.MSG_TRUNC)
                self.taken += got
                self._discard(got)
                return got > 0
            data = self.connection.recv(min(HEAD, most))
            self.taken += len(data)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.carried += data
        found = LENGTH.search(self.carried)
        if found:
            self.captured_at = float(found[2])
            beyond = len(self.carried) - found.end()
            self.left, self.carried = int(found[1]), b""
            self._discard(beyond)
        return bool(data)

    def _discard(self, count: int) -> None:
        self.left -= count
        if self.left == 0 and count:
            self.arrivals.append((time.time(), self.captured_at))


def request(connection: socket.socket, path: str) -> None:
    """Request a stream as a browser does."""
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())


def client(port: int, path: str, kind: type[Client] = Client) -> Client:
    """Connect a viewer, or another kind of client, and request the stream; reading does not block."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    request(connection, path)
    connection.setblocking(False)
    return kind(connection)


class Crowd:
    """Viewers who read as fast as they can, in one thread."""

    def __init__(self, port: int, path: str) -> None:
        self._port, self._path = port, path
        self._poll = select.epoll()
        self.clients: dict[int, Client] = {}
        self.lost = 0
        """Streams that ended before their viewer left."""

    def __contains__(self, viewer: Client) -> bool:
        return self.clients.get(viewer.number) is viewer

    def enter(self, count: int, path: str = "", kind: type[Client] = Client) -> None:
        """Add viewers, or clients of another path and kind."""
        for _ in range(count):
            new = client(self._port, path or self._path, kind)
            new.number = new.connection.fileno()
            self.clients[new.number] = new
            self._poll.register(new.number, select.EPOLLIN)

    def leave(self, count: int) -> None:
        """Disconnect those who came first."""
        for number in list(self.clients)[:count]:
            self._drop(number)

    def _drop(self, number: int) -> None:
        gone = self.clients.pop(number)
        self._poll.unregister(number)
        gone.connection.close()

    def watch(self, seconds: float) -> None:
        """Read for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for number, _ in self._poll.poll(left):
                if not self.clients[number].take():
                    self.lost += 1
                    self._drop(number)

    def forget(self) -> None:
        """Start counting anew."""
        for viewer in self.clients.values():
            viewer.arrivals.clear()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that a share (0 to 1) of all lie at or below; NaN for none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def figures(crowd: Crowd, seconds: float) -> dict[str, Any]:
    """Return what the crowd received in so many seconds: frames, rates, delays in milliseconds."""
    counts = [len(viewer.arrivals) for viewer in crowd.clients.values()]
    delays = [arrived - captured for viewer in crowd.clients.values() for arrived, captured in viewer.arrivals]
    return {
        "viewers": len(counts),
        "lost": crowd.lost,
        "frames_per_second": round(sum(counts) / seconds, 1),
        "slowest_viewer": round(min(counts, default=0) / seconds, 2),
        "fastest_viewer": round(max(counts, default=0) / seconds, 2),
        "delay_ms": {
            name: round(1000 * percentile(delays, share), 2)
            for name, share in (("50", 0.5), ("95", 0.95), ("99", 0.99))
        },
    }


def main() -> None:
    """Watch for some seconds and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/video_feed")
    parser.add_argument("--viewers", type=int, default=1)
    parser.add_argument("--warm", type=float, default=2.0, help="seconds before counting begins (default 2)")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds that are counted (default 5)")
    options = parser.parse_args()
    crowd = Crowd(options.port, options.path)
    crowd.enter(options.viewers)
    crowd.watch(options.warm)
    crowd.forget()
    print("counting", file=sys.stderr, flush=True)
    spent, began = time.process_time(), time.monotonic()
    crowd.watch(options.seconds)
    report = figures(crowd, time.monotonic() - began)
    report["own_cpu"] = round((time.process_time() - spent) / options.seconds, 3)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
