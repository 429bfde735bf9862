"""Camera nodes as processes of their own, as an operator starts them."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from relay import messages
from tests.support.servers.redis_server import RedisServer
from tests.support.servers.servers import ROOT, STOP_LIMIT

SMALL = ("--source", "demo", "--width", "320", "--height", "180", "--fps", "15")


class CameraNode:
    """`main.py camera` for one camera."""

    def __init__(self, redis: RedisServer, name: str, *options: str) -> None:
        self.name = name
        self._redis = redis
        self._command = [sys.executable, "main.py", "camera", "--name", name, "--redis-url", redis.url]
        self._options = options or SMALL
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - `close` does it
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; does not wait."""
        self.process = subprocess.Popen(
            [*self._command, *self._options],
            cwd=ROOT,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def await_report(self, seconds: float = 60) -> None:
        """Wait until the camera is published."""
        assert self.process is not None
        until = time.monotonic() + seconds
        with self._redis.client() as redis:
            while not redis.exists(messages.report_key(self.name)):
                assert self.process.poll() is None, f"the node ended:\n{self.said()}"
                assert time.monotonic() < until, f"the node published nothing:\n{self.said()}"
                time.sleep(0.02)

    def said(self) -> str:
        """What it has written."""
        self._output.seek(0)
        return self._output.read().decode(errors="replace")

    def ended(self, seconds: float = 30) -> int:
        """Its exit status; fails where it runs on."""
        assert self.process is not None
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it as by kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        """End it as a service manager does."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            assert self.process.wait(STOP_LIMIT) == 0, self.said()

    def close(self) -> None:
        """Leave nothing running."""
        self.kill()
        self._output.close()


@contextmanager
def camera_node(redis: RedisServer, name: str = "door", *options: str) -> Iterator[CameraNode]:
    """A running one, whose camera is published."""
    node = CameraNode(redis, name, *options)
    try:
        node.start()
        node.await_report()
        yield node
        node.stop()
    finally:
        node.close()
