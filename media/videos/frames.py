"""A video's frames through the pipeline, from the first to the last, as fast as the machine can."""

import time
from collections.abc import Iterator
from dataclasses import replace

from camera import FaceDetector
from config.settings import Settings
from delivery.view_options import ViewOptions
from faces import Frame
from live.pipeline import Pipeline
from media.videos.files import VideoCopy, VideoReader
from model import EmotionModel
from tracking.searching import Search
from tracking.tracker import Tracker

WHOLE = 0.9
"""Share of what a file promises that must be there: containers often count a little too much."""


def analysed(
    reader: VideoReader, model: EmotionModel, settings: Settings, copy: VideoCopy | None = None
) -> Iterator[Frame]:
    """Every frame of a video with its faces, drawn on; also written to `copy`, with the sound, where one is given.

    Raises:
        SourceError: the video cannot be read, or the copy not written.
    """
    sizes = (settings.search_width, settings.min_face, settings.scale_factor, settings.neighbours)
    search = Search(FaceDetector(*sizes), settings.search_every)
    tracker = Tracker(settings.smoothing, model.no_face_threshold)
    pipeline = Pipeline(search, model, tracker, replace(ViewOptions.usual(settings), privacy="off"))
    try:
        for number, (seconds, image) in enumerate(reader.pictures(copy.sound if copy is not None else None)):
            done = pipeline.process(Frame(image, number, time.time(), seconds))
            if copy is not None:
                copy.write(done.image, seconds)
            yield done
    finally:
        pipeline.close()


def complaint(reader: VideoReader, read: int, seconds: float) -> str:
    """What is wrong with a video of which `read` frames, `seconds` long, came out; empty where it is whole."""
    if reader.promised and read < reader.promised * WHOLE:
        told = f"the file promises {reader.promised} frames, but only {read} can be read"
    elif not reader.promised and seconds + 1 < reader.duration * WHOLE:
        told = f"the file promises {reader.duration:.0f} s, but only {seconds:.0f} s can be read"
    else:
        return ""
    return f"{reader.name}: {told}; it is cut off or damaged"
