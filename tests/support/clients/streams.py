"""Reads the server's MJPEG streams as a client on the network would: over a socket, part by part."""

import http.client
import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from tests.support.waiting import until


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
    """A client that reads a stream in a thread of its own, until it leaves or the stream ends."""

    port: int
    path: str = "/video_feed"
    parts: list[Part] = field(default_factory=list)
    ended: bool = False

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._over = threading.Event()
        self.start()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Read until told to leave, or until the stream ends."""
        with open_stream(self.port, self.path) as answer:
            for part in read_parts(answer):
                self.parts.append(part)
                if self._over.is_set():
                    return
        self.ended = True

    def leave(self) -> None:
        """Read no more; the thread has ended when this returns."""
        self._over.set()
        self.join(30)
        assert not self.is_alive(), "nothing more came, not even a repeat"

    def frames(self) -> list[Part]:
        """The camera's frames so far; drawn notices are left out."""
        return [part for part in list(self.parts) if part.number > 0]

    def await_frames(self, count: int) -> None:
        """Wait until so many more camera frames have come, none of them older than the one before."""
        wanted = len(self.frames()) + count
        until(lambda: len(self.frames()) >= wanted)
        numbers = [part.number for part in self.frames()]
        assert numbers == sorted(numbers), "an older frame came after a newer one"


class Faithful(threading.Thread):
    """A viewer who comes back at once whenever the stream ends, and notes when camera frames arrive."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self._port, self._over = port, threading.Event()
        self.times: list[float] = []
        self.streams = 0
        self.start()

    def run(self) -> None:
        """Watch until told to leave; nobody listening is a reason to try again."""
        while not self._over.is_set():
            try:
                with open_stream(self._port) as answer:
                    self.streams += 1
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

    def await_picture(self) -> None:
        """Wait until one more has come."""
        before = len(self.times)
        until(lambda: len(self.times) > before)

    def longest_gap(self, since: float) -> float:
        """The longest time without a picture, in seconds."""
        times = [since, *(moment for moment in list(self.times) if moment > since)]
        return max((later - earlier for earlier, later in itertools.pairwise(times)), default=float("inf"))
