"""How long viewers of a running server wait: until they are told that a camera is lost, and until it is back."""

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from tests.support.clients.streams import Part, Viewer
from tests.support.servers.servers import free_port, running

LONGEST = 30.0
"""Seconds after which nothing is waited for any more."""


class Watch:
    """A viewer of a running server, asked when what it sees has changed."""

    def __init__(self, port: int) -> None:
        self.began_at = time.time()
        self._port = port
        self._viewer = Viewer(port)

    def until(self, wanted: Callable[[Part], bool], since: float | None = None, limit: float = LONGEST) -> float:
        """Seconds from `since` (seconds since the epoch; by default from now) to the first later part of a kind.

        Raises:
            AssertionError: none comes within `limit` seconds, or the stream ends.
        """
        since, seen = since or time.time(), 0
        while time.time() < since + limit:
            parts = self._viewer.parts
            for part in parts[seen:]:
                if part.arrived_at > since and wanted(part):
                    return part.arrived_at - since
            seen = len(parts)
            assert self._viewer.is_alive(), "the stream has ended"
            time.sleep(0.005)
        raise AssertionError(f"nothing of the kind came within {limit:g} s")

    def until_live(self, since: float | None = None) -> float:
        """Seconds to the first picture from the camera."""
        return self.until(lambda part: part.number > 0, since)

    def until_noticed(self, since: float | None = None) -> float:
        """Seconds to the drawn notice that there is none."""
        return self.until(lambda part: part.number == 0, since)

    def await_live(self, count: int = 5) -> None:
        """Wait until so many pictures have come in turn without a notice.

        Raises:
            AssertionError: that does not happen within `LONGEST` seconds.
        """
        seen = len(self._viewer.parts)
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            newest = self._viewer.parts[seen:][-count:]
            if len(newest) == count and all(part.number > 0 for part in newest):
                return
            time.sleep(0.02)
        raise AssertionError(f"no steady picture came within {LONGEST:g} s")

    def leave(self) -> None:
        """Watch no more."""
        self._viewer.leave()

    def numbers(self) -> list[int]:
        """The numbers of all pictures so far; 0 is a drawn notice."""
        return [part.number for part in self._viewer.parts]

    def await_message(self, words: str) -> None:
        """Wait until the API says some words of the camera.

        Raises:
            AssertionError: it does not within `LONGEST` seconds.
        """
        until = time.monotonic() + LONGEST
        while words not in (said := self._message()):
            assert time.monotonic() < until, f"expected {words!r} of the camera, got {said!r}"
            time.sleep(0.05)

    def _message(self) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/api/state", timeout=30) as answer:
            return str(json.load(answer)["cameras"][0]["message"])


@contextmanager
def watching(
    source: str, environment: dict[str, str] | None = None, *options: str, live: bool = True
) -> Iterator[Watch]:
    """A server of its own for one source, and a viewer of it, who sees live pictures already where `live` says so."""
    port = free_port()
    command = [sys.executable, "main.py", "--source", source, "--port", str(port), *options]
    with running(command, port, environment):
        watch = Watch(port)
        if live:
            watch.await_live()
        yield watch


def width(part: Part) -> int:
    """How wide a part's picture is, in pixels, to the nearest eight."""
    image = cv2.imdecode(np.frombuffer(part.jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)
    assert image is not None
    return int(image.shape[1]) * 8


def outage(
    watch: Watch, fail: Callable[[], object], mend: Callable[[], object], lasts: float = 4.0
) -> dict[str, float]:
    """Seconds until viewers are told of a failure, and from its mending until they see the camera again.

    Args:
        watch: who watches.
        fail: makes the camera fail.
        mend: makes it good again, and returns once it is.
        lasts: seconds for which it is gone; after some four the attempts to open it have their longest pauses.
    """
    since = time.time()
    fail()
    delay = watch.until_noticed(since)
    time.sleep(lasts)
    mend()
    return {"noticed": round(delay, 2), "back": round(watch.until_live(), 2)}
