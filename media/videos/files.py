"""Reads video files as upright pictures with their times; writes annotated copies that browsers play, with the sound.

Reading and writing use PyAV, the FFmpeg libraries for Python: OpenCV's own writer has neither H.264 nor sound.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, Self, TypeAlias

import av
import av.error
import numpy as np

from errors import SourceError
from faces import Image
from media.videos.h264 import CLOCK, add_video_stream, to_frame, write_error
from media.videos.restrictions import may_decode, open_restricted

DEFAULT_FPS = 25.0
MAX_FPS = 240.0
"""Frames a second above which a file's rate is not believed."""
MAX_PIXELS = 4096 * 2304
"""Pixels of a frame above which a video is refused; browsers play no larger ones."""
MAX_DAMAGED = 1000
"""Damaged packets after which the rest of a file is skipped."""

RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
"""Sample rates of AAC in Hz."""

Packet: TypeAlias = "av.Packet[Any]"
Sound = Callable[[Packet], None]


class VideoReader:
    """The pictures of one video file in their order.

    `width`, `height` are those of upright frames in pixels; `fps` is the mean rate. `duration` in seconds and
    `frame_count` are what the file states, 0 if it does not.

    Raises:
        SourceError: there is no such file, it is no video, or its frames are too large.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.name = name or str(path)
        if not path.is_file():
            raise SourceError(f"{self.name}: there is no such file; give the path of a video")
        try:
            self._container = open_restricted(path)
        except (av.error.FFmpegError, OSError, ValueError):
            raise SourceError(f"{self.name}: it is no video that can be read; MP4, MOV, WebM and AVI work") from None
        try:
            self._set_up()
        except BaseException:
            self._container.close()
            raise

    def _set_up(self) -> None:
        streams = self._container.streams
        audio = [stream for stream in streams.audio if may_decode(stream)]
        if not streams.video:
            raise SourceError(f"{self.name}: it holds no video; MP4, MOV, WebM and AVI with moving pictures work")
        self._video = streams.video[0]
        if not may_decode(self._video):
            raise SourceError(f"{self.name}: its pictures are in a form that cannot be read; H.264 in MP4 works")
        self._video.thread_type = "AUTO"
        self._video.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # also where a later frame is larger
        self.sound = audio[0] if audio else None
        size = self._video.codec_context
        if size.width * size.height > MAX_PIXELS:
            raise SourceError(f"{self.name}: {size.width}x{size.height} pixels a frame, expected at most 4096x2304")
        rate = float(self._video.average_rate or self._video.guessed_rate or 0)
        self.fps = round(rate, 3) if 0 < rate <= MAX_FPS else DEFAULT_FPS
        self.frame_count = self._video.frames
        self.duration = self._container.duration / av.time_base if self._container.duration else 0.0
        self.damaged = 0
        self.start = 0.0

    def pictures(self, sound: Sound | None = None) -> Iterator[tuple[float, Image]]:
        """Yield every frame as (seconds since the first one, (height, width, 3) uint8 BGR), upright.

        Args:
            sound: called with each packet of sound on the way.

        Raises:
            SourceError: no frame can be read.
        """
        last, first = -1.0 / self.fps, True
        for frame in self._frames(sound):
            image = _upright(frame)
            if first:
                self.start, first = frame.time or 0.0, False
            time = -1.0 if frame.time is None else frame.time - self.start
            last = time if time > last else last + 1 / self.fps
            yield last, image
        if first:
            raise SourceError(f"{self.name}: it holds no readable frame; it is cut off or damaged")

    def _frames(self, sound: Sound | None) -> Iterator[av.VideoFrame]:
        for packet in self._packets(sound is not None):
            if isinstance(packet.stream, av.VideoStream):
                yield from self._decoded(packet)
            elif sound is not None:
                sound(packet)

    def _packets(self, with_sound: bool) -> Iterator[Packet]:
        streams = [self._video, self.sound] if with_sound and self.sound is not None else [self._video]
        packets = self._container.demux(streams)
        while self.damaged < MAX_DAMAGED:
            try:
                packet = next(packets)
            except (StopIteration, av.error.EOFError):
                return
            except av.error.FFmpegError:
                self.damaged += 1
            else:
                yield packet

    def _decoded(self, packet: Packet) -> Iterator[av.VideoFrame]:
        try:
            frames = self._video.decode(packet)
        except av.error.FFmpegError:  # packets after a damaged one may be whole
            self.damaged += 1
        else:
            yield from frames

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()


def _upright(frame: av.VideoFrame) -> Image:
    image = frame.to_ndarray(format="bgr24")
    turns = round((frame.rotation or 0) / 90) % 4
    return np.ascontiguousarray(np.rot90(image, turns)) if turns else np.asarray(image, np.uint8)


class VideoCopy:
    """Writes an annotated copy as H.264 and AAC in MP4; the file exists only if the block ends without an error.

    Args:
        path: of the copy; written to a temporary file beside it first.
        fps: the mean rate of the frames.
        source: the video whose sound is copied; None for none.
    """

    def __init__(self, path: Path, fps: float, source: VideoReader | None = None) -> None:
        self._path = path
        self._part = path.with_name(f".{path.name}.part")
        self._fps = fps
        self._source = source
        self._container: av.container.OutputContainer | None = None
        self._waiting: list[Packet] = []
        self._ticks = -1
        self._samples = 0
        self._last_dts: int | None = None
        """The last copied packet's time, in ticks of the source."""

    def write(self, image: Image, seconds: float) -> None:
        """Add a (height, width, 3) uint8 BGR picture that is shown from `seconds` on; the first one sets the size.

        Raises:
            SourceError: the file cannot be written.
            StorageError: the disk is full.
        """
        image = np.ascontiguousarray(image[: image.shape[0] // 2 * 2 or 1, : image.shape[1] // 2 * 2 or 1])
        try:
            if self._container is None:
                self._open(image.shape[1], image.shape[0])
            self._ticks = max(self._ticks + 1, round(seconds / CLOCK))
            self._mux(self._video.encode(to_frame(image, self._ticks)))
            while self._waiting:
                self._copy_sound(self._waiting.pop(0))
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise write_error(self._path, error) from None

    def sound(self, packet: Packet) -> None:
        """Add a packet of the source's sound; packets before the first picture wait for it.

        Raises:
            SourceError, StorageError: as for `write`.
        """
        if self._container is None:
            self._waiting.append(packet)
            return
        try:
            self._copy_sound(packet)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise write_error(self._path, error) from None

    def _open(self, width: int, height: int) -> None:
        self._container = av.open(str(self._part), "w", format="mp4", options={"movflags": "+faststart"})
        self._video = add_video_stream(self._container, (width, height), self._fps)
        self._add_sound()

    def _add_sound(self) -> None:
        self._audio: av.AudioStream | None = None
        self._encoded = False
        source = self._source and self._source.sound
        if not source or self._container is None or not source.codec_context.sample_rate:
            return
        if source.codec_context.name == "aac" and source.codec_context.extradata:
            self._audio = self._container.add_stream_from_template(source)
            return
        self._encoded = True
        rate = source.codec_context.sample_rate if source.codec_context.sample_rate in RATES else RATES[0]
        self._audio = self._container.add_stream("aac", rate=rate)
        self._audio.codec_context.layout = "mono" if source.codec_context.channels == 1 else "stereo"
        codec = self._audio.codec_context
        self._resampler = av.AudioResampler(codec.format, codec.layout, codec.sample_rate)

    def _copy_sound(self, packet: Packet) -> None:
        if self._audio is None or self._source is None:
            return
        if self._encoded:
            with suppress(av.error.InvalidDataError):  # a damaged packet stays silent; the rest is kept
                for frame in self._source.sound.decode(packet) if self._source.sound else ():
                    self._encode_sound(frame)
        elif packet.dts is not None and packet.pts is not None and packet.time_base:
            start = round(self._source.start / packet.time_base)
            pts, dts = packet.pts - start, packet.dts - start
            if pts >= 0:
                packet.dts = self._in_order(dts, Fraction(packet.time_base), self._audio.codec_context.sample_rate)
                packet.pts = max(pts, packet.dts)
                packet.stream = self._audio
                self._mux([packet])

    def _in_order(self, dts: int, unit: Fraction, rate: int) -> int:
        """Return a packet's time, moved on where it steps back, as after a break of a live stream: MP4 needs order."""
        tick = ceil(Fraction(1, rate) / unit)  # at least one of the copy's ticks
        self._last_dts = dts if self._last_dts is None else max(dts, self._last_dts + tick)
        return self._last_dts

    def _encode_sound(self, frame: av.AudioFrame | None) -> None:
        for part in self._resampler.resample(frame):
            if self._audio is None or self._source is None:
                return
            samples = round(((part.time or 0.0) - self._source.start) * part.sample_rate)
            self._samples = max(self._samples, samples)  # times in AVI and the like step back a little
            part.pts, part.time_base = self._samples, Fraction(1, part.sample_rate)
            self._samples += part.samples
            self._mux(self._audio.encode(part))

    def _mux(self, packets: list[Packet]) -> None:
        if self._container is not None:
            self._container.mux(packets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if self._container is None:
                return
            if kind is None:
                self._finish()
            else:
                with suppress(av.error.FFmpegError):
                    self._container.close()
        finally:
            self._part.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._container is None:
            return
        try:
            if self._encoded and self._audio is not None:
                self._encode_sound(None)
                self._mux(self._audio.encode(None))
            self._mux(self._video.encode(None))
            self._container.close()
            self._part.replace(self._path)
        except (av.error.FFmpegError, OSError) as error:
            with suppress(av.error.FFmpegError):
                self._container.close()
            raise write_error(self._path, error) from None
