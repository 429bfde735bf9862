"""Frames from a webcam, a video file, an address or the drawn demo; and Haar face detection in them."""

import logging
import os
import platform
import re
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from demo import Demo
from errors import SourceError
from faces import Box, Frame, Image, joined

log = logging.getLogger("camera")

CASCADE = "haarcascade_frontalface_default.xml"
CASCADE_SIDE = 24
"""Pixels of the smallest face that the cascade was trained on."""
NEAR_MARGIN = 0.4
"""How far round a known face it is looked for again, as a share of its size."""
NEAR_SIDE = 56
"""Pixels to which a known face is brought before it is looked for again."""
NEAR_CHANGE = 1.4
"""The greatest change of size between two frames that is looked for."""
NO_CAMERA = "No camera was found on this machine. This is the drawn demo."
CATCH_UP = 0.25
"""Seconds by which a video file may lag behind its own pace and still make up for it."""
OPEN_LIMIT = 5.0
"""Seconds after which an address that does not answer counts as lost."""
READ_LIMIT = 5.0
"""Seconds after which an open camera that gives no frame counts as lost."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The size in pixels and the frames per second that a camera is asked for."""

    width: int = 1280
    height: int = 720
    fps: float = 30.0


class Source(ABC):
    """An open source of frames; closed by `close` or at the end of a `with` block.

    `description` says in a few words what is being read; `fps` is 0 where the source does not know its rate; `notice`
    is what a viewer should be told about it.
    """

    fps = 0.0
    notice = ""

    def __init__(self, description: str) -> None:
        self.description = description
        self._number = 0

    @abstractmethod
    def _grab(self) -> Image | None:
        """Wait for the next picture, (height, width, 3) uint8 BGR; None at the end of a source that ends."""

    @abstractmethod
    def close(self) -> None:
        """Give the device back; a second call does nothing."""

    def read(self) -> Frame | None:
        """Wait for the next frame; None at the end of a source that ends.

        Raises:
            SourceError: the source failed while being read.
        """
        image = self._grab()
        if image is None:
            return None
        frame = Frame(image, self._number, captured_at=time.time(), position=self._position())
        self._number += 1
        return frame

    def _position(self) -> float:
        return time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Captured(Source):
    """A source that OpenCV's VideoCapture reads."""

    _capture: cv2.VideoCapture

    def _grab(self) -> Image | None:
        good, image = self._capture.read()
        return np.asarray(image, np.uint8) if good else None

    def close(self) -> None:
        self._capture.release()


class Webcam(_Captured):
    """A camera of this machine, by number or device path; asked for MJPG at a size and rate, it gives what it can.

    Raises:
        SourceError: there is no such camera, it is busy, or access is denied.
    """

    def __init__(self, device: int | str, wanted: Wanted = Wanted()) -> None:
        super().__init__(f"webcam {device}")
        # OpenCV waits 10 s for a frame that does not come, unless told otherwise before its first use.
        os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(int(READ_LIMIT)))
        if platform.system() == "Linux":
            path = f"/dev/video{device}" if isinstance(device, int) else device
            self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        else:
            path = str(device)
            self._capture = cv2.VideoCapture(device)
        if not self._capture.isOpened():
            raise SourceError(f"{self.description}: {self._reason(path)}")
        self._ask(wanted)

    def _reason(self, path: str) -> str:
        """Why it could not be opened, which OpenCV does not say, and what to do."""
        try:
            os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        except FileNotFoundError:
            return f"there is no {path}; plug a camera in, or use --source demo"
        except PermissionError:
            return f"{path} may not be read; add this user to the group video and log in again"
        except OSError as error:
            return f"{path} could not be opened ({error.strerror}); close the program that uses it"
        return "it exists but gives no video; choose another with --source"

    def _ask(self, wanted: Wanted) -> None:
        """Ask for MJPG before the size: most webcams give their full size at full rate in this format only."""
        capture = self._capture
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, wanted.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, wanted.height)
        capture.set(cv2.CAP_PROP_FPS, wanted.fps)
        self.fps = capture.get(cv2.CAP_PROP_FPS)
        code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little").decode("latin-1")
        width, height = capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        asked = f"MJPG {wanted.width}x{wanted.height} at {wanted.fps:g} fps"
        log.info("%s: asked for %s, got %s %gx%g at %g fps", self.description, asked, code, width, height, self.fps)

    def _grab(self) -> Image | None:
        image = super()._grab()
        if image is None:
            raise SourceError(f"{self.description}: it gives no more frames; is it still plugged in?")
        return image


class VideoFile(_Captured):
    """A video file: looped at its own pace as if it were a camera, or read once as fast as possible.

    Raises:
        SourceError: there is no such file, or it is no video that can be read.
    """

    def __init__(self, path: str | Path, looped: bool = True) -> None:
        super().__init__(f"file {Path(path).name}")
        self._path = Path(path)
        self._looped = looped
        self._due = time.monotonic()
        self._load()

    def _load(self) -> None:
        if not self._path.is_file():
            raise SourceError(f"{self._path}: there is no such file; give the path of a video")
        with _ffmpeg_options(""):
            self._capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise SourceError(f"{self._path}: it is no video that can be read; MP4, MOV, WebM and AVI work")
        self.fps = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        self.frames = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))

    def _position(self) -> float:
        return super()._position() if self._looped else self._number / self.fps

    def _grab(self) -> Image | None:
        image = super()._grab()
        if not self._looped:
            return image
        if image is None:
            image = self._again()
        self._wait()
        return image

    def _again(self) -> Image:
        self.close()
        self._load()
        image = super()._grab()
        if image is None:
            raise SourceError(f"{self._path}: it holds no frame that can be read")
        return image

    def _wait(self) -> None:
        """Sleep until the frame is due; a short delay is made up for, after a longer one it goes on from now."""
        now = time.monotonic()
        self._due = max(self._due + 1 / self.fps, now - CATCH_UP)
        if self._due > now:
            time.sleep(self._due - now)


_FFMPEG = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_opening = threading.Lock()


@contextmanager
def _ffmpeg_options(options: str) -> Iterator[None]:
    """Have FFmpeg open a source with some options, unless the user's environment names others.

    OpenCV takes them from the environment only, so one source is opened at a time: what helps a network camera loses
    frames of a file.
    """
    with _opening:
        if _FFMPEG in os.environ or not options:
            yield
            return
        os.environ[_FFMPEG] = options
        try:
            yield
        finally:
            del os.environ[_FFMPEG]


class Address(_Captured):
    """A camera on the network: an HTTP MJPEG or RTSP address.

    Raises:
        SourceError: nobody answers there, or what answers is no video.
    """

    def __init__(self, url: str) -> None:
        super().__init__(without_password(url))
        limits = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: OPEN_LIMIT, cv2.CAP_PROP_READ_TIMEOUT_MSEC: READ_LIMIT}
        options = [number for key, seconds in limits.items() for number in (key, int(seconds * 1000))]
        with _ffmpeg_options("rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"):
            self._capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, options)
        if not self._capture.isOpened():
            raise SourceError(
                f"{self.description}: no video came within {OPEN_LIMIT:g} s; check the address and the camera"
            )
        self.fps = self._capture.get(cv2.CAP_PROP_FPS)

    def _grab(self) -> Image | None:
        image = super()._grab()
        if image is None:
            raise SourceError(f"{self.description}: the connection broke off; is the camera still on?")
        return image


class DemoSource(Source):
    """The drawn demo, at its own pace; what is late is skipped, so that drawn time keeps to the wall's."""

    def __init__(self, wanted: Wanted = Wanted(), seed: int = 0, notice: str = "") -> None:
        super().__init__("demo")
        self.fps = wanted.fps
        self.notice = notice
        self._opened_at = time.monotonic()
        self._demo = Demo(wanted.width, wanted.height, wanted.fps, seed)

    def _grab(self) -> Image | None:
        elapsed = time.monotonic() - self._opened_at
        self._number = max(self._number, int(elapsed * self.fps))
        time.sleep(max(0.0, self._number / self.fps - elapsed))
        return self._demo.draw(self._number)[0]

    def close(self) -> None:
        """There is nothing to give back."""


def without_password(source: str) -> str:
    """An address without user name and password, which have no place in logs or on pages."""
    return re.sub(r"//[^/@]*@", "//", source)


def find_webcams() -> list[int]:
    """Numbers of the cameras that this machine lists; elsewhere than on Linux the first number, which must be tried."""
    if platform.system() != "Linux":
        return [0]
    return sorted(int(path.name.removeprefix("video")) for path in Path("/dev").glob("video[0-9]*"))


def check_source(source: str) -> None:
    """See, without opening anything, whether a source can be meant.

    Raises:
        SourceError: it names a file that does not exist.
    """
    special = source in ("auto", "demo") or source.isdigit() or source.startswith("/dev/") or "://" in source
    if not special and not Path(source).is_file():
        raise SourceError(
            f"source {source!r}: there is no such file; expected a camera number, a device path such as /dev/video0, "
            "a video file, an http or rtsp address, demo or auto"
        )


def open_source(source: str, wanted: Wanted = Wanted()) -> Source:
    """Open what a `--source` names: auto, demo, a camera number or device path, an address or a file.

    Raises:
        SourceError: it is missing, busy or no video.
    """
    check_source(source)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)  # what matters is said by our own errors
    if source == "auto":
        return _first_webcam(wanted)
    if source == "demo":
        return DemoSource(wanted)
    if source.isdigit():
        return Webcam(int(source), wanted)
    if source.startswith("/dev/"):
        return Webcam(source, wanted)
    return Address(source) if "://" in source else VideoFile(source)


def _first_webcam(wanted: Wanted) -> Source:
    """The first webcam that works; the demo, with a notice that says why, where there is none."""
    reason = ""
    for number in find_webcams():
        try:
            return Webcam(number, wanted)
        except SourceError as error:
            reason = reason or f" ({error})"
    return DemoSource(wanted, notice=NO_CAMERA if not reason else f"No camera works{reason}. This is the drawn demo.")


class FaceDetector:
    """OpenCV's frontal-face cascade (Viola and Jones, 2001) on a reduced, contrast-normalised grey frame.

    Args:
        search_width: the frame is reduced to this width, in pixels, before the search; a narrower one stays as it is.
        min_face: smallest face searched for, as a share of the frame's shorter side.
        scale_factor: step between the face sizes searched for.
        neighbours: overlapping finds that make a face.

    Not to be shared between threads: the cascade keeps its buffers.
    """

    def __init__(
        self, search_width: int = 480, min_face: float = 0.1, scale_factor: float = 1.1, neighbours: int = 5
    ) -> None:
        self._search_width = search_width
        self._min_face = min_face
        self._scale_factor = scale_factor
        self._neighbours = neighbours
        self._cascade = cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
        if self._cascade.empty():
            raise SourceError(f"OpenCV came without {CASCADE}; install the pinned 4.x release: make setup")

    def detect(self, image: Image) -> list[Box]:
        """All faces of a picture, (height, width, 3) BGR or (height, width) grey, as boxes in it, left one first."""
        scale = min(1.0, self._search_width / image.shape[1])
        grey = _reduced(image, scale)
        side = max(CASCADE_SIDE, round(self._min_face * min(grey.shape)))
        found = self._search(grey, side, max(grey.shape))
        boxes: list[Box] = []
        for edges in found:  # the surest first: the cascade may find one face at two sizes
            boxes = joined(boxes, [Box(*(round(edge / scale) for edge in edges))])
        return sorted(boxes, key=lambda box: box.x)

    def detect_near(self, image: Image, known: Sequence[Box]) -> list[Box]:
        """The faces that are still near where they were, at a small part of the cost of a full search.

        Args:
            image: as for `detect`.
            known: where faces were a moment ago; those not found again are missing from the answer.
        """
        boxes: list[Box] = []
        for box in known:
            found = self._detect_near(image, box)
            boxes = joined(boxes, [found] if found is not None else [])  # two that meet are one
        return boxes

    def _detect_near(self, image: Image, known: Box) -> Box | None:
        margin = round(known.width * NEAR_MARGIN)
        left, top = max(0, known.x - margin), max(0, known.y - margin)
        patch = image[top : known.y + known.height + margin, left : known.x + known.width + margin]
        scale = NEAR_SIDE / known.width
        if min(patch.shape[:2]) * scale < CASCADE_SIDE:  # all but gone over the edge
            return None
        found = self._search(_reduced(patch, scale), round(NEAR_SIDE / NEAR_CHANGE), round(NEAR_SIDE * NEAR_CHANGE))
        boxes = [
            Box(left + round(x / scale), top + round(y / scale), round(width / scale), round(height / scale))
            for x, y, width, height in found
        ]
        return max(boxes, key=known.overlap, default=None)

    def _search(self, grey: Image, smallest: int, largest: int) -> Sequence[tuple[int, int, int, int]]:
        """What the cascade finds, that with the most overlapping finds first."""
        found, counts = self._cascade.detectMultiScale2(
            grey, self._scale_factor, self._neighbours, minSize=(smallest, smallest), maxSize=(largest, largest)
        )
        ranked = sorted(zip(counts, found, strict=True), key=lambda pair: -pair[0])
        return [(int(x), int(y), int(width), int(height)) for _, (x, y, width, height) in ranked]


def _reduced(image: Image, scale: float) -> Image:
    """The grey picture to search.

    Equalising the histogram makes up for back light and dark rooms, on which the cascade's fixed thresholds fail.
    """
    if image.ndim == 3:
        image = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)
    if scale != 1:
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=interpolation), np.uint8)
    return np.asarray(cv2.equalizeHist(image), np.uint8)
