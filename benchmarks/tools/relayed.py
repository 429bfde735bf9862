"""A camera node, a Redis server and a web server that shows the node's camera, as processes."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from redis import Redis

from benchmarks.tools.processes import usage
from benchmarks.tools.rivals import ROOT, START_LIMIT, Running, free_port, project, started
from relay.messages import report_key

NODE = "camera"


@dataclass(frozen=True)
class Relayed:
    """The three processes."""

    redis: Running
    node: int
    web: Running

    def cpu(self) -> dict[str, float]:
        """Return the processor seconds that each has used since its start."""
        pids = {"redis": self.redis.process.pid, "node": self.node, "web": self.web.process.pid}
        return {name: usage(pid).cpu for name, pid in pids.items()}

    def memory(self) -> float:
        """Return the most megabytes that Redis has used."""
        with Redis(port=self.redis.port) as client:
            info = client.info("memory")
        return float(info["used_memory_peak"]) / 1e6


@contextmanager
def private_redis() -> Iterator[Running]:
    """Start a Redis server that stores nothing on the disk."""
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("Redis is not installed. Install it: apt-get install redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with (
        tempfile.TemporaryDirectory() as folder,
        started([program, *options, "--dir", folder], port, "", {}) as running,
    ):
        yield running


@contextmanager
def relayed(camera: Mapping[str, str], workers: int) -> Iterator[Relayed]:
    """Start one camera, called `camera`, and so many web workers.

    Args:
        camera: the environment in which the node finds it.
        workers: gunicorn's.
    """
    with private_redis() as redis:
        url = f"redis://127.0.0.1:{redis.port}/0"
        web = {"EXPRESSION_REDIS_URL": url, "EXPRESSION_WORKERS": str(workers)}
        with _node(camera, url) as node, project(web) as running:
            await_ready(running, workers)
            yield Relayed(redis, node, running)


def await_ready(server: Running, workers: int) -> None:
    """Wait until a server's workers have loaded their models; gunicorn listens before that.

    Raises:
        RuntimeError: they do not answer in time.
    """
    deadline, answers = time.monotonic() + START_LIMIT, 0
    while answers < 4 * workers:  # whichever worker is free answers
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/readyz", timeout=START_LIMIT):
                answers += 1
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the web server is not ready: {error}") from None
            time.sleep(0.1)


def _await_camera(url: str, node: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_LIMIT
    with Redis.from_url(url) as client:
        while not client.exists(report_key(NODE)):
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the camera node published nothing")
            time.sleep(0.02)


@contextmanager
def _node(camera: Mapping[str, str], url: str) -> Iterator[int]:
    command = [sys.executable, "main.py", "camera", "--name", NODE, "--redis-url", url, "--log-level", "error"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **camera}, process_group=0)
    try:
        _await_camera(url, process)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
