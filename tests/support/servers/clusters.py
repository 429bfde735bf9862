"""A camera node, a Redis server and a web server of two workers, as an operator runs them."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.cameras.camera_nodes import CameraNode, camera_node
from tests.support.servers.redis_server import RedisServer, redis_server
from tests.support.servers.scrapes import samples
from tests.support.servers.servers import free_port, running

GUNICORN = [sys.executable, "-m", "gunicorn", "main:app"]


class Web:
    """A running web server."""

    def __init__(self, port: int, process: "subprocess.Popen[bytes]") -> None:
        self.port, self.web = port, process

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at an address."""
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> dict[str, Any]:
        """The JSON that a request is answered with."""
        headers = {"Content-Type": kind} if body else {}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, Any] = json.loads(answer.read() or b"{}")
            return found

    def figures(self) -> dict[tuple[str, ...], float]:
        """What a worker tells at /metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=30) as answer:
            return samples(answer.read().decode())

    def workers(self) -> list[int]:
        """The processes that serve."""
        children = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
        return [int(child) for child in children]

    @contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """Have one worker answer all that is asked: the others are held."""
        others = [other for other in self.workers() if other != worker]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)


class Cluster(Web):
    """All of it, running."""

    def __init__(self, redis: RedisServer, node: CameraNode, web: Web) -> None:
        super().__init__(web.port, web.web)
        self.redis, self.node = redis, node

    def camera(self) -> dict[str, Any]:
        """The state of the camera."""
        state: dict[str, Any] = self.get("/api/state?camera=door")["cameras"][0]
        return state


@contextmanager
def web_of_two(redis: RedisServer, storage: Path, **env: str) -> Iterator[Web]:
    """A web server with two workers, over a Redis server."""
    port = free_port()
    shared = {"EXPRESSION_REDIS_URL": redis.url, "EXPRESSION_STORAGE": str(storage)}
    own = {"EXPRESSION_WORKERS": "2", "EXPRESSION_PORT": str(port)}
    with running(GUNICORN, port, {**shared, **own, **env}) as process:
        yield Web(port, process)


@contextmanager
def cluster_of_two(storage: Path) -> Iterator[Cluster]:
    """One camera node, whose camera is "door", and one web server with two workers."""
    with redis_server() as redis, camera_node(redis) as node, web_of_two(redis, storage) as web:
        yield Cluster(redis, node, web)
