"""H.264 as browsers play it: what all videos that this program writes have in common."""

from fractions import Fraction
from pathlib import Path

import av

from errors import SourceError, StorageError
from faces import Image
from media.limits.disk import is_no_room

CLOCK = Fraction(1, 90_000)
"""Seconds of one tick; every usual frame rate is a whole number of them."""
KEY_EVERY = 2.0
"""Seconds between key frames, to which a jump goes."""


def add_pictures(
    container: av.container.OutputContainer, size: tuple[int, int], fps: float, **options: str
) -> av.VideoStream:
    """The stream of pictures of a file that is being written; `fps` is their mean rate, their times may be any.

    `size` is width and height in pixels, both even; `options` are further ones of libx264.
    """
    rate = Fraction(fps).limit_denominator(1001)
    video = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "23", **options})
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    video.codec_context.time_base = CLOCK
    video.codec_context.gop_size = max(1, round(KEY_EVERY * fps))
    return video


def frame_of(image: Image, ticks: int) -> av.VideoFrame:
    """A (height, width, 3) uint8 BGR picture that is shown from so many ticks of `CLOCK` on."""
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts, frame.time_base = ticks, CLOCK
    return frame


def unwritable(path: Path, error: Exception) -> SourceError | StorageError:
    """What is raised where a video cannot be written.

    Names the file alone: its folder may be called by a video's id, and who knows that may see the video.
    """
    if is_no_room(error):
        return StorageError(f"{path.name}: this video cannot be written, since the disk is full; make room")
    reason = getattr(error, "strerror", None) or error  # the whole of it names the path
    return SourceError(f"{path.name}: this video cannot be written ({reason}); may its folder be written to?")
