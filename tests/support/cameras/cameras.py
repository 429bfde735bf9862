"""Cameras for tests and benchmarks: a webcam that is none, and network cameras that are real servers."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import cv2

from demo import Demo
from tests.support.servers.servers import ROOT, free_port

START_LIMIT = 60.0
SYSTEM_PYTHON = "/usr/bin/python3"
RTSP_PACKAGES = "python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly"


def build_stand_in(
    folder: Path, width: int = 1280, height: int = 720, device: str = "/dev/video0", pictures: int = 8
) -> dict[str, str]:
    """The environment in which a path is a webcam that plays drawn frames (tests/support/cameras/v4l2_stand_in.c).

    The file that STAND_IN_CONTROL names tells it to be `gone`, `stall` or `busy`.

    Raises:
        AssertionError: there is no C compiler.
    """
    compiler = shutil.which("cc")
    assert compiler, "the stand-in camera needs a C compiler: apt-get install gcc libc6-dev"
    library = folder / "v4l2_stand_in.so"
    flags = ["-O2", "-fPIC", "-shared", "-ldl", "-lpthread"]
    subprocess.run(
        [compiler, str(ROOT / "tests/support/cameras/v4l2_stand_in.c"), "-o", str(library), *flags], check=True
    )
    demo, frames, control = Demo(640, 360, 30), folder / "frames.mjpeg", folder / "control"
    drawn = (cv2.resize(demo.draw(number)[0], (width, height)) for number in range(pictures))
    frames.write_bytes(b"".join(cv2.imencode(".jpg", image)[1].tobytes() for image in drawn))
    control.write_text("")
    return {
        "LD_PRELOAD": str(library),
        "STAND_IN_DEVICE": device,
        "STAND_IN_FRAMES": str(frames),
        "STAND_IN_CONTROL": str(control),
        "STAND_IN_WIDTH": str(width),
        "STAND_IN_HEIGHT": str(height),
    }


@dataclass
class NetworkCamera:
    """A network camera in a process of its own, running within a `with` block; it can be killed and started again."""

    command: list[str]
    port: int
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers.

        Raises:
            AssertionError: it does not within `START_LIMIT` seconds.
        """
        environment = {**os.environ, **self.environment}
        self.process = subprocess.Popen(
            self.command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        until = time.monotonic() + START_LIMIT
        while not self._answers():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.command[0]} ended: {self._said()}")
            assert time.monotonic() < until, f"{self.command[0]} does not answer on port {self.port}"
            time.sleep(0.02)

    def _answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def _said(self) -> str:
        assert self.process is not None
        assert self.process.stderr is not None
        return self.process.stderr.read().decode(errors="replace")[-2000:]

    def kill(self) -> None:
        """End it at once, as a pulled plug does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal: SIGSTOP makes it hang without closing anything, SIGCONT goes on."""
        assert self.process is not None
        self.process.send_signal(number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def rtsp_camera(width: int = 640, height: int = 360, fps: float = 30) -> NetworkCamera:
    """GStreamer's RTSP server with H.264 of frames that carry the time they were drawn at (`rtsp_camera.py`).

    Raises:
        AssertionError: its packages are missing.
    """
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import Gst; Gst.init(None); "
    probe += "assert all(map(Gst.ElementFactory.find, ('x264enc', 'rtph264pay', 'appsrc')))"
    done = subprocess.run([SYSTEM_PYTHON, "-c", probe], capture_output=True, text=True)
    assert done.returncode == 0, f"the RTSP camera needs: apt-get install {RTSP_PACKAGES}\n{done.stderr}"
    port = free_port()
    script = str(ROOT / "tests/support/cameras/rtsp_camera.py")
    command = [SYSTEM_PYTHON, script, str(port), str(width), str(height), str(fps)]
    return NetworkCamera(command, port, f"rtsp://127.0.0.1:{port}/live")


def mjpeg_camera(folder: Path, width: int = 1280, height: int = 720) -> NetworkCamera:
    """uStreamer with a stand-in webcam, whose files come into a folder.

    Raises:
        AssertionError: it is missing.
    """
    program = shutil.which("ustreamer")
    assert program, "the MJPEG camera needs uStreamer: apt-get install ustreamer"
    port, device = free_port(), folder / "device"
    device.touch()  # uStreamer looks whether there is such a file
    stand_in = build_stand_in(folder, width, height, str(device))
    command = [program, "--device", str(device), "--format", "mjpeg", "--encoder", "hw"]
    command += ["--resolution", f"{width}x{height}", "--desired-fps", "30", "--host", "127.0.0.1", "--port", str(port)]
    return NetworkCamera(command, port, f"http://127.0.0.1:{port}/stream", stand_in)


Answer = Callable[[BaseHTTPRequestHandler], None]


def send_jpeg(camera: BaseHTTPRequestHandler, data: bytes) -> None:
    """Send one part."""
    camera.wfile.write(
        b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(data) + data + b"\r\n"
    )


def begin_parts(camera: BaseHTTPRequestHandler) -> None:
    """Begin an answer of many parts."""
    camera.send_response(200)
    camera.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
    camera.end_headers()


@contextmanager
def http_camera(answer: Answer) -> Iterator[str]:
    """The host and port of an HTTP camera in a thread of its own, which answers every request alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # the reader has hung up
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def drawn_time(image: "cv2.typing.MatLike") -> float:
    """When a picture of the RTSP camera was drawn, in seconds since the epoch; a week is the longest it can tell."""
    block = image.shape[1] / 32
    row = image[image.shape[0] // 8]
    stamp = sum(1 << bit for bit in range(32) if row[int((bit + 0.5) * block)].mean() > 128)
    now = int(time.time() * 1000)
    return (now - ((now - stamp) & 0xFFFFFFFF)) / 1000


def main() -> None:
    """Try each: `python -m tests.support.cameras.cameras FOLDER`."""
    with mjpeg_camera(Path(sys.argv[1])) as mjpeg, rtsp_camera() as rtsp:
        print(mjpeg.url, rtsp.url, flush=True)
        time.sleep(float(sys.argv[2]))


if __name__ == "__main__":
    main()
