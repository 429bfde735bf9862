"""Video files for the tests, of the drawn demo, in any container, with or without sound."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from demo import Demo
from faces import Image

KINDS = {
    ".mp4": ("libx264", "aac"),
    ".mov": ("mpeg4", "pcm_s16le"),
    ".webm": ("libvpx", "libopus"),
    ".avi": ("mpeg4", "libmp3lame"),
}
"""Codecs of picture and sound by a file's ending."""
DRAWN = 45


@cache
def drawn(width: int, height: int) -> list[Image]:
    """Three seconds of the demo at 15 frames a second, as (height, width, 3) uint8 BGR."""
    demo = Demo(width, height, 15)
    return [demo.draw(number)[0] for number in range(DRAWN)]


def write_clip(
    path: Path,
    frames: int = 45,
    size: tuple[int, int] = (320, 180),
    fps: int = 15,
    sound: bool = True,
    times: Sequence[float] | None = None,
) -> Path:
    """A clip of the demo's people with a tone of 440 Hz; `times` gives the frames' times in seconds."""
    codec, voice = KINDS[path.suffix]
    with av.open(str(path), "w") as made:
        picture: Any = made.add_stream(codec, rate=fps)
        picture.width, picture.height = size
        picture.pix_fmt, picture.bit_rate = "yuv420p", 1_000_000
        picture.codec_context.time_base = Fraction(1, 1000 if times else fps)
        audio: Any = made.add_stream(voice, rate=48_000) if sound else None
        if audio is not None:
            audio.codec_context.layout = "mono"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(drawn(*size)[number % DRAWN], format="bgr24")
            tick = picture.codec_context.time_base
            frame.time_base, frame.pts = tick, round(times[number] / tick) if times else number
            made.mux(picture.encode(frame))
        made.mux(picture.encode(None))
        if audio is not None:
            _add_tone(made, audio, frames / fps)
    return path


def _add_tone(made: Any, audio: Any, seconds: float) -> None:
    codec = audio.codec_context
    wave: NDArray[np.int16] = (8000 * np.sin(np.arange(round(48_000 * seconds)) / 48_000 * 2 * np.pi * 440)).astype(
        np.int16
    )
    tone = av.AudioFrame.from_ndarray(wave[None], format="s16", layout="mono")
    tone.sample_rate, tone.pts = 48_000, 0
    resampler = av.AudioResampler(codec.format, "mono", 48_000, frame_size=codec.frame_size or 1024)
    for part in [*resampler.resample(tone), *resampler.resample(None)]:
        made.mux(audio.encode(part))
    made.mux(audio.encode(None))


def turned(path: Path, clip: Path, matrix: tuple[int, int, int, int]) -> Path:
    """A copy of an MP4 clip whose header says that it is to be turned, as phones do; (a, b, c, d) of its matrix."""
    data = clip.read_bytes()
    plain, wanted = (_matrix(*values) for values in ((1, 0, 0, 1), matrix))
    place = data.index(plain, data.index(b"tkhd"))
    path.write_bytes(data[:place] + wanted + data[place + len(plain) :])
    return path


def _matrix(a: int, b: int, c: int, d: int) -> bytes:
    return np.array([a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30], ">i4").tobytes()
