"""How many answers a second do visitors with their own camera get, and how long does one take?

One visitor and four at once, at 640x480 and 30 frames a second; each sends the newest frame when the previous one was
answered, as the page does. The program behind gunicorn and the usual way (a POST with a data URL for each frame, Haar
on the whole of it, gunicorn too) alternate, on the same frames. Clients and server share this machine.
"""

import argparse
import base64
import http.client
import json
import os
import statistics
import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.tools.crowd import percentile
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, free_port, project, started
from benchmarks.tools.visitor import Asker, Link, Visitor
from delivery.renditions import encode
from demo import Demo
from faces import Image

SIZE = (640, 480)
QUALITY = 75
FPS = 30.0
WARM = 2.0
"""Seconds at the start that are not counted, until faces are found for the first time."""
FRAMES = 300
USUAL = "benchmarks.tools.posting:create_app()"


def usual_way() -> AbstractContextManager[Running]:
    """Start the baseline: gunicorn with enough threads."""
    port = free_port()
    options = ["--config", os.devnull, "--bind", f"127.0.0.1:{port}", "--threads", "8", "--log-level", "error"]
    return started([sys.executable, "-m", "gunicorn", *options, USUAL], port, "/frame", {})


class Posts:
    """The usual way: each frame a POST request, as JSON with a data URL."""

    period = 0.0

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(self, jpeg: bytes) -> Any:
        """Send a frame and wait for its answer."""
        body = json.dumps({"image": "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()})
        self._connection.request("POST", "/frame", body, {"Content-Type": "application/json"})
        return json.loads(self._connection.getresponse().read())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def drawn(people: int) -> list[Image]:
    """Return some seconds of the demo with so many people, forwards and backwards, so that nothing jumps."""
    demo = Demo(*SIZE, FPS, people=people)
    images = [demo.draw(number)[0] for number in range(FRAMES)]
    return images + images[-2:0:-1]


def from_video(path: Path) -> list[Image]:
    """Return the middle of a video's first frames, scaled to 640x480, forwards and backwards."""
    capture = cv2.VideoCapture(str(path))
    images: list[Image] = []
    while len(images) < FRAMES and (got := capture.read())[0]:
        images.append(_fit(got[1]))
    capture.release()
    if not images:
        sys.exit(f"{path}: it is no video that can be read; MP4, MOV, WebM and AVI work")
    return images + images[-2:0:-1]


def _fit(image: Any) -> Image:
    height, width = image.shape[:2]
    high, wide = min(height, width * SIZE[1] // SIZE[0]), min(width, height * SIZE[0] // SIZE[1])
    top, left = (height - high) // 2, (width - wide) // 2
    part = image[top : top + high, left : left + wide]
    return np.asarray(cv2.resize(part, SIZE, interpolation=cv2.INTER_AREA), np.uint8)


def measure(connect: Callable[[], Asker], count: int, jpegs: Sequence[bytes], seconds: float) -> dict[str, Any]:
    """Measure so many visitors at once, each in a thread: answers a second, milliseconds, faces in an answer."""
    shift = len(jpegs) // count
    clips = [[*jpegs[shift * number :], *jpegs[: shift * number]] for number in range(count)]
    visitors = [Visitor(connect, clip, WARM + seconds, FPS) for clip in clips]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    trips = [[trip for at, trip in visitor.trips if at >= WARM] for visitor in visitors]
    faces = [count for visitor, each in zip(visitors, trips, strict=True) for count in visitor.faces[-len(each) :]]
    everyone = [trip for each in trips for trip in each]
    return {
        "visitors": count,
        "slowest_answers_per_second": round(min(len(each) for each in trips) / seconds, 1),
        "median_ms": round(1000 * percentile(everyone, 0.5), 1),
        "slowest_median_ms": round(1000 * max(percentile(each, 0.5) for each in trips), 1),
        "p95_ms": round(1000 * percentile(everyone, 0.95), 1),
        "faces_an_answer": round(statistics.mean(faces), 2),
        "failures": sum(len(visitor.failures) for visitor in visitors),
    }


def main() -> None:
    """Measure one visitor and four, both ways, print, write results/benchmark-own-camera.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8.0, help="counted for each (default 8)")
    parser.add_argument("--people", type=int, default=1, help="people in the demo before each camera (default 1)")
    parser.add_argument("--clip", type=Path, help="a video to show in place of the demo")
    options = parser.parse_args()
    images = from_video(options.clip) if options.clip else drawn(options.people)
    jpegs = [encode(image, QUALITY) for image in images]
    rows = []
    for count in (1, 4):
        with project({"EXPRESSION_SOURCE": "demo"}) as server:
            ours = measure(partial(Link, server.port), count, jpegs, options.seconds)
        with usual_way() as server:
            usual = measure(partial(Posts, server.port), count, jpegs, options.seconds)
        rate, trip = "slowest_answers_per_second", "median_ms"
        times = {"answers": ratio(ours[rate], usual[rate]), "trip": ratio(usual[trip], ours[trip])}
        rows.append({"project": ours, "usual": usual, "times": times})
        for name, row in (("this program", ours), ("usual way", usual)):
            print(
                f"{count} visitor(s), {name}: {row[rate]:.1f} answers/s for the slowest, half within {row[trip]:.1f} "
                f"ms, 95 of 100 within {row['p95_ms']:.1f} ms, {row['faces_an_answer']:.2f} faces an answer"
            )
        print(f"  answers a second {times['answers']:g} times as many, round trip {times['trip']:g} times as quick")
    kilobytes = round(statistics.mean(map(len, jpegs)) / 1000, 1)
    write("own-camera", {"frame_kilobytes": kilobytes, "rows": rows})


if __name__ == "__main__":
    main()
