"""How much memory does the server hold, at the start and after 20,000 frames with viewers coming and going?

One webcam of 1280x720 (the stand-in, faster than a real one, so that frames pass sooner), gunicorn, ten viewers of
whom one leaves and one comes each half second. At the end, what does the server cost when nobody watches?
"""

import argparse
import json
import time
import urllib.request
from typing import Any

from benchmarks.tools.crowd import Crowd
from benchmarks.tools.processes import usage
from benchmarks.tools.report import write
from benchmarks.tools.rivals import Running, webcam

VIEWERS = 10
IDLE_LIMIT = 20.0
LEVEL = 10
"""Readings, one each half second, whose mean is the memory at the start and at the end."""


def state(server: Running) -> dict[str, Any]:
    """Return the server's state."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/state", timeout=10) as answer:
        return dict(json.load(answer))


def megabytes(server: Running) -> float:
    """Return the memory of the worker, which serves; gunicorn's master does nothing."""
    return round(float(state(server)["memory"]) / 1e6, 1)


def main() -> None:
    """Watch for so many frames, then stop watching; print, write results/benchmark-memory.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=20_000, help="frames to let pass (default 20000)")
    options = parser.parse_args()
    with webcam({"EXPRESSION_IDLE": "1"}, fps=100) as server:
        idle = megabytes(server)
        crowd = Crowd(server.port, server.path)
        crowd.enter(VIEWERS)
        crowd.watch(5)
        readings: list[tuple[int, float]] = []
        while (passed := state(server)["cameras"][0]["frame"]) < options.frames:
            crowd.leave(1)
            crowd.enter(1)
            crowd.watch(0.5)
            crowd.forget()
            readings.append((passed, megabytes(server)))
        start, end, lost = level(readings[:LEVEL]), level(readings[-LEVEL:]), crowd.lost
        crowd.leave(VIEWERS)
        unwatched = cpu_when_idle(server)
    print(f"{idle:.0f} MB before the first viewer, {start:.0f} MB at first, {end:.0f} MB after {passed} frames")
    print(f"that is {end - start:+.1f} MB; {lost} streams lost")
    print(f"nobody watching: {100 * unwatched:.2f} % of a core, camera closed")
    figures = {"idle_mb": idle, "start_mb": start, "end_mb": end, "growth_mb": round(end - start, 1), "frames": passed}
    some = readings[:: max(1, len(readings) // 50)]
    write("memory", {**figures, "idle_cpu": unwatched, "lost": lost, "readings": some})


def level(readings: list[tuple[int, float]]) -> float:
    """Return the mean of some readings: a frame of 2.8 MB that is alive or not makes single ones jump."""
    return round(sum(megabytes for _, megabytes in readings) / len(readings), 1)


def cpu_when_idle(server: Running, seconds: float = 10.0) -> float:
    """Return the share of a core that the server takes when its camera is closed, gunicorn's master included.

    Raises:
        RuntimeError: the camera stayed open.
    """
    deadline = time.monotonic() + IDLE_LIMIT
    while state(server)["cameras"][0]["status"] != "idle":
        if time.monotonic() > deadline:
            raise RuntimeError(f"the camera is still open {IDLE_LIMIT:g} s after the last viewer")
        time.sleep(0.2)
    before = usage(server.process.pid).cpu
    time.sleep(seconds)
    return round((usage(server.process.pid).cpu - before) / seconds, 4)


if __name__ == "__main__":
    main()
