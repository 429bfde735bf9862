"""Network cameras: MJPEG over HTTP is read here, everything else (mainly RTSP) by FFmpeg."""

import cv2

from config.redaction import without_password
from errors import SourceError
from faces import Image
from sources.lag import Lag
from sources.mjpeg import MjpegCamera
from sources.reach import check_reachable
from sources.request import open_http
from sources.source import OPEN_LIMIT, READ_LIMIT, OpenCVSource, Source, open_ffmpeg

LIMITS = {
    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: round(OPEN_LIMIT * 1000),
    cv2.CAP_PROP_READ_TIMEOUT_MSEC: round(READ_LIMIT * 1000),
    cv2.CAP_PROP_N_THREADS: 1,  # with n threads FFmpeg returns a frame only after n - 1 more have arrived
}
"""FFmpeg's options for every camera: as parameters, since environment variables would apply to files as well. RTSP runs
over TCP where the camera supports it, which is OpenCV's default."""


class StreamCamera(OpenCVSource):
    """A stream that FFmpeg reads: RTSP, RTMP, or a video at an HTTP address.

    Raises:
        SourceError: the address gives no video.
    """

    live = True

    def __init__(self, url: str) -> None:
        super().__init__(without_password(url))
        self._capture = open_ffmpeg(url, [number for pair in LIMITS.items() for number in pair])
        if not self._capture.isOpened():
            raise SourceError(
                f"{self.description}: somebody answers, but no video came; check the address's path, user name and "
                "password"
            )
        self.fps = self._capture.get(cv2.CAP_PROP_FPS)
        self._lag = Lag()

    def _grab(self) -> Image:
        image = super()._grab()
        if image is None:
            raise SourceError(f"{self.description}: the connection broke off; is the camera still on?")
        late = self._lag.update(self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
        if self._lag.persists:  # a new connection starts with fresh pictures
            raise SourceError(
                f"{self.description}: this machine is too slow for it, its pictures were {late:.0f} s late; choose a "
                "smaller stream of this camera"
            )
        return image


def open_address(url: str) -> Source:
    """Open a network camera.

    Raises:
        SourceError: nothing answers, the camera refuses, or the answer is no video.
    """
    check_reachable(url)
    if url.lower().startswith(("http://", "https://")):
        response = open_http(url)
        if response.headers.get_content_maintype() == "multipart":
            return MjpegCamera(url, response)
        response.close()
    return StreamCamera(url)
