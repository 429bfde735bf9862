"""Reads the server's events as a program would: over a socket, line by line."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.clients.streams import open_stream


@dataclass(frozen=True)
class Told:
    """One event as it arrived, at a time in seconds since the epoch."""

    number: int
    kind: str
    data: dict[str, Any]
    arrived_at: float

    def camera(self, name: str = "camera") -> dict[str, Any]:
        """What it says of a camera."""
        return next(camera for camera in self.data["cameras"] if camera["name"] == name)


def parse(lines: Iterator[bytes]) -> Iterator[Told]:
    """The events of an event stream, by the HTML standard, 9.2.6, until it ends; fails on a field that nobody knows."""
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode().removesuffix("\n")
        if not text:
            if "data" in fields:
                yield Told(int(fields["id"]), fields["event"], json.loads(fields["data"]), time.time())
            fields = {}
            continue
        name, _, value = text.partition(": ")
        assert name in ("id", "event", "data", "retry"), text
        assert name not in fields, f"{name} came twice: the data is not in one line"
        fields[name] = value


@contextmanager
def listening(port: int, query: str = "", timeout: float = 30) -> Iterator[Iterator[Told]]:
    """The events that a listener is sent; the connection is cut at the end of the `with` block."""
    with open_stream(port, f"/api/events{query}", timeout) as answer:
        assert answer.status == 200, answer.read()
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"
        yield parse(iter(answer.readline, b""))
