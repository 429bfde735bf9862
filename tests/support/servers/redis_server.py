"""A Redis server of a test's own, Debian's, on a free port and a socket; may be killed, held and started again."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from tests.support.servers.servers import free_port


class RedisServer:
    """One that forgets everything when it ends."""

    def __init__(self, folder: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.unix_url = f"unix://{folder}/socket?db=0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", self._folder]
        options += ["--unixsocket", f"{self._folder}/socket"]
        self._process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL, process_group=0)
        until = time.monotonic() + 30
        while True:
            try:
                with self.client() as redis:
                    redis.ping()
                return
            except RedisError:
                assert time.monotonic() < until, "Redis did not answer"
                time.sleep(0.02)

    def client(self) -> Redis:
        """A client for the test itself."""
        return Redis.from_url(self.url, decode_responses=False)

    def tell(self, number: int) -> None:
        """Send it a signal, such as SIGSTOP."""
        assert self._process is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """End it as by a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """A running one."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(folder)
        try:
            server.start()
            yield server
        finally:
            if server._process is not None:
                server.tell(signal.SIGCONT)
            server.kill()
