"""A network camera: GStreamer's RTSP server with H.264 of drawn frames, each with the time it was drawn at in it.

    /usr/bin/python3 tests/support/cameras/rtsp_camera.py PORT [WIDTH HEIGHT FPS]

Debian's own Python runs it (packages python3-gi, gir1.2-gst-rtsp-server-1.0 and GStreamer's good and ugly plug-ins). It
answers at rtsp://127.0.0.1:PORT/live. SIGUSR1 halves the picture's size in mid-stream, and doubles it again.
"""

import signal
import sys
import time

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - their versions come first

BITS = 32
LAUNCH = (
    "( appsrc name=source is-live=true do-timestamp=true format=time max-buffers=2 leaky-type=downstream "
    "! videoconvert ! video/x-raw,format=I420 "
    "! x264enc tune=zerolatency speed-preset=ultrafast threads=1 key-int-max=30 "
    "! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


class Camera:
    """Pushes grey frames of growing and falling brightness at its own pace, to each client's pipeline."""

    def __init__(self, width: int, height: int, fps: float) -> None:
        self.width, self.height, self.fps = width, height, fps
        self.number = 0
        self.sources: dict[object, Gst.Element] = {}

    def configure(self, _factory: object, media: object) -> None:
        source = media.get_element().get_child_by_name("source")
        self._tell_size(source)
        media.connect("unprepared", lambda media: self.sources.pop(media, None))
        self.sources[media] = source  # from here on the other thread pushes pictures, which need to have a size

    def _tell_size(self, source: Gst.Element) -> None:
        caps = f"video/x-raw,format=GRAY8,width={self.width},height={self.height},framerate={round(self.fps * 10)}/10"
        source.set_property("caps", Gst.Caps.from_string(caps))

    def change_size(self) -> bool:
        small = self.width % 4 == 0
        self.width, self.height = (self.width // 2, self.height // 2) if small else (self.width * 2, self.height * 2)
        for source in list(self.sources.values()):
            self._tell_size(source)
        return True

    def push(self) -> bool:
        self.number += 1
        picture = self._draw()
        for source in list(self.sources.values()):
            if source.get_state(0).state != Gst.State.PLAYING:  # it has no clock yet to time pictures by
                continue
            buffer = Gst.Buffer.new_allocate(None, len(picture), None)
            buffer.fill(0, picture)
            source.emit("push-buffer", buffer)
        return True

    def _draw(self) -> bytes:
        """Black and white blocks above (the milliseconds since the epoch, low bit first), a grey field below."""
        now = int(time.time() * 1000)
        block = self.width // BITS
        row = b"".join((b"\xf0" if now >> bit & 1 else b"\x10") * block for bit in range(BITS)).ljust(
            self.width, b"\x10"
        )
        clock = self.height // 4
        grey = 64 + abs(self.number % 128 - 64)
        return row * clock + bytes([grey]) * (self.width * (self.height - clock))


def main(port: str, width: str = "640", height: str = "360", fps: str = "30") -> None:
    """Serve until killed."""
    Gst.init(None)
    camera = Camera(int(width), int(height), float(fps))
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH)
    factory.connect("media-configure", camera.configure)
    server = GstRtspServer.RTSPServer(address="127.0.0.1", service=port)
    server.get_mount_points().add_factory("/live", factory)
    server.attach(None)
    GLib.unix_signal_add(GLib.PRIORITY_HIGH, signal.SIGUSR1, camera.change_size)
    GLib.timeout_add(round(1000 / camera.fps), camera.push)
    print("ready", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main(*sys.argv[1:])
