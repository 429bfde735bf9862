"""How long does gunicorn take to stop while fifty viewers watch, beside a plain generator?"""

import argparse
import signal
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.tools.crowd import Crowd
from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import Running, free_port, picture, started, webcam

VIEWERS = 50


def plain(folder: Path) -> AbstractContextManager[Running]:
    """The baseline: gunicorn as it comes, with threads enough."""
    path, port = folder / "frame.jpg", free_port()
    path.write_bytes(picture(40_000))
    options = ["-c", "/dev/null", "-k", "gthread", "--threads", str(VIEWERS + 10), "-b", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *options, "benchmarks.tools.plain:create_app()"]
    return started(command, port, "/video_feed", {"OFFERED_JPEG": str(path)})


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
    with tempfile.TemporaryDirectory() as folder:
        theirs = seconds(plain(Path(folder)))
    print(f"stopped with {VIEWERS} viewers after {ours:.2f} s; a plain generator after {theirs:.1f} s")
    write("stop", {"viewers": VIEWERS, "project_s": ours, "plain_generator_s": theirs, "ratio": ratio(ours, theirs)})


if __name__ == "__main__":
    main()
