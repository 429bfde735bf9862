"""How long have viewers no picture when settings change: by SIGHUP, compared with a restart of the server?

A webcam (the stand-in, 1280x720, 30 frames a second) is watched through gunicorn by ten viewers who reconnect at once
when their stream ends. Its settings are changed alternately by SIGHUP, and by a stop and a new start.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

from benchmarks.tools.report import ratio, write
from tests.support.cameras.cameras import build_stand_in
from tests.support.clients.streams import Faithful
from tests.support.servers.servers import ROOT, free_port

VIEWERS = 10
BAR = 1.0
"""Longest gap in seconds that a change by SIGHUP may cause."""
SETTLE, LONGEST = 2.0, 20.0
"""Seconds of pictures before and after a change, and the longest wait for a change."""


class Deployment:
    """gunicorn with a settings file, its webcam and its viewers."""

    def __init__(self, folder: Path) -> None:
        self._file, self._port = folder / "live.toml", free_port()
        self._environment = {
            **build_stand_in(folder),
            "EXPRESSION_CONFIG": str(self._file),
            "EXPRESSION_PORT": str(self._port),
        }
        self._threshold = 0.3
        self._write()
        self._process = self._start()
        self._viewers = [Faithful(self._port) for _ in range(VIEWERS)]

    def _write(self) -> None:
        self._file.write_text(f'source = "0"\nthreshold = {self._threshold}\nlog_level = "warning"\n', encoding="utf-8")

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gunicorn", "main:app"]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=ROOT, env=self._environment, stdout=quiet, stderr=quiet)

    def change(self, apply: Callable[[], None]) -> list[float]:
        """Change a setting and have it applied; returns the longest gap of each viewer in seconds."""
        self._await(lambda viewer: len(viewer.times) > 0)
        time.sleep(SETTLE)
        self._threshold = round(0.3 + (self._threshold + 0.01) % 0.5, 2)
        self._write()
        start = time.monotonic()
        apply()
        self._await(lambda viewer: viewer.longest_gap(start) < LONGEST and viewer.longest_gap(start) > 0.15)
        time.sleep(SETTLE)
        return [viewer.longest_gap(start) for viewer in self._viewers]

    def _await(self, condition: Callable[[Faithful], bool]) -> None:
        deadline = time.monotonic() + LONGEST
        while not all(map(condition, self._viewers)) and time.monotonic() < deadline:
            time.sleep(0.05)

    def reload(self) -> None:
        """Apply the change by SIGHUP."""
        self._process.send_signal(signal.SIGHUP)

    def restart(self) -> None:
        """Apply the change by a stop and a start."""
        self._process.terminate()
        self._process.wait()
        self._process = self._start()

    def close(self) -> None:
        """Stop viewers and server."""
        for viewer in self._viewers:
            viewer.leave()
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)


def main() -> None:
    """Measure alternately, print the gaps, write results/benchmark-handover.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each (default 5)")
    options = parser.parse_args()
    gaps: dict[str, list[float]] = {"sighup": [], "restart": []}
    with tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(Path(folder))
        try:
            for _ in range(options.rounds):
                gaps["sighup"] += deployment.change(deployment.reload)
                gaps["restart"] += deployment.change(deployment.restart)
        finally:
            deployment.close()
    for name, seconds in gaps.items():
        print(f"{name:<8} without a picture: median {median(seconds):.2f} s, longest {max(seconds):.2f} s")
    share = ratio(median(gaps["sighup"]), median(gaps["restart"]))
    print(f"SIGHUP / restart {share}; bar {BAR:g} s: {'met' if max(gaps['sighup']) < BAR else 'missed'}")
    write("handover", {**gaps, "ratio": share, "bar": BAR})


if __name__ == "__main__":
    main()
