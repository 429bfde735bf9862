"""What does nginx with TLS in front of gunicorn add to the delay, and to the age of what a slow viewer sees?

The drawn demo (640x360, 30 frames a second) is watched alternately with and without the site in deploy/nginx.conf: by
ten viewers, and by one who takes three frames a second.
"""

import argparse
import http.client
import ssl
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from benchmarks.tools.report import ratio, write
from tests.support.clients.streams import read_parts
from tests.support.servers.proxies import nginx, self_signed, trusting
from tests.support.servers.servers import free_port, running

VIEWERS, SLOW = 10, 1 / 3
DEMO = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "640", "EXPRESSION_HEIGHT": "360", "EXPRESSION_PROXIES": "1"}


@dataclass(frozen=True)
class Route:
    """A way to the server: its port, and TLS if used."""

    port: int
    security: ssl.SSLContext | None = None

    def ages(self, seconds: float, pause: float = 0.0) -> list[float]:
        """Return the seconds from capture to arrival of each frame of a viewer who pauses after each."""
        with closing(self._connection()) as connection:
            connection.request("GET", "/video_feed")
            ages, end = [], time.monotonic() + seconds
            for part in read_parts(connection.getresponse()):
                if part.number > 0:
                    ages.append(part.arrived_at - part.captured_at)
                if time.monotonic() > end:
                    break
                time.sleep(pause)
            return ages

    def _connection(self) -> http.client.HTTPConnection:
        if self.security is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.security)

    def crowd(self, seconds: float) -> list[float]:
        """Return the same for many viewers together; without the first frames, which wait for the camera."""
        found: list[list[float]] = []
        threads = [threading.Thread(target=lambda: found.append(self.ages(seconds)[10:])) for _ in range(VIEWERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [age for ages in found for age in ages]


def main() -> None:
    """Measure alternately, print the medians, write results/benchmark-proxy.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each round (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each (default 3)")
    options = parser.parse_args()
    crowds: dict[str, list[float]] = {"direct": [], "nginx": []}
    slow: dict[str, list[float]] = {"direct": [], "nginx": []}
    with tempfile.TemporaryDirectory() as name:
        folder, behind, port = Path(name), free_port(), free_port()
        certificate, key = self_signed(folder)
        routes = {"direct": Route(behind), "nginx": Route(port, trusting(certificate))}
        command = [sys.executable, "-m", "gunicorn", "main:app"]
        with (
            running(command, behind, {**DEMO, "EXPRESSION_PORT": str(behind)}),
            nginx(folder, behind, port, certificate, key),
        ):
            for _ in range(options.rounds):
                for way, route in routes.items():
                    crowds[way] += route.crowd(options.seconds)
            for way, route in routes.items():
                slow[way] = route.ages(2 * options.seconds, SLOW)[5:]
    figures = {way: {**_summary(crowds[way]), "slow_s": round(median(slow[way]), 2)} for way in routes}
    for way, figures_of_way in figures.items():
        print(f"{way:<7} {figures_of_way}")
    share = ratio(figures["nginx"]["median_ms"], figures["direct"]["median_ms"])
    print(f"nginx / direct, median {share}")
    write("proxy", {**figures, "ratio": share})


def _summary(ages: list[float]) -> dict[str, float]:
    return {"median_ms": round(1000 * median(ages), 1), "p95_ms": round(1000 * quantiles(ages, n=20)[-1], 1)}


if __name__ == "__main__":
    main()
