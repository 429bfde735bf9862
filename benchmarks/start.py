"""How long from the start of the process to the first annotated frame at a client, compared with TensorFlow as runtime?

The client tries from the first moment on, again and again; the camera is the stand-in, 1280x720.
"""

import argparse
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from statistics import median

from benchmarks.tools.report import ratio, write
from benchmarks.tools.rivals import ROOT, demo_frames, free_port, stand_in

LIMIT = 60.0
FRAME = re.compile(rb"X-Frame: [1-9][0-9]*\r\n")
"""The header of a camera's frame; drawn notices, which come before, have the number 0."""


def seconds(camera: dict[str, str], runtime: str) -> float:
    """Return the time from the start of `python main.py` until a client has a whole frame.

    Raises:
        RuntimeError: none came in time.
    """
    port = free_port()
    options = ["--source", "0", "--port", str(port), "--runtime", runtime, "--log-level", "error"]
    with tempfile.TemporaryFile() as output:
        start = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "main.py", *options], cwd=ROOT, env=camera, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while time.monotonic() - start < LIMIT and process.poll() is None:
                with suppress(OSError):
                    _await_frame(port)
                    return time.monotonic() - start
                time.sleep(0.01)
            output.seek(0)
            raise RuntimeError(f"no frame came within {LIMIT:g} s: {output.read().decode(errors='replace')[-2000:]}")
        finally:
            process.terminate()
            process.wait(10)


def _await_frame(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
    try:
        connection.request("GET", "/video_feed")
        answer, seen = connection.getresponse(), b""
        while not (found := FRAME.search(seen)) or b"\r\n--frame" not in seen[found.end() :]:
            more = answer.read1(65536)
            if not more:
                raise ConnectionError("the stream ended")
            seen += more
    finally:
        connection.close()


def main() -> None:
    """Start both alternately, print, write results/benchmark-start.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="starts of each (default 5)")
    options, pairs = parser.parse_args(), []
    with stand_in(demo_frames(30), 30, "/dev/video0") as camera:
        env = {**os.environ, **camera}
        for _ in range(options.rounds):
            pairs.append((seconds(env, "auto"), seconds(env, "keras")))
    ours, theirs = (median(pair[side] for pair in pairs) for side in (0, 1))
    print(f"first annotated frame after {ours:.2f} s; through TensorFlow after {theirs:.2f} s")
    write("start", {"project_s": ours, "tensorflow_s": theirs, "ratio": ratio(ours, theirs), "rounds": pairs})


if __name__ == "__main__":
    main()
