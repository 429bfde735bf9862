"""The video of a record, written while it goes on: it plays to its last second even if the program is killed.

While it grows it is a fragmented MP4 (ISO/IEC 14496-12, movie fragments): each fragment stands for itself. `settle`
makes an ordinary one of it, in which browsers jump at once.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import av
import av.error
import cv2
import numpy as np

from errors import SourceError
from faces import Box, Face, Image
from media.videos.h264 import CLOCK, add_pictures, frame_of, unwritable

GROWING = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
"""Two fragments a second (the time is in microseconds), each given to the system at once."""

SWIFT = {"bf": "0", "rc-lookahead": "5", "threads": "1", "x264-params": "sync-lookahead=0"}
"""Holds back five pictures, which a sudden end loses; holding back none makes the file twice as large."""


class RecordVideo:
    """Pictures with their times, as H.264 in an MP4 that grows.

    Args:
        path: of the file; written in its place.
        width: of the pictures in pixels; an odd one is made even, which H.264 wants.
        height: likewise.
        fps: frames a second, about.

    Attributes:
        size: width and height.
    """

    def __init__(self, path: Path, width: int, height: int, fps: float) -> None:
        self._path = path
        self._fps = fps
        self._file: _GrowingFile | None = None
        self._ticks = -1
        self._failed = False
        self.size = max(width // 2 * 2, 2), max(height // 2 * 2, 2)

    def write(self, image: Image, seconds: float) -> None:
        """Add a (height, width, 3) uint8 BGR picture of that size, which is shown from `seconds` on.

        Raises:
            SourceError: the file cannot be written.
            StorageError: the disk is full.
        """
        try:
            if self._file is None:
                self._open()
            self._ticks = max(self._ticks + 1, round(seconds / CLOCK))
            self._mux(self._video.encode(frame_of(image, self._ticks)))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._failed = True
            raise unwritable(self._path, error) from error

    def _open(self) -> None:
        self._file = _GrowingFile(self._path)
        self._container = av.open(self._file, "w", format="mp4", options=GROWING)
        self._video = add_pictures(self._container, self.size, self._fps, **SWIFT)

    def _mux(self, packets: list["av.Packet[av.VideoStream]"]) -> None:
        if packets and self._file is not None:
            self._container.mux(packets)
            self._file.is_whole()  # fragments are flushed as wholes

    def close(self) -> None:
        """End the file; after a failure it ends where it was whole.

        Raises:
            SourceError: its end cannot be written; what was written before it plays.
            StorageError: likewise, since the disk is full.
        """
        if self._file is None:
            return
        try:
            if not self._failed:  # FFmpeg crashes when it is given more after its head could not be written
                self._mux(self._video.encode(None))
            self._container.close()
            self._file.is_whole()
        except (av.error.FFmpegError, OSError) as error:
            raise unwritable(self._path, error) from error
        finally:
            self._file.close()


class _GrowingFile:
    """A file for FFmpeg that ends, when it is closed, where it was whole last.

    After a write that failed it takes nothing more: there may be room again, but what FFmpeg writes comes after a gap.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._size = self._whole = 0
        self._failed = False

    def write(self, data: bytes) -> int:
        """Write all of some bytes.

        Raises:
            OSError: they cannot be written.
        """
        left = memoryview(data)
        try:
            while left and not self._failed:
                left = left[self._file.write(left) :]
        except OSError:
            self._failed = True
            raise
        self._size += len(data)
        return len(data)

    def is_whole(self) -> None:
        """Take note that what was written so far stands for itself."""
        if not self._failed:
            self._whole = self._size

    def close(self) -> None:
        """Cut off what is not whole, and close the file."""
        self._failed = True
        with suppress(OSError), self._file:
            self._file.truncate(self._whole)


def fitted(
    image: Image, faces: tuple[Face, ...], pixels: tuple[int, int], size: tuple[int, int]
) -> tuple[Image, tuple[Face, ...]]:
    """A picture brought to another size, with black bars where its shape is another, and its faces with it.

    Args:
        image: (height, width, 3) uint8 BGR.
        faces: with boxes in pixels of a picture of the size `pixels`, which is `image`'s before it was reduced.
        pixels: width and height.
        size: width and height that the picture shall have.
    """
    height, width = image.shape[:2]
    scale = min(size[0] / width, size[1] / height)
    inner = min(round(width * scale), size[0]), min(round(height * scale), size[1])
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    if inner != (width, height):
        image = np.asarray(cv2.resize(image, inner, interpolation=cv2.INTER_AREA), np.uint8)
    if inner != size:
        whole = np.zeros((size[1], size[0], 3), np.uint8)
        whole[top : top + inner[1], left : left + inner[0]] = image
        image = whole
    ratio = inner[0] / (pixels[0] or width), inner[1] / (pixels[1] or height)
    return image, tuple(_moved(face, ratio, (left, top)) for face in faces)


def _moved(face: Face, ratio: tuple[float, float], corner: tuple[int, int]) -> Face:
    box = face.box
    place = Box(
        round(box.x * ratio[0]) + corner[0],
        round(box.y * ratio[1]) + corner[1],
        max(1, round(box.width * ratio[0])),
        max(1, round(box.height * ratio[1])),
    )
    return replace(face, box=place)


def settle(path: Path, stop: Callable[[], bool]) -> bool:
    """Make an ordinary MP4 of one that grew, without encoding it anew; returns whether that was done.

    It is left as it is, which plays too, when `stop` says so or when there is no room for a second one meanwhile.

    Raises:
        SourceError: not one picture of it can be read.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        return _copied(path, part, stop) and bool(part.replace(path))
    except av.error.InvalidDataError as error:
        raise SourceError(f"{path}: this video cannot be read ({error})") from error
    except (av.error.FFmpegError, OSError):
        return False
    finally:
        part.unlink(missing_ok=True)


def _copied(path: Path, part: Path, stop: Callable[[], bool]) -> bool:
    with av.open(str(path)) as grown, av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as made:
        video = made.add_stream_from_template(grown.streams.video[0])
        packets = grown.demux(grown.streams.video[0])
        while not stop():
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return True
            except av.error.FFmpegError:  # the last fragment may be cut off, here or within a picture
                return True
            if packet.is_corrupt:
                return True
            if packet.dts is not None:
                packet.stream = video
                made.mux(packet)
    return False
