"""What does Redis between camera and viewers cost: frames, delay, processor time and memory, compared with one process?

The same webcam (1280x720, 30 frames a second, three drawn people, all analysed) is watched in three ways, alternately:
by 10 viewers of one process that has the camera itself; by 10 through a camera node, Redis and one web worker, which
gives the cost; and by 200 through four web workers.
"""

import argparse
import json
import time
import urllib.request
from collections.abc import Mapping
from statistics import median
from typing import Any

from redis import Redis

from benchmarks.tools.offered import some_faces
from benchmarks.tools.processes import usage
from benchmarks.tools.relayed import await_ready, private_redis, relayed
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import WEBCAM, Running, crowd, demo_frames, project, stand_in
from delivery.counters import Counters
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from relay import messages
from relay.receiver import Receiver

FEW, MANY, WORKERS = 10, 200, 4
SHARE, DELAY = 0.95, 5.0
"""The limits: share of the frames that each of many viewers gets; milliseconds that Redis adds at the median."""


def in_one_process(camera: Mapping[str, str], seconds: float) -> dict[str, Any]:
    """Measure few viewers of one process."""
    with project({**camera}) as running:
        await_ready(running, 1)
        return crowd(running, FEW, seconds, warm=4.0)


def over_redis(camera: Mapping[str, str], viewers: int, workers: int, seconds: float) -> dict[str, Any]:
    """Measure viewers over Redis; with the processor time of each part as a share of a core, and Redis' memory."""
    warm = 4.0
    with relayed(camera, workers) as running:
        before = running.cpu()
        seen = crowd(running.web, viewers, seconds, warm)
        spent = {name: (cpu - before[name]) / (warm + seconds) for name, cpu in running.cpu().items()}
        return {**seen, "share of a core": spent, "redis_peak_mb": running.memory(), "frame_kb": _size(running.web)}


def redis_cost(size: int, count: int = 3000) -> dict[str, float]:
    """Return microseconds of Redis' processor time for a frame of so many bytes: to publish it, and to read it."""
    with private_redis() as server, Redis(port=server.port) as client:
        frame = bytes(size)

        def put() -> None:
            with client.pipeline(transaction=False) as pipeline:
                pipeline.set("frame", frame, px=2000)
                pipeline.publish("frame", b"")
                pipeline.execute()

        used = [usage(server.process.pid).cpu]
        for work in (put, lambda: client.get("frame")):
            for _ in range(count):
                work()
            used.append(usage(server.process.pid).cpu)
    return {"put": round(1e6 * (used[1] - used[0]) / count), "read": round(1e6 * (used[2] - used[1]) / count)}


def reading_cost(size: int, cameras: int = 10, seconds: float = 5.0) -> float:
    """Return milliseconds of a web process' processor time for each frame of so many bytes that it reads."""
    with private_redis() as server, Redis(port=server.port) as client:
        names = [f"camera-{number}" for number in range(cameras)]
        for name in names:
            client.set(messages.report_key(name), messages.pack(_report(name)))
            client.sadd(messages.CAMERAS, name)
        receiver = Receiver(f"redis://127.0.0.1:{server.port}/0", lambda: None, 80)
        hubs = [receiver[name].enter(Viewer()) for name in names]
        time.sleep(1.0)
        picture = messages.pack(Picture(bytes(size), 1, time.time(), faces=some_faces(3)))
        began, own, seen = time.process_time(), time.thread_time(), [hub.peek()[0] for hub in hubs]
        for _ in range(round(30 * seconds)):
            due = time.monotonic() + 1 / 30
            for name in names:
                client.set(messages.picture_key(name, ViewOptions()), picture, px=2000)
                client.publish(messages.picture_key(name, ViewOptions()), b"")
            time.sleep(max(0.0, due - time.monotonic()))
        spent = time.process_time() - began - (time.thread_time() - own)
        read = sum(hub.peek()[0] for hub in hubs) - sum(seen)
        receiver.close()
    return round(1000 * spent / read, 3)


def _report(name: str) -> messages.Report:
    state = {"name": name, "status": "live", "message": "", "viewers": 1, "width": 1280, "height": 720}
    return messages.Report(state, {}, "", Counters(), (), (), (), {})


def _size(server: Running) -> float:
    """Return the approximate kilobytes of a frame."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/api/state", timeout=10) as answer:
        delivered = json.load(answer)["cameras"][0]["delivered"]
    return float(round(delivered["bytes"] / max(delivered["frames"], 1) / 1000, 1))


def main() -> None:
    """Measure alternately, print the medians, write results/benchmark-relay.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=6.0, help="counted in each round (default 6)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    parser.add_argument("--frames", type=int, default=60, help="frames that the webcam plays (default 60)")
    options = parser.parse_args()
    rounds = []
    with stand_in(demo_frames(options.frames), 30.0, "/dev/video0") as device:
        camera = {**device, **WEBCAM}
        for _ in range(options.rounds):
            one = in_one_process(camera, options.seconds)
            few = over_redis(camera, FEW, 1, options.seconds)
            many = over_redis(camera, MANY, WORKERS, options.seconds)
            rounds.append({"one process": one, "over Redis": few, "four workers": many})
            _print_round(rounds[-1])
    size = median(each["over Redis"]["frame_kb"] for each in rounds)
    figures = {
        "kB a frame": size,
        "Redis' own microseconds a frame": redis_cost(round(1000 * size)),
        "a web process' milliseconds a frame that it reads": reading_cost(round(1000 * size)),
        "frames, the slowest of 200 viewers beside the slowest of 10": median(
            ratio(each["four workers"]["slowest_viewer"], each["one process"]["slowest_viewer"]) for each in rounds
        ),
        "bar of frames": SHARE,
        "delay added at the median, ms": round(
            median(each["over Redis"]["delay_ms"]["50"] - each["one process"]["delay_ms"]["50"] for each in rounds), 2
        ),
        "bar of delay, ms": DELAY,
        "rounds": rounds,
    }
    print({name: figure for name, figure in figures.items() if name != "rounds"})
    write("relay", figures)


def _print_round(measured: Mapping[str, dict[str, Any]]) -> None:
    for name, one in measured.items():
        parts = {part: round(share, 3) for part, share in one.get("share of a core", {}).items()}
        print(
            f"{name:12s} {one['viewers']:4d} viewers, slowest {one['slowest_viewer']:5.2f} frames/s, delay "
            f"{one['delay_ms']['50']:6.1f} ms (95 of 100 below {one['delay_ms']['95']:.1f}), lost {one['lost']}, "
            f"cpu {one['cpu']:.2f} {parts or ''} {one.get('redis_peak_mb', '')} {one.get('frame_kb', '')}"
        )


if __name__ == "__main__":
    main()
