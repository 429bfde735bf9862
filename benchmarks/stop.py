"""How long does gunicorn take to stop while fifty viewers watch, beside a plain generator?"""

import argparse
import signal
import time
from contextlib import AbstractContextManager

from benchmarks.tools.crowd import Crowd
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, picture, plain, webcam

VIEWERS = 50


def seconds(server: AbstractContextManager[Running]) -> float:
    """From SIGTERM to the end of the process, with viewers who go on reading."""
    with server as running:
        crowd = Crowd(running.port, running.path)
        crowd.enter(VIEWERS)
        crowd.watch(4)
        seen = [len(viewer.arrivals) for viewer in crowd.seats.values()]
        if len(seen) < VIEWERS or not all(seen):
            raise RuntimeError(f"not everybody was watching: {seen}")
        running.process.send_signal(signal.SIGTERM)
        start = time.monotonic()
        while running.process.poll() is None:
            crowd.watch(0.01)
        return time.monotonic() - start


def main() -> None:
    """Stop both, print, write results/benchmark-stop.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    ours = seconds(webcam({}))
    theirs = seconds(plain(picture(40_000), VIEWERS + 10))
    print(f"stopped with {VIEWERS} viewers after {ours:.2f} s; a plain generator after {theirs:.1f} s")
    write("stop", {"viewers": VIEWERS, "project_s": ours, "plain_generator_s": theirs, "ratio": ratio(ours, theirs)})


if __name__ == "__main__":
    main()
