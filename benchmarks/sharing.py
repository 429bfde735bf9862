"""Should faces of several cameras be put into one batch?

Cameras read their faces ten times a second, each in its own thread, in three ways alternately: one model behind its
lock, as the server has it; a model for each camera; and one model that reads the faces of all cameras that came while
it was busy in one batch. Measured are a camera's wait, and the processor time.
"""

import argparse
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.tools.crowd import percentile
from benchmarks.tools.report import write
from inference.runtimes import Batch
from live.batching import Batcher
from model import EmotionModel, Prediction

Read = Callable[[Batch], Prediction]
EVERY = 0.1


def measure(ways: list[Read], batch: Batch, seconds: float) -> dict[str, float]:
    """Return milliseconds that a camera waits, and processor seconds a second, with a thread for each camera."""
    waits: list[float] = []
    start, used = time.monotonic() + 0.05, time.process_time()

    def camera(read: Read, number: int) -> None:
        # Two in a row come together, as frames of cameras do now and then; the worst case is measured.
        due = start + EVERY * (number // 2) / max(1, len(ways) // 2)
        while due < start + seconds:
            time.sleep(max(0.0, due - time.monotonic()))
            began = time.perf_counter()
            read(batch)
            waits.append(time.perf_counter() - began)
            due += EVERY

    threads = [threading.Thread(target=camera, args=(read, number)) for number, read in enumerate(ways)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {
        "median_ms": round(1000 * percentile(waits, 0.5), 2),
        "95th_ms": round(1000 * percentile(waits, 0.95), 2),
        "cpu": round((time.process_time() - used) / seconds, 3),
    }


def compare(cameras: int, faces: int, seconds: float, models: list[EmotionModel]) -> dict[str, Any]:
    """Measure the three ways alternately, with so many cameras and faces on each."""
    batch = np.random.default_rng(0).uniform(0, 255, (faces, *models[0].spec.shape)).astype(np.float32)
    shared = models[0].predict
    gathering = Batcher(shared).predict
    return {
        "cameras": cameras,
        "faces each": faces,
        "one model behind a lock": measure([shared] * cameras, batch, seconds),
        "a model each": measure([model.predict for model in models[:cameras]], batch, seconds),
        "gathered": measure([gathering] * cameras, batch, seconds),
    }


def main() -> None:
    """Compare with two, four and eight cameras, print, write results/benchmark-sharing.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each way (default 3)")
    parser.add_argument("--weights", default="weights/ferplus", help="bundle to read with (default %(default)s)")
    options = parser.parse_args()
    models = [EmotionModel.load(options.weights) for _ in range(8)]
    rows = [compare(cameras, faces, options.seconds, models) for cameras in (2, 4, 8) for faces in (1, 4)]
    for row in rows:
        print(f"{row['cameras']} cameras, {row['faces each']} face(s) each:")
        for way in list(row)[2:]:
            figures = row[way]
            print(
                f"  {way:24s} median {figures['median_ms']:6.2f} ms, 95th percentile {figures['95th_ms']:6.2f} ms, "
                f"{100 * figures['cpu']:5.1f} % of a core"
            )
    write("sharing", rows)


if __name__ == "__main__":
    main()
