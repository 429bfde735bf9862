"""Visitors who send the server their own camera's frames: each has a pipeline, and their number is limited."""

import io
import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from errors import ImageError
from faces import Frame, Image
from live.pipeline import Pipeline

LARGEST_SIDE = 1920
"""The most pixels of a frame's longer side; larger ones are refused before they are decoded."""
LARGEST_FRAME = 1_000_000
"""The most bytes of a frame's JPEG."""
END_OF_IMAGE = b"\xff\xd9"
START_OF_SCAN = b"\xff\xda"
MOST_SCANS = 32
"""The most scans of a frame, each a pass over the picture: a progressive JPEG has some ten, a hostile one thousands."""


class NoRoom(Exception):  # noqa: N818 - a limit is no error
    """The limit on visitors is reached; the message says so."""


def decode_frame(jpeg: bytes) -> Image:
    """Decode a visitor's frame to (height, width, 3) uint8 BGR.

    Raises:
        ImageError: no JPEG, cut off, damaged, or too large.
    """
    try:
        with Pillow.open(io.BytesIO(jpeg), formats=["JPEG"]) as head:  # reads the head only
            width, height = head.size
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning):
        raise ImageError(f"a frame of far too many pixels, expected at most {LARGEST_SIDE} a side") from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ImageError(f"{len(jpeg)} bytes that are no JPEG picture; each message must hold one whole JPEG") from None
    if max(width, height) > LARGEST_SIDE:
        raise ImageError(f"a frame of {width}x{height} pixels, expected at most {LARGEST_SIDE} a side, such as 640x480")
    # OpenCV silently fills missing parts with grey.
    if not jpeg.rstrip(b"\0").endswith(END_OF_IMAGE):
        raise ImageError(f"a JPEG of {len(jpeg)} bytes that is cut off; each message must hold one whole JPEG")
    scans = jpeg.count(START_OF_SCAN)
    if scans > MOST_SCANS:
        raise ImageError(f"a JPEG of {scans} scans, expected at most {MOST_SCANS}; send plain ones")
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION  # boxes are in pixels as they were sent
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flags)
    if image is None:
        raise ImageError(f"a JPEG of {len(jpeg)} bytes that cannot be decoded; send the next frame")
    return np.asarray(image, np.uint8)


class Visitor:
    """One visitor, whose faces are tracked apart from all others'; used by one thread.

    Args:
        make_pipeline: makes the pipeline that tracks this visitor's faces.
    """

    def __init__(self, make_pipeline: Callable[[], Pipeline]) -> None:
        self._make_pipeline = make_pipeline
        self._pipeline: Pipeline | None = None
        self._shape: tuple[int, ...] = ()
        self.frames = 0

    def analyze(self, jpeg: bytes) -> Frame:
        """Detect, follow and classify the faces of the next frame; nothing is drawn.

        Raises:
            ImageError: the bytes are no valid frame; the next ones may be.
        """
        captured_at, position, start = time.time(), time.monotonic(), time.perf_counter()
        image = decode_frame(jpeg)
        pipeline = self._fitting(image)
        self.frames += 1
        timings = {"decode": time.perf_counter() - start}
        return pipeline.analyze(Frame(image, self.frames, captured_at, position, timings=timings))

    def _fitting(self, image: Image) -> Pipeline:
        """The pipeline; a new one when the picture's size has changed, as when a phone is turned."""
        if self._pipeline is None or image.shape != self._shape:
            self.close()
            self._pipeline, self._shape = self._make_pipeline(), image.shape
        return self._pipeline

    def close(self) -> None:
        """Forget the faces and release what the pipeline holds."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


class Visitors:
    """All visitors of this server. The constructor makes no pipeline.

    Args:
        limit: the most visitors at a time; 0 for none at all.
        make_pipeline: makes one visitor's pipeline; called in the thread that serves them.
    """

    def __init__(self, limit: int, make_pipeline: Callable[[], Pipeline]) -> None:
        self.limit = limit
        self._make_pipeline = make_pipeline
        self._changed = threading.Condition()
        self._visitors: set[Visitor] = set()
        self._closing = threading.Event()
        self._gone_frames = 0

    def __len__(self) -> int:
        return len(self._visitors)

    @property
    def closing(self) -> bool:
        """Whether the server stops, so that every visitor must be disconnected."""
        return self._closing.is_set()

    @property
    def frames(self) -> int:
        """Analysed frames of all visitors ever."""
        with self._changed:
            return self._gone_frames + sum(visitor.frames for visitor in self._visitors)

    def check(self) -> None:
        """Check that one more visitor would be accepted.

        Raises:
            NoRoom: the limit is reached.
        """
        if self._closing.is_set():
            raise NoRoom("The server is stopping; try again shortly.")
        if not self.limit:
            raise NoRoom("This server takes no visitors' cameras; whoever runs it can change that: --max-visitors.")
        if len(self._visitors) >= self.limit:
            raise NoRoom(f"{self.limit} visitors show their camera already; try again shortly.")

    def enter(self) -> Visitor:
        """Add a visitor; `leave` removes it.

        Raises:
            NoRoom: the limit is reached.
        """
        with self._changed:
            self.check()
            visitor = Visitor(self._make_pipeline)
            self._visitors.add(visitor)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """Remove a visitor and forget their faces."""
        visitor.close()
        with self._changed:
            self._visitors.remove(visitor)
            self._gone_frames += visitor.frames
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Sleep, but no longer than until the server stops."""
        self._closing.wait(seconds)

    def close(self, timeout: float = 1.5) -> bool:
        """Disconnect all visitors for good, and wait up to `timeout` seconds; return whether all are gone."""
        self._closing.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._visitors, timeout)
