"""H.264 encoding that browsers play, for all videos that this program writes."""

from fractions import Fraction
from pathlib import Path

import av

from errors import SourceError, StorageError
from faces import Image
from media.limits.disk import is_disk_full_error

CLOCK = Fraction(1, 90_000)
"""Seconds of one tick; the interval of every usual frame rate is a whole number of them."""
KEY_FRAME_EVERY = 2.0
"""Seconds between key frames, to which a player seeks."""


def add_video_stream(
    container: av.container.OutputContainer, size: tuple[int, int], fps: float, **options: str
) -> av.VideoStream:
    """Add an H.264 stream to a file that is being written; `fps` is the mean rate, frames may have any times.

    `size` is width and height in pixels, both even; `options` are further ones of libx264.
    """
    rate = Fraction(fps).limit_denominator(1001)
    video = container.add_stream("libx264", rate=rate, options={"preset": "veryfast", "crf": "23", **options})
    video.width, video.height, video.pix_fmt = *size, "yuv420p"
    video.codec_context.time_base = CLOCK
    video.codec_context.gop_size = max(1, round(KEY_FRAME_EVERY * fps))
    return video


def to_frame(image: Image, ticks: int) -> av.VideoFrame:
    """Convert a (height, width, 3) uint8 BGR picture to a frame that is shown from so many ticks of `CLOCK` on."""
    frame = av.VideoFrame.from_ndarray(image, format="bgr24")
    frame.pts, frame.time_base = ticks, CLOCK
    return frame


def write_error(path: Path, error: Exception) -> SourceError | StorageError:
    """Return the error for a video that cannot be written.

    It names the file without its folder, which may be a video's id: whoever knows the id may see the video.
    """
    if is_disk_full_error(error):
        return StorageError(f"{path.name}: this video cannot be written, since the disk is full; make room")
    reason = getattr(error, "strerror", None) or error  # the whole error names the path
    return SourceError(f"{path.name}: this video cannot be written ({reason}); may its folder be written to?")
