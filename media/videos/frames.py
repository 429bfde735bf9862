"""Runs a video's frames through the pipeline, as fast as the machine can."""

import time
from collections.abc import Iterator
from dataclasses import replace

from config.settings import Settings
from delivery.view_options import ViewOptions
from detection.choice import live_detector
from faces import Frame
from live.pipeline import Pipeline
from media.videos.files import VideoCopy, VideoReader
from model import EmotionModel
from tracking.searching import Search
from tracking.tracker import Tracker

MIN_SHARE = 0.9
"""Share of the stated frames or seconds that must be readable: containers often state a little too much."""


def analyse_frames(
    reader: VideoReader, model: EmotionModel, settings: Settings, copy: VideoCopy | None = None
) -> Iterator[Frame]:
    """Yield every frame of a video with its faces drawn; also write it, with the sound, to `copy` if given.

    Raises:
        SourceError: the video cannot be read, or the copy cannot be written.
    """
    search = Search(live_detector(settings), settings.search_every)
    tracker = Tracker(settings.smoothing, model.no_face_threshold)
    pipeline = Pipeline(search, model, tracker, replace(ViewOptions.from_settings(settings), privacy="off"))
    try:
        for number, (seconds, image) in enumerate(reader.pictures(copy.sound if copy is not None else None)):
            frame = pipeline.process(Frame(image, number, time.time(), seconds))
            if copy is not None:
                copy.write(frame.image, seconds)
            yield frame
    finally:
        pipeline.close()


def describe_truncation(reader: VideoReader, read: int, seconds: float) -> str:
    """Say how a video of which `read` frames, `seconds` long, were read is incomplete; empty if it is whole."""
    if reader.frame_count and read < reader.frame_count * MIN_SHARE:
        detail = f"the file states {reader.frame_count} frames, but only {read} can be read"
    elif not reader.frame_count and seconds + 1 < reader.duration * MIN_SHARE:
        detail = f"the file states {reader.duration:.0f} s, but only {seconds:.0f} s can be read"
    else:
        return ""
    return f"{reader.name}: {detail}; it is cut off or damaged"
