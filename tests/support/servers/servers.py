"""Starts servers for the tests as a person would: as processes of their own, reached over HTTP."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[3]
STOP_LIMIT = 30.0
"""Seconds within which an interrupted server must have ended, on a busy machine too."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str],
    port: int,
    env: dict[str, str] | None = None,
    timeout: float = 60,
    output: IO[bytes] | None = None,
    root: str = "",
) -> Iterator[subprocess.Popen[bytes]]:
    """A server that answers on `port`; interrupted at the end as by Ctrl-C, and expected to be gone soon after.

    Args:
        command: what to start, from the repository's root.
        port: where its /readyz must answer 200 before the body runs.
        env: variables on top of the test's own environment.
        timeout: seconds for that first answer.
        output: a file for what it prints, kept by the caller; it is read here where something goes wrong.
        root: what its addresses begin with.

    Raises:
        AssertionError: it ended early, did not answer in time, or did not stop when interrupted.
    """
    with tempfile.TemporaryFile() as own:
        output = output or own
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            _await_health(process, f"http://127.0.0.1:{port}{root}/readyz", timeout, output)
            yield process
            _interrupt(process, output)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _await_health(process: subprocess.Popen[bytes], address: str, timeout: float, output: IO[bytes]) -> None:
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        assert process.poll() is None, f"the server ended with status {process.returncode}:\n{_tail(output)}"
        if _is_healthy(address):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not answer at {address} within {timeout:g} s:\n{_tail(output)}")


def _is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def _interrupt(process: subprocess.Popen[bytes], output: IO[bytes]) -> None:
    if process.poll() is not None:  # the test has ended it already
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_LIMIT)
    except subprocess.TimeoutExpired:
        raise AssertionError(f"the server ran on for {STOP_LIMIT:g} s after Ctrl-C:\n{_tail(output)}") from None


def _tail(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")[-3000:]
