"""Visitors who show the server their own camera: each with a pipeline of their own, as many as there is room for."""

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
"""Pixels of a frame's longer side, beyond which it is refused before it is decoded."""
LARGEST_FRAME = 1_000_000
"""Bytes of a frame's JPEG."""
END_OF_IMAGE = b"\xff\xd9"
START_OF_SCAN = b"\xff\xda"
MOST_SCANS = 32
"""Scans of a frame, each a pass over the picture; a progressive JPEG has ten or so, one made to cost has thousands."""


class NoRoom(Exception):  # noqa: N818 - a limit is no error
    """There are as many visitors as this server takes; says so."""


def decode_frame(jpeg: bytes) -> Image:
    """A visitor's frame as (height, width, 3) uint8 BGR.

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
    # OpenCV fills what is missing with grey and says nothing.
    if not jpeg.rstrip(b"\0").endswith(END_OF_IMAGE):
        raise ImageError(f"a JPEG of {len(jpeg)} bytes that is cut off; each message must hold one whole JPEG")
    scans = jpeg.count(START_OF_SCAN)
    if scans > MOST_SCANS:
        raise ImageError(f"a JPEG of {scans} scans, expected at most {MOST_SCANS}; send plain ones")
    how = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION  # boxes are in pixels as they were sent
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), how)
    if image is None:
        raise ImageError(f"a JPEG of {len(jpeg)} bytes that cannot be decoded; send the next frame")
    return np.asarray(image, np.uint8)


class Visitor:
    """One visitor's frames, followed over time and kept apart from all others'; used by one thread.

    Args:
        make_pipeline: makes the pipeline that remembers this visitor's faces.
    """

    def __init__(self, make_pipeline: Callable[[], Pipeline]) -> None:
        self._make_pipeline = make_pipeline
        self._pipeline: Pipeline | None = None
        self._shape: tuple[int, ...] = ()
        self.frames = 0

    def analyze(self, jpeg: bytes) -> Frame:
        """Find, follow and read the faces of the next frame; its picture is left undrawn.

        Raises:
            ImageError: bytes that are no frame; the next may be.
        """
        captured_at, position, start = time.time(), time.monotonic(), time.perf_counter()
        image = decode_frame(jpeg)
        pipeline = self._fitting(image)
        self.frames += 1
        timings = {"decode": time.perf_counter() - start}
        return pipeline.analyze(Frame(image, self.frames, captured_at, position, timings=timings))

    def _fitting(self, image: Image) -> Pipeline:
        """The pipeline; a new one where the picture's size has changed, as when a phone is turned."""
        if self._pipeline is None or image.shape != self._shape:
            self.close()
            self._pipeline, self._shape = self._make_pipeline(), image.shape
        return self._pipeline

    def close(self) -> None:
        """Forget the faces, and give back what the pipeline holds."""
        if self._pipeline is not None:
            self._pipeline.close()
            self._pipeline = None


class Visitors:
    """Counts visitors in and out. Building it makes no pipeline.

    Args:
        limit: how many there may be at a time; 0 for none at all.
        make_pipeline: makes one visitor's pipeline; called in the thread that serves them.
    """

    def __init__(self, limit: int, make_pipeline: Callable[[], Pipeline]) -> None:
        self.limit = limit
        self._make_pipeline = make_pipeline
        self._changed = threading.Condition()
        self._here: set[Visitor] = set()
        self._closing = threading.Event()
        self._gone_frames = 0

    def __len__(self) -> int:
        return len(self._here)

    @property
    def closing(self) -> bool:
        """Whether the server stops, so that every visitor must be let go."""
        return self._closing.is_set()

    @property
    def frames(self) -> int:
        """Frames of all visitors ever that were looked at."""
        with self._changed:
            return self._gone_frames + sum(visitor.frames for visitor in self._here)

    def check(self) -> None:
        """See whether one more would be let in.

        Raises:
            NoRoom: there are as many as there may be.
        """
        if self._closing.is_set():
            raise NoRoom("The server is stopping; try again shortly.")
        if not self.limit:
            raise NoRoom("This server takes no visitors' cameras; whoever runs it can change that: --max-visitors.")
        if len(self._here) >= self.limit:
            raise NoRoom(f"{self.limit} visitors show their camera already; try again shortly.")

    def enter(self) -> Visitor:
        """Let one more in; `leave` lets them out.

        Raises:
            NoRoom: there are as many as there may be.
        """
        with self._changed:
            self.check()
            visitor = Visitor(self._make_pipeline)
            self._here.add(visitor)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """Let a visitor out and forget all about them."""
        visitor.close()
        with self._changed:
            self._here.remove(visitor)
            self._gone_frames += visitor.frames
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Pause, but no longer than until the server stops."""
        self._closing.wait(seconds)

    def close(self, timeout: float = 1.5) -> bool:
        """Have every visitor let go, for good, and wait for that up to `timeout` seconds; whether all are gone."""
        self._closing.set()
        with self._changed:
            return self._changed.wait_for(lambda: not self._here, timeout)
