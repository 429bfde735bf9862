"""Starts the servers to compare: this program behind gunicorn, and uStreamer with the stand-in camera."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.tools.processes import usage
from delivery.renditions import encode
from demo import Demo

ROOT = Path(__file__).resolve().parent.parent.parent
START_LIMIT = 30.0
REAL = "main:app"
WEBCAM = {"EXPRESSION_SOURCE": "0"}
OFFERED = "benchmarks.tools.offered:create_app()"


@dataclass(frozen=True)
class Running:
    """A server that answers: its process, port, and the path of its stream."""

    process: subprocess.Popen[bytes]
    port: int
    path: str


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[Running]:
    """Start a server as a process, and wait until it listens; ended by SIGTERM.

    Raises:
        RuntimeError: it ended, or did not listen in time.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **env}, stdout=output, stderr=subprocess.STDOUT, process_group=0
        )
        try:
            _await_port(process, port, output)
            yield Running(process, port, path)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.wait()


def _await_port(process: subprocess.Popen[bytes], port: int, output: Any) -> None:
    deadline = time.monotonic() + START_LIMIT
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    output.seek(0)
    raise RuntimeError(f"{process.args!r} does not listen: {output.read().decode(errors='replace')[-2000:]}")


@contextmanager
def project(env: dict[str, str], application: str = REAL) -> Iterator[Running]:
    """Start this program behind gunicorn, with settings from `env`."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", application]
    env = {"EXPRESSION_PORT": str(port), "EXPRESSION_LOG_LEVEL": "error", **env}
    with started(command, port, "/video_feed", env) as running:
        yield running


@contextmanager
def offered(jpeg: bytes, fps: float, **env: str) -> Iterator[Running]:
    """Start this program with a camera that offers one JPEG at a rate."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frame.jpg")
        path.write_bytes(jpeg)
        with project({"OFFERED_JPEG": str(path), "OFFERED_FPS": str(fps), **env}, OFFERED) as running:
            yield running


@contextmanager
def plain(jpeg: bytes, threads: int) -> Iterator[Running]:
    """Start the usual way, behind gunicorn with its defaults apart from threads (`benchmarks.tools.plain`)."""
    port = free_port()
    options = ["-c", "/dev/null", "-k", "gthread", "--threads", str(threads), "-b", f"127.0.0.1:{port}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "frame.jpg")
        path.write_bytes(jpeg)
        command = [sys.executable, "-m", "gunicorn", *options, "benchmarks.tools.plain:create_app()"]
        with started(command, port, "/video_feed", {"OFFERED_JPEG": str(path)}) as running:
            yield running


@contextmanager
def ustreamer(jpeg: bytes, fps: float) -> Iterator[Running]:
    """Start uStreamer, which passes the same JPEGs from the stand-in camera on unchanged."""
    program = shutil.which("ustreamer")
    if program is None:
        sys.exit("uStreamer, the baseline, is not installed. Install it: apt-get install ustreamer")
    with stand_in(jpeg, fps) as env:
        port = free_port()
        device = ["-d", env["STAND_IN_DEVICE"], "-m", "MJPEG", "-r", "1280x720", "-f", f"{fps:g}", "--encoder", "HW"]
        with started([program, *device, "-p", str(port), "--log-level", "0"], port, "/stream", env) as running:
            yield running


@contextmanager
def webcam(env: dict[str, str], frames: int = 60, fps: float = 30.0) -> Iterator[Running]:
    """Start this program, whole, with a webcam that plays the demo: 1280x720, three people."""
    with stand_in(demo_frames(frames), fps, "/dev/video0") as camera, project({**camera, **WEBCAM, **env}) as running:
        yield running


@contextmanager
def stand_in(frames: bytes, fps: float, device: str = "") -> Iterator[dict[str, str]]:
    """Make the environment in which a program finds a camera that plays JPEGs (tests/support/cameras/v4l2_stand_in.c).

    `device` is the camera's path, which is not touched; without one, a file is made, for programs that check for it.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("The stand-in camera needs a C compiler. Install one: apt-get install gcc libc6-dev")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        library, pictures, device_file = folder / "stand_in.so", folder / "frames.mjpeg", folder / "video0"
        source = str(ROOT / "tests/support/cameras/v4l2_stand_in.c")
        subprocess.run(
            [compiler, source, "-o", str(library), "-O2", "-fPIC", "-shared", "-ldl", "-lpthread"], check=True
        )
        device_file.touch()
        pictures.write_bytes(frames)
        yield {
            "LD_PRELOAD": str(library),
            "STAND_IN_DEVICE": device or str(device_file),
            "STAND_IN_FRAMES": str(pictures),
            "STAND_IN_FPS": f"{fps:g}",
        }


def picture(size: int) -> bytes:
    """Return a JPEG of the demo, 1280x720, of exactly so many bytes."""
    image = Demo(1280, 720, 30).draw(40)[0]
    jpeg = max((encode(image, quality) for quality in range(30, 95)), key=lambda made: len(made) * (len(made) < size))
    comment = size - len(jpeg) - 4
    return jpeg[:2] + b"\xff\xfe" + (comment + 2).to_bytes(2, "big") + bytes(comment) + jpeg[2:]


def demo_frames(count: int) -> bytes:
    """Return frames of the demo, 1280x720, as JPEGs one after another."""
    demo = Demo(1280, 720, 30)
    return b"".join(encode(np.asarray(demo.draw(number)[0], np.uint8), 90) for number in range(count))


def decoded(jpeg: bytes) -> Any:
    """Decode a JPEG as (height, width, 3) uint8 BGR."""
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def crowd(server: Running, viewers: int, seconds: float, warm: float = 2.0) -> dict[str, Any]:
    """Measure a crowd of viewers of a server, and its usage: `cpu` as a share of a core, `memory` in MB."""
    numbers = {"port": server.port, "viewers": viewers, "seconds": seconds, "warm": warm}
    options = [part for name, value in numbers.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "benchmarks.tools.crowd", "--path", server.path, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        process.stderr.readline()  # it begins counting
        before, began = usage(server.process.pid), time.monotonic()
        line = process.stdout.readline()
        after, took = usage(server.process.pid), time.monotonic() - began
        if not line:
            raise RuntimeError(f"the crowd failed: {process.stderr.read()}")
    return {**json.loads(line), "cpu": round((after.cpu - before.cpu) / took, 3), "memory": round(after.memory, 1)}
