"""Reads the server's MJPEG streams as a client on the network would: over a socket, part by part."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """One frame as it arrived; times are in seconds since the epoch."""

    jpeg: bytes
    number: int
    captured_at: float
    arrived_at: float


@contextmanager
def open_stream(port: int, path: str = "/video_feed", timeout: float = 30) -> Iterator[http.client.HTTPResponse]:
    """The answer to a request for a stream; the connection is cut at the end of the `with` block."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    with closing(connection):
        connection.request("GET", path)
        with connection.getresponse() as answer:
            yield answer


def read_parts(answer: http.client.HTTPResponse) -> Iterator[Part]:
    """The parts of a stream, until it ends; fails on one that is not as multipart/x-mixed-replace has it."""
    assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
    first = answer.readline()
    assert first == b"--frame\r\n", first
    while True:
        head = {}
        while line := answer.readline().strip():
            name, _, value = line.decode().partition(": ")
            head[name] = value
        if not head:
            return
        assert head["Content-Type"] == "image/jpeg"
        jpeg = answer.read(int(head["Content-Length"]))
        closing = answer.read(len(b"\r\n--frame\r\n"))
        assert closing == b"\r\n--frame\r\n", closing
        yield Part(jpeg, int(head["X-Frame"]), float(head["X-Timestamp"]), time.time())


@dataclass
class Viewer(threading.Thread):
    """A client that reads a stream for some seconds, in a thread of its own."""

    port: int
    seconds: float
    path: str = "/video_feed"
    parts: list[Part] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.start()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Read until the time is over or the stream ends."""
        end = time.monotonic() + self.seconds
        with open_stream(self.port, self.path) as answer:
            for part in read_parts(answer):
                self.parts.append(part)
                if time.monotonic() > end:
                    return
        self.ended = True

    def await_parts(self, count: int, seconds: float = 30) -> None:
        """Wait until so many parts have come; fails when they do not come in time."""
        end = time.monotonic() + seconds
        while len(self.parts) < count:
            assert time.monotonic() < end, f"{len(self.parts)} of {count} parts came within {seconds:g} s"
            time.sleep(0.05)

    def rate(self) -> float:
        """Camera frames a second, drawn notices and repeats left out."""
        live = [part for part in self.parts if part.number > 0]
        numbers = {part.number for part in live}
        return (len(numbers) - 1) / (live[-1].arrived_at - live[0].arrived_at)

    def keeps_pace(self, fps: float) -> bool:
        """Whether frames came as fast as the camera gives them; with room for a busy machine."""
        rate = self.rate()
        assert 0.55 * fps < rate < 1.2 * fps, f"{rate:.1f} frames a second, expected {fps:g}"
        return True


class Faithful(threading.Thread):
    """A viewer who comes back at once whenever the stream ends, and notes when camera frames arrive."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port, self._over = port, threading.Event()
        self.times: list[float] = []
        self.start()

    def run(self) -> None:
        """Watch until told to leave; nobody listening is a reason to try again."""
        while not self._over.is_set():
            try:
                with open_stream(self._port) as answer:
                    for part in read_parts(answer):
                        if part.number > 0:
                            self.times.append(time.monotonic())
                        if self._over.is_set():
                            return
            except ConnectionError:
                time.sleep(0.02)

    def leave(self) -> None:
        """Tell it to end."""
        self._over.set()

    def longest_gap(self, since: float) -> float:
        """The longest time without a picture, in seconds."""
        times = [since, *(moment for moment in list(self.times) if moment > since)]
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=float("inf"))
