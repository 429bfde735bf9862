"""The analysis of one video that was handed in: an annotated copy and its results, written into a folder."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from config.settings import Settings
from errors import SourceError
from media.queue.storage import LINE, RESULT, TABLE, VIDEO
from media.results.results import FileResult, as_csv
from media.results.timeline import timeline
from media.videos.files import FASTEST, VideoCopy, VideoReader
from media.videos.frames import analysed, complaint
from model import EmotionModel

TELL = 0.5
"""Seconds between words on the progress."""

Tell = Callable[[float, float], None]
"""Takes the share that is done, 0 to 1, and the seconds left, -1 while they are unknown."""


def analyse(
    source: Path,
    name: str,
    folder: Path,
    model: EmotionModel,
    settings: Settings,
    go_on: Callable[[], None],
    tell: Tell,
) -> None:
    """Write the annotated copy and the results of one video.

    Args:
        source: the file.
        name: what errors and results call it.
        folder: where they are written.
        model: what reads expressions.
        settings: how faces are found, and how long a video may be.
        go_on: called with every frame; what it raises ends the analysis.
        tell: called now and then; likewise.

    Raises:
        SourceError: the video cannot be read, is cut off or too long, or the copy cannot be written.
        StorageError, OSError: there is no room for them, or they cannot be written.
    """
    finding = FileResult(name, "video", labels=model.labels)
    with VideoReader(source, name) as reader:
        _check_length(reader, reader.duration, reader.promised, settings.max_minutes)
        finding.fps = reader.fps
        progress = _Progress(tell, reader.duration)
        with VideoCopy(folder / VIDEO, reader.fps, reader) as copy:
            for frame in analysed(reader, model, settings, copy):
                go_on()
                _check_length(reader, frame.position, frame.number + 1, settings.max_minutes)
                finding.height, finding.width = frame.image.shape[:2]
                finding.frames.append((frame.number, frame.position, frame.faces))
                progress(frame.position)
        duration = finding.frames[-1][1] + 1 / reader.fps
        finding.error = complaint(reader, len(finding.frames), duration)
    if finding.error:
        raise SourceError(finding.error)
    _write(finding, duration, folder)


def _check_length(reader: VideoReader, seconds: float, frames: int, minutes: float) -> None:
    """Refuse what is too much: a file may tell any times, so that seconds alone bound no work."""
    if seconds > minutes * 60:
        raise SourceError(f"{reader.name}: it is longer than {minutes:g} minutes; hand in a part of it")
    most = round(minutes * 60 * FASTEST)
    if frames > most:
        told = f"it has more than {most:,} frames, {FASTEST:g} a second for {minutes:g} minutes"
        raise SourceError(f"{reader.name}: {told}; hand in a part of it")


def _write(finding: FileResult, duration: float, folder: Path) -> None:
    (folder / RESULT).write_text(json.dumps(finding.as_dict()), encoding="utf-8")
    (folder / TABLE).write_text(as_csv([finding]), encoding="utf-8")
    (folder / LINE).write_text(json.dumps(timeline(finding, duration)), encoding="utf-8")


class _Progress:
    """Tells how far a video is, now and then.

    Args:
        tell: is told.
        duration: the video's, in seconds; 0 for unknown.
    """

    def __init__(self, tell: Tell, duration: float) -> None:
        self._tell = tell
        self._duration = duration
        self._started = self._told = time.monotonic()

    def __call__(self, position: float) -> None:
        now = time.monotonic()
        if now - self._told < TELL:
            return
        self._told = now
        share = min(position / self._duration, 0.99) if self._duration else 0.0
        left = (now - self._started) * (1 - share) / share if share > 0.01 else -1.0
        self._tell(share, left)
