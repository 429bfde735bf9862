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
from media.h264 import CLOCK, add_pictures, frame_of, unwritable

GROWING = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
"""Two fragments a second (the time is in microseconds), each given to the system at once."""

SWIFT = {"bf": "0", "rc-lookahead": "5", "threads": "1", "x264-params": "sync-lookahead=0"}
"""Holds back five pictures, which a sudden end loses; holding back none makes the file twice as large."""


class Film:
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
        self._container: av.container.OutputContainer | None = None
        self._ticks = -1
        self._failed = False
        self.size = max(width // 2 * 2, 2), max(height // 2 * 2, 2)

    def write(self, image: Image, seconds: float) -> None:
        """Add a (height, width, 3) uint8 BGR picture of that size, which is shown from `seconds` on.

        Raises:
            SourceError: the file cannot be written.
        """
        try:
            if self._container is None:
                self._open()
            self._ticks = max(self._ticks + 1, round(seconds / CLOCK))
            self._mux(self._video.encode(frame_of(image, self._ticks)))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            self._failed = True
            raise unwritable(self._path, error) from error

    def _open(self) -> None:
        self._container = av.open(str(self._path), "w", format="mp4", options=GROWING)
        self._video = add_pictures(self._container, self.size, self._fps, **SWIFT)

    def _mux(self, packets: list["av.Packet[av.VideoStream]"]) -> None:
        if self._container is not None:
            self._container.mux(packets)

    def close(self) -> None:
        """End the file.

        Raises:
            SourceError: its end cannot be written; what was written before it plays.
        """
        if self._container is None:
            return
        try:
            if not self._failed:  # FFmpeg crashes when it is given more after its head could not be written
                self._mux(self._video.encode(None))
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            with suppress(av.error.FFmpegError, OSError):
                self._container.close()
            raise unwritable(self._path, error) from error


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
