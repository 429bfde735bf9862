"""Ten minutes of a busy building: `make soak-building`.

One webcam of 1280x720 (the stand-in), fifty viewers and ten listeners of whom some leave and come all the time, four
visitors with their own cameras, a picture uploaded each second and a video each half minute, at once, on one gunicorn.
At the end: was anything lost, refused or wrong, and did memory, threads or open files grow?
"""

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.tools.crowd import Client, Crowd, percentile
from benchmarks.tools.listeners import EVENTS, Listener
from benchmarks.tools.processes import Usage, usage
from benchmarks.tools.report import write
from benchmarks.tools.rivals import Running, webcam
from benchmarks.tools.visitor import Link, Visitor
from delivery.renditions import encode
from demo import Demo
from media.queue.job import WAITING
from media.videos.files import VideoCopy

VIEWERS, LISTENERS, VISITORS = 50, 10, 4
CHURN = 2.0
"""Seconds after which the oldest viewer and listener leave, and others come."""
WARM = 60.0
"""Seconds at the start that later memory is compared with; every kind of work was done once by then."""
PICTURE_EVERY, VIDEO_EVERY = 1.0, 30.0
ANSWERS_WITHIN = 30.0


@dataclass
class Uploads(threading.Thread):
    """Uploads pictures and videos, over and over, until stopped.

    Attributes:
        statuses: how often each kind of request got each status.
        times: seconds that each picture took.
    """

    port: int
    picture: bytes
    video: bytes
    stop: threading.Event = field(default_factory=threading.Event)
    statuses: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)

    __hash__ = threading.Thread.__hash__

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        """Upload a picture each second, and a video each half minute."""
        video_at = time.monotonic()
        while not self.stop.is_set():
            began = time.monotonic()
            self._ask("picture", "/api/analyze", self.picture)
            self.times.append(time.monotonic() - began)
            if began >= video_at:
                job = self._ask("video", "/api/videos?name=clip.mp4", self.video)
                self.jobs += [job["id"]] if "id" in job else []
                video_at = began + VIDEO_EVERY
            self.stop.wait(max(0.0, began + PICTURE_EVERY - time.monotonic()))

    def _ask(self, kind: str, path: str, body: bytes) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN)
        try:
            connection.request("POST", path, body)
            answer = connection.getresponse()
            self.statuses[f"{kind} {answer.status}"] += 1
            return dict(json.load(answer))
        except OSError as error:
            self.statuses[f"{kind} {type(error).__name__}"] += 1
            return {}
        finally:
            connection.close()


def ask(server: Running, path: str, method: str = "GET") -> Any:
    """Return the server's JSON answer; None if it has no body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWERS_WITHIN)
    connection.request(method, path)
    body = connection.getresponse().read()
    connection.close()
    return json.loads(body) if body else None


def clip(folder: Path) -> bytes:
    """Return five seconds of the demo, 640x360, as MP4."""
    demo, path = Demo(640, 360, 25), folder / "clip.mp4"
    with VideoCopy(path, 25) as copy:
        for number in range(125):
            copy.write(demo.draw(number)[0], number / 25)
    return path.read_bytes()


def soak(server: Running, video: bytes, seconds: float) -> dict[str, Any]:
    """Run all clients for so many seconds; returns the results."""
    demo = Demo(640, 480, 30)
    jpegs = [encode(demo.draw(number)[0], 75) for number in range(300)]
    visitors = [
        Visitor(partial(Link, server.port), jpegs[75 * i :] + jpegs[: 75 * i], seconds) for i in range(VISITORS)
    ]
    uploads = Uploads(server.port, jpegs[0], video)
    crowd = Crowd(server.port, server.path)
    crowd.enter(VIEWERS)
    crowd.enter(LISTENERS, EVENTS, Listener)
    for thread in (*visitors, uploads):
        thread.start()
    readings, rates = watch(server, crowd, seconds)
    uploads.stop.set()
    for thread in (*visitors, uploads):
        thread.join(ANSWERS_WITHIN)
    states = finished(server, uploads.jobs)
    crowd.leave(len(crowd.clients))
    trips = [trip for visitor in visitors for _, trip in visitor.trips]
    return {
        "seconds": seconds,
        "lost": crowd.lost,
        "fewest_frames_a_second": round(min(rates), 1),
        "mean_frames_a_second": round(mean(rates), 1),
        "visitors": {
            "fewest_answers_a_second": round(min(len(visitor.trips) for visitor in visitors) / seconds, 1),
            "median_ms": round(1000 * percentile(trips, 0.5), 1),
            "p95_ms": round(1000 * percentile(trips, 0.95), 1),
            "failures": sum(len(visitor.failures) for visitor in visitors),
        },
        "uploads": dict(uploads.statuses),
        "picture_p95_ms": round(1000 * percentile(uploads.times, 0.95), 1),
        "videos": dict(Counter(states)),
        "readings": readings,
    }


def watch(server: Running, crowd: Crowd, seconds: float) -> tuple[list[dict[str, float]], list[float]]:
    """Read the server's usage every ten seconds, while viewers come and go; returns it and the viewers' frame rates."""
    readings, rates, began, busy = [], [], time.monotonic(), usage(server.process.pid).cpu
    while (passed := time.monotonic() - began) < seconds:
        deadline = min(began + seconds, time.monotonic() + 10)
        staying, since = [client for client in crowd.clients.values() if type(client) is Client][5:], time.monotonic()
        crowd.forget()
        while time.monotonic() < deadline:
            crowd.leave(1)
            crowd.enter(1)
            if next(iter(crowd.clients.values())).__class__ is Listener:
                crowd.leave(1)
                crowd.enter(1, EVENTS, Listener)
            crowd.watch(min(CHURN, deadline - time.monotonic()))
        rates += [len(client.arrivals) / (time.monotonic() - since) for client in staying if client in crowd]
        used = usage(server.process.pid)
        readings.append(reading(server, passed, used, (used.cpu - busy) / (time.monotonic() - since)))
        busy = used.cpu
    return readings, rates


def reading(server: Running, passed: float, used: Usage, cpu: float) -> dict[str, float]:
    """Return the server's memory, its own and with all children, in MB; threads and files of all; share of a core."""
    own = float(ask(server, "/api/state")["memory"]) / 1e6
    return {
        "at": round(passed),
        "memory": round(own, 1),
        "family": round(used.memory, 1),
        "threads": used.threads,
        "files": used.files,
        "cpu": round(cpu, 2),
    }


def finished(server: Running, jobs: list[str], limit: float = 90.0) -> list[str]:
    """Wait until all videos have ended, or `limit` seconds; returns how each ended, and deletes them."""
    deadline = time.monotonic() + limit
    states = [ask(server, f"/api/videos/{job}")["status"] for job in jobs]
    while any(state in WAITING for state in states) and time.monotonic() < deadline:
        time.sleep(1)
        states = [ask(server, f"/api/videos/{job}")["status"] for job in jobs]
    for job in jobs:
        ask(server, f"/api/videos/{job}", "DELETE")
    return states


def faults(result: dict[str, Any], left: list[str]) -> list[str]:
    """Return what is wrong, in words; `left` are the files that remain in the storage's folders of results."""
    settled = [row for row in result["readings"] if row["at"] >= WARM] or result["readings"]
    third = max(1, len(settled) // 3)
    grown = mean(row["memory"] for row in settled[-third:]) - mean(row["memory"] for row in settled[:third])
    threads = settled[-1]["threads"] - settled[0]["threads"]
    refused = {kind: count for kind, count in result["uploads"].items() if kind not in ("picture 200", "video 202")}
    undone = {state: count for state, count in result["videos"].items() if state != "done"}
    result["grown_mb"], result["threads_more"], result["files_left"] = round(grown, 1), threads, left
    problems = {
        f"{result['lost']} streams ended by themselves": result["lost"] > 0,
        f"{result['visitors']['failures']} frames of visitors were not answered": result["visitors"]["failures"] > 0,
        f"uploads were not answered as they should be: {refused}": bool(refused),
        f"videos did not end well: {undone}": bool(undone),
        f"the server's memory grew by {grown:.1f} MB": grown > 15,
        f"there are {threads} threads more": threads > 10,
        f"files were left: {', '.join(left)}": bool(left),
    }
    return [problem for problem, wrong in problems.items() if wrong]


def main() -> int:
    """Soak, print, write results/benchmark-soak-building.json; the exit status is 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600.0, help="how long (default 600)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video = clip(folder)
        with webcam({"EXPRESSION_STORAGE": str(folder / "storage")}) as server:
            result = soak(server, video, options.seconds)
            left = [str(path.relative_to(folder)) for path in (folder / "storage").rglob("*.mp4")]
    wrong = faults(result, left)
    first, last = result["readings"][0], result["readings"][-1]
    print(
        f"server: {first['memory']:.0f} MB at first, {last['memory']:.0f} MB at the end ({result['grown_mb']:+.1f} MB ",
        end="",
    )
    print(f"between the first and the last third), {first['threads']} and {last['threads']} threads")
    print(f"viewers: {result['mean_frames_a_second']} frames a second, the slowest {result['fewest_frames_a_second']}")
    print(
        f"visitors: {result['visitors']}; uploads: {result['uploads']}, "
        f"pictures within {result['picture_p95_ms']} ms (95 %)"
    )
    print(f"videos: {result['videos']}; processor: {mean(row['cpu'] for row in result['readings']):.2f} cores")
    write("soak-building", result)
    print("\n".join(wrong) or "nothing was lost and nothing grew")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
