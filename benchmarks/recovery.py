"""How soon do viewers learn that a camera is lost, and how soon is it back once it works again?

Every kind of source, read by a server of its own with a viewer: network cameras (GStreamer's RTSP server, uStreamer)
that are killed and restarted, and that hang without closing anything; a webcam (the tests' stand-in) that is unplugged
and plugged in again, and that stalls; a file that is deleted and put back; Redis and a
camera node behind it. For comparison: how long OpenCV's own `read`
waits for a camera that hangs, before it reports it; it never opens the camera again.
"""

import argparse
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cv2

from benchmarks.tools.report import write
from demo import Demo
from tests.support.cameras.cameras import NetworkCamera, build_stand_in, mjpeg_camera, rtsp_camera
from tests.support.servers.clusters import cluster_of_two
from tests.support.servers.recovery import Watch, outage, watching

LOST_WITHIN, BACK_WITHIN = 1.0, 3.0
"""The limits, in seconds."""
Row = tuple[str, str, list[dict[str, float]]]


def measure(
    watch: Watch, rounds: int, fail: Callable[[], object], mend: Callable[[], object], lasts: float
) -> list[dict[str, float]]:
    """Measure some outages, each after a second of live pictures."""
    measured = []
    for round_number in range(rounds):
        watch.await_live()
        # each lasts a little longer, so that the camera comes back at another point between two attempts to open it
        measured.append(outage(watch, fail, mend, lasts + 0.4 * round_number))
    return measured


def network_rows(name: str, camera: NetworkCamera, rounds: int) -> Iterator[Row]:
    """Measure a network camera that is killed, and that hangs for shorter and longer than the timeouts."""

    def hang() -> None:
        camera.tell(signal.SIGSTOP)

    def resume() -> None:
        camera.tell(signal.SIGCONT)

    with camera, watching(camera.url) as watch:
        yield name, "killed and started again", measure(watch, rounds, camera.kill, camera.start, 4)
        yield name, "hangs for 2 s", measure(watch, rounds, hang, resume, 2)
        yield name, "hangs for 11 s", measure(watch, rounds, hang, resume, 11)


def webcam_rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Measure a webcam that is unplugged, and that stalls."""
    stand_in = build_stand_in(folder)
    control = Path(stand_in["STAND_IN_CONTROL"])
    with watching("0", stand_in) as watch:
        for word, what, lasts in (("gone", "pulled out and put back", 4.0), ("stall", "stalls for 7 s", 7.0)):
            fail, mend = (lambda word=word: control.write_text(word)), (lambda: control.write_text(""))
            yield "webcam", what, measure(watch, rounds, fail, mend, lasts)


def file_rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Measure a file that is deleted, and put back."""
    path, away, demo = folder / "clip.avi", folder / "away.avi", Demo(640, 360, 30)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 360))
    for number in range(90):
        writer.write(demo.draw(number)[0])
    writer.release()
    with watching(str(path)) as watch:
        moved = measure(watch, rounds, lambda: shutil.move(path, away), lambda: shutil.move(away, path), 4)
        yield "video file", "deleted and put back", moved


def relay_rows(folder: Path, rounds: int) -> Iterator[Row]:
    """A camera node behind Redis: either of them is killed and started again, or Redis hangs."""
    with cluster_of_two(folder) as cluster:
        watch, redis, node = Watch(cluster.port), cluster.redis, cluster.node
        yield "Redis", "killed and started again", measure(watch, rounds, redis.kill, redis.start, 1)

        def hang() -> None:
            redis.tell(signal.SIGSTOP)

        def go_on() -> None:
            redis.tell(signal.SIGCONT)

        yield "Redis", "hangs for 1 s", measure(watch, rounds, hang, go_on, 1)
        yield "camera node", "killed and started again", measure(watch, rounds, node.kill, node.start, 1)


def plain_wait(camera: NetworkCamera) -> float:
    """Return the seconds until OpenCV's `read` reports that a camera hangs, opened as in most tutorials."""
    with camera:
        capture = cv2.VideoCapture(camera.url)
        capture.read()
        camera.tell(signal.SIGSTOP)
        start = time.monotonic()
        while capture.read()[0]:
            pass
        return time.monotonic() - start


def run(rounds: int, folder: Path) -> Iterator[Row]:
    """Yield all rows, one after another."""
    folders = {name: folder / name for name in ("ustreamer", "webcam", "file", "relay")}
    for path in folders.values():
        path.mkdir()
    yield from network_rows("RTSP camera", rtsp_camera(), rounds)
    yield from network_rows("MJPEG camera", mjpeg_camera(folders["ustreamer"]), rounds)
    yield from webcam_rows(folders["webcam"], rounds)
    yield from file_rows(folders["file"], rounds)
    yield from relay_rows(folders["relay"], rounds)


def summary(row: Row) -> dict[str, Any]:
    """Return a row's medians and longest times, in seconds."""
    source, what, measured = row
    figures: dict[str, Any] = {"source": source, "what": what}
    for key in ("noticed", "back"):
        times = [one[key] for one in measured]
        figures[key] = {"median": round(median(times), 2), "longest": max(times)}
    return figures


def main() -> None:
    """Measure every kind of source, print a table, write results/benchmark-recovery.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="outages of each kind (default 3)")
    rounds, rows = parser.parse_args().rounds, []
    print(f"seconds, longest of {rounds}; noticed: until viewers are told; back: until they see the camera again")
    with tempfile.TemporaryDirectory() as folder:
        for row in run(rounds, Path(folder)):
            rows.append(summary(row))
            lost, back = rows[-1]["noticed"], rows[-1]["back"]
            print(f"  {row[0]} {row[1]}: noticed {lost['longest']:g}, back {back['longest']:g}", flush=True)
        plain = round(plain_wait(mjpeg_camera(Path(folder))), 1)
    print(f"  MJPEG camera hangs, read by OpenCV alone: noticed after {plain:g}, back never")
    good = all(row["noticed"]["longest"] < LOST_WITHIN and row["back"]["longest"] < BACK_WITHIN for row in rows)
    print(f"noticed within {LOST_WITHIN:g} s and back within {BACK_WITHIN:g} s every time: {'yes' if good else 'no'}")
    write("recovery", {"rows": rows, "MJPEG camera hangs, OpenCV alone": {"noticed": plain}})


if __name__ == "__main__":
    main()
