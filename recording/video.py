"""Writes the video of a record: it plays to its last second even if the program is killed.

While it grows it is a fragmented MP4 (ISO/IEC 14496-12, movie fragments), whose fragments stand for themselves.
`remux` makes it an ordinary MP4, in which browsers seek at once.
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
from media.videos.h264 import CLOCK, add_video_stream, to_frame, write_error

FRAGMENTED = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
"""Two fragments a second (the time is in microseconds), each given to the system at once."""

LOW_DELAY = {"bf": "0", "rc-lookahead": "5", "threads": "1", "x264-params": "sync-lookahead=0"}
"""The encoder holds back five pictures, which a sudden end loses; with none the file is twice as large."""


class RecordVideo:
    """Writes pictures with their times as H.264 into a growing MP4.

    Args:
        path: of the file; written in place.
        width: of the pictures in pixels; rounded to an even number, which H.264 needs.
        height: likewise.
        fps: approximate frames a second.

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
            self._mux(self._video.encode(to_frame(image, self._ticks)))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._failed = True
            raise write_error(self._path, error) from error

    def _open(self) -> None:
        self._file = _GrowingFile(self._path)
        self._container = av.open(self._file, "w", format="mp4", options=FRAGMENTED)
        self._video = add_video_stream(self._container, self.size, self._fps, **LOW_DELAY)

    def _mux(self, packets: list["av.Packet[av.VideoStream]"]) -> None:
        if packets and self._file is not None:
            self._container.mux(packets)
            self._file.mark_whole()  # fragments are flushed as wholes

    def close(self) -> None:
        """End the file; after a failure it ends after its last whole fragment.

        Raises:
            SourceError: its end cannot be written; the part before it plays.
            StorageError: likewise, since the disk is full.
        """
        if self._file is None:
            return
        try:
            if not self._failed:  # FFmpeg crashes if more is written after its header could not be
                self._mux(self._video.encode(None))
            self._container.close()
            self._file.mark_whole()
        except (av.error.FFmpegError, OSError) as error:
            raise write_error(self._path, error) from error
        finally:
            self._file.close()


class _GrowingFile:
    """A file for FFmpeg that is cut, when it is closed, to its last whole fragment.

    After a failed write it accepts nothing more: later data would come after a gap, even if there is room again.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._size = self._whole = 0
        self._failed = False

    def write(self, data: bytes) -> int:
        """Write all bytes.

        Raises:
            OSError: they cannot be written.
        """
        rest = memoryview(data)
        try:
            while rest and not self._failed:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._failed = True
            raise
        self._size += len(data)
        return len(data)

    def mark_whole(self) -> None:
        """Note that all that was written so far is whole."""
        if not self._failed:
            self._whole = self._size

    def close(self) -> None:
        """Cut off an incomplete fragment, and close the file."""
        self._failed = True
        with suppress(OSError), self._file:
            self._file.truncate(self._whole)


def fit_picture(
    image: Image, faces: tuple[Face, ...], pixels: tuple[int, int], size: tuple[int, int]
) -> tuple[Image, tuple[Face, ...]]:
    """Scale a picture to another size, with black bars if its shape differs, and move its faces accordingly.

    Args:
        image: (height, width, 3) uint8 BGR.
        faces: with boxes in pixels of a picture of the size `pixels`, which is `image`'s before it was reduced.
        pixels: width and height.
        size: width and height of the result.
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
    return image, tuple(_move(face, ratio, (left, top)) for face in faces)


def _move(face: Face, ratio: tuple[float, float], corner: tuple[int, int]) -> Face:
    box = face.box
    place = Box(
        round(box.x * ratio[0]) + corner[0],
        round(box.y * ratio[1]) + corner[1],
        max(1, round(box.width * ratio[0])),
        max(1, round(box.height * ratio[1])),
    )
    return replace(face, box=place)


def remux(path: Path, stop: Callable[[], bool]) -> bool:
    """Make a fragmented MP4 an ordinary one, without encoding it again; returns whether that was done.

    It is left as it is, which plays too, if `stop` says so or the disk has no room for a second file.

    Raises:
        SourceError: no picture of it can be read.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        return _copy(path, part, stop) and bool(part.replace(path))
    except av.error.InvalidDataError as error:
        raise SourceError(f"{path}: this video cannot be read ({error})") from error
    except (av.error.FFmpegError, OSError):
        return False
    finally:
        part.unlink(missing_ok=True)


def _copy(path: Path, part: Path, stop: Callable[[], bool]) -> bool:
    with (
        av.open(str(path)) as source,
        av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as target,
    ):
        video = target.add_stream_from_template(source.streams.video[0])
        packets = source.demux(source.streams.video[0])
        while not stop():
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return True
            except av.error.FFmpegError:  # the last fragment may be cut off, also within a picture
                return True
            if packet.is_corrupt:
                return True
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
    return False
