"""Analysis of one uploaded video: an annotated copy and its results, written into a folder."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from config.settings import Settings
from errors import SourceError
from media.queue.storage import LINE, RESULT, TABLE, VIDEO
from media.results.results import FileResult, as_csv
from media.results.timeline import timeline
from media.videos.files import MAX_FPS, VideoCopy, VideoReader
from media.videos.frames import analyse_frames, describe_truncation
from model import EmotionModel

REPORT_EVERY = 0.5
"""Seconds between reports of progress."""

ProgressReport = Callable[[float, float], None]
"""Called with the share that is done, 0 to 1, and the seconds left, -1 while they are unknown."""


def analyse(
    source: Path,
    name: str,
    folder: Path,
    model: EmotionModel,
    settings: Settings,
    on_frame: Callable[[], None],
    report: ProgressReport,
) -> None:
    """Write the annotated copy and the results of one video.

    Args:
        source: the file.
        name: what errors and results call it.
        folder: where they are written.
        model: reads the expressions.
        settings: how faces are searched for, and how long a video may be.
        on_frame: called with every frame; an exception that it raises ends the analysis.
        report: called twice a second at most; likewise.

    Raises:
        SourceError: the video cannot be read, is cut off or too long, or the copy cannot be written.
        StorageError, OSError: the disk is full, or the results cannot be written.
    """
    result = FileResult(name, "video", labels=model.labels)
    with VideoReader(source, name) as reader:
        _check_length(reader, reader.duration, reader.frame_count, settings.max_minutes)
        result.fps = reader.fps
        progress = _Progress(report, reader.duration)
        with VideoCopy(folder / VIDEO, reader.fps, reader) as copy:
            for frame in analyse_frames(reader, model, settings, copy):
                on_frame()
                _check_length(reader, frame.position, frame.number + 1, settings.max_minutes)
                result.height, result.width = frame.image.shape[:2]
                result.frames.append((frame.number, frame.position, frame.faces))
                progress(frame.position)
        duration = result.frames[-1][1] + 1 / reader.fps
        result.error = describe_truncation(reader, len(result.frames), duration)
    if result.error:
        raise SourceError(result.error)
    _write(result, duration, folder)


def _check_length(reader: VideoReader, seconds: float, frames: int, minutes: float) -> None:
    """Refuse a video that is too long. Frames are bounded too, since a file may state any times."""
    if seconds > minutes * 60:
        raise SourceError(f"{reader.name}: it is longer than {minutes:g} minutes; hand in a part of it")
    most = round(minutes * 60 * MAX_FPS)
    if frames > most:
        detail = f"it has more than {most:,} frames, {MAX_FPS:g} a second for {minutes:g} minutes"
        raise SourceError(f"{reader.name}: {detail}; hand in a part of it")


def _write(result: FileResult, duration: float, folder: Path) -> None:
    (folder / RESULT).write_text(json.dumps(result.as_dict()), encoding="utf-8")
    (folder / TABLE).write_text(as_csv([result]), encoding="utf-8")
    (folder / LINE).write_text(json.dumps(timeline(result, duration)), encoding="utf-8")


class _Progress:
    """Reports progress every half second.

    Args:
        report: called with the progress.
        duration: the video's, in seconds; 0 if unknown.
    """

    def __init__(self, report: ProgressReport, duration: float) -> None:
        self._report = report
        self._duration = duration
        self._started = self._reported = time.monotonic()

    def __call__(self, position: float) -> None:
        now = time.monotonic()
        if now - self._reported < REPORT_EVERY:
            return
        self._reported = now
        share = min(position / self._duration, 0.99) if self._duration else 0.0
        left = (now - self._started) * (1 - share) / share if share > 0.01 else -1.0
        self._report(share, left)
