"""A webcam of this machine."""

import logging
import os
import platform
import time
from pathlib import Path

import cv2

from errors import SourceError
from faces import Image
from sources.source import READ_LIMIT, USUAL, CaptureFormat, OpenCVSource

log = logging.getLogger("camera")

FREE = "close the program that uses it"


class Webcam(OpenCVSource):
    """A camera of this machine, by number or device path; MJPG, size and rate are requested, the camera may differ.

    Raises:
        SourceError: the camera does not exist, is busy, or access is denied.
    """

    live = True

    def __init__(self, device: int | str, wanted: CaptureFormat = USUAL) -> None:
        super().__init__(f"webcam {device}")
        self.device = device
        # OpenCV's own time limit for a frame is 10 s; this must be set before its first use.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(int(READ_LIMIT)))
        if platform.system() == "Linux":
            self._capture = cv2.VideoCapture(_path(device), cv2.CAP_V4L2)
        else:
            self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            raise SourceError(f"{self.description}: {self._reason(_path(device))}")
        self._request_format(wanted)

    def _reason(self, path: str) -> str:
        """Why the camera could not be opened, which OpenCV does not say, and the remedy."""
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except FileNotFoundError:
            return f"there is no {path}; plug a camera in, or use --source demo"
        except PermissionError:
            return f"{path} may not be read; add this user to the group video and log in again"
        except OSError as error:
            return f"{path} could not be opened ({error.strerror}); {FREE}"
        return f"it exists but gives no video; {FREE}, or choose another with --source"

    def _request_format(self, wanted: CaptureFormat) -> None:
        """Request MJPG before the size: most webcams support their full size at full rate in this format only."""
        capture = self._capture
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
        capture.set(cv2.CAP_PROP_FPS, wanted.fps)
        self.fps = capture.get(cv2.CAP_PROP_FPS)
        code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1")
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        requested = f"MJPG {wanted.width}x{wanted.height} at {wanted.fps:g} fps"
        log.info("%s: asked for %s, got %s %gx%g at %g fps", self.description, requested, code, width, height, self.fps)

    def _grab(self) -> Image:
        image = super()._grab()
        if image is None:
            reason = (
                "it gives no more frames; is it still plugged in?" if self._number else f"it gives no frames; {FREE}"
            )
            raise SourceError(f"{self.description}: {reason}")
        return image

    def _captured_at(self) -> float:
        """The driver's capture time, where it uses the monotonic clock; else now."""
        ago = time.monotonic() - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return time.time() - (ago if 0 <= ago < READ_LIMIT else 0.0)


def _path(device: int | str) -> str:
    return f"/dev/video{device}" if isinstance(device, int) else device


def find_webcams() -> list[int]:
    """The numbers of this machine's cameras; on other systems than Linux only 0, which must be tried."""
    if platform.system() != "Linux":
        return [0]
    return sorted(int(path.name.removeprefix("video")) for path in Path("/dev").glob("video[0-9]*"))


BY_ID = Path("/dev/v4l/by-id")
"""Linux' links to cameras by maker, model and serial number, which stay the same when a camera is replugged."""


def identity(device: int | str) -> Path | None:
    """The link that identifies a camera permanently; None when there is none."""
    if not BY_ID.is_dir():
        return None
    own = os.path.realpath(_path(device))
    return next((link for link in sorted(BY_ID.iterdir()) if os.path.realpath(link) == own), None)
