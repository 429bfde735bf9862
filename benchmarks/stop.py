"""How long does gunicorn take to stop while fifty viewers watch, compared with a plain generator?

And while a record is being made and browsers keep idle connections open?
"""

import argparse
import http.client
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing

from benchmarks.tools.crowd import Crowd
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, picture, plain, webcam

VIEWERS = 50
IDLE = 10
"""Browsers whose connection is open and idle."""
BAR = 1.0
"""Longest stop in seconds."""


def seconds(server: AbstractContextManager[Running], prepare: Callable[[int], None] = lambda port: None) -> float:
    """Return the seconds from SIGTERM to the end of the process, with viewers who read on; `prepare` gets the port."""
    with server as running:
        crowd = Crowd(running.port, running.path)
        crowd.enter(VIEWERS)
        prepare(running.port)
        crowd.watch(4)
        seen = [len(viewer.arrivals) for viewer in crowd.clients.values()]
        if len(seen) < VIEWERS or not all(seen):
            raise RuntimeError(f"not everybody was watching: {seen}")
        running.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        while running.process.poll() is None:
            crowd.watch(0.01)
        return time.monotonic() - start


def busy() -> float:
    """Return the same while a record is being made and browsers are idle."""
    with ExitStack() as stack:
        storage = stack.enter_context(tempfile.TemporaryDirectory())

        def prepare(port: int) -> None:
            ask(stack, port, "POST", "/api/records", 201)
            for _ in range(IDLE):
                ask(stack, port, "GET", "/healthz", 200)

        return seconds(webcam({"EXPRESSION_STORAGE": storage}), prepare)


def ask(stack: ExitStack, port: int, method: str, path: str, expected: int) -> None:
    """Send a request, and keep the connection open.

    Raises:
        RuntimeError: the answer has another status.
    """
    connection = stack.enter_context(closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)))
    connection.request(method, path)
    with connection.getresponse() as answer:
        body = answer.read()
        if answer.status != expected:
            raise RuntimeError(f"{method} {path}: got {answer.status}, expected {expected}: {body.decode()}")


def main() -> None:
    """Stop all, print, write results/benchmark-stop.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    ours, full = seconds(webcam({})), busy()
    theirs = seconds(plain(picture(40_000), VIEWERS + 10))
    print(f"stopped with {VIEWERS} viewers after {ours:.2f} s; a plain generator after {theirs:.1f} s")
    print(f"with a record and {IDLE} idle browsers besides after {full:.2f} s; the bar is {BAR:g} s")
    figures = {"project_s": ours, "project_with_record_s": full, "plain_generator_s": theirs}
    write("stop", {"viewers": VIEWERS, "idle": IDLE, "bar_s": BAR, **figures, "ratio": ratio(ours, theirs)})


if __name__ == "__main__":
    main()
