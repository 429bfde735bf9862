"""What the tests of records share: pictures as a camera's hub gives them, and a recorder that takes them."""

import time
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import av
import cv2

from delivery.stream import Hub, Outgoing, Picture
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from faces import Box, Face
from recording.recorder import Recorder
from recording.store import Records
from tests.support.cameras.clips import drawn
from tests.support.waiting import until

LABELS = ("happy", "sad", "neutral")


def a_face(label="happy", confidence=0.9, track=1, box=(40, 30, 60, 60), seconds=None, **others):
    rest = (1 - confidence) / 2
    chances = tuple(confidence if name == label else rest for name in LABELS)
    return Face(Box(*box), LABELS, chances, track, label, seconds=seconds, **others)


def a_picture(number, faces=(), size=(320, 180), notice=False):
    """A drawn frame of the demo as the hub of a viewer gives it, captured now."""
    data = cv2.imencode(".jpg", drawn(*size)[number % 45])[1].tobytes()
    return Picture(data, number, time.time(), notice, tuple(faces), float(number), size)


def show(hub: Hub[Outgoing], picture: Picture) -> None:
    hub.publish(Outgoing(picture, b""))


def about(limit=60.0, view=None):
    return {"camera": "door", "look": asdict(view or ViewOptions()), "labels": list(LABELS), "limit": limit}


@contextmanager
def recording(folder: Path, limit: float = 60.0, view: ViewOptions | None = None):
    """A hub and the recorder that watches it; the recorder has ended when the block has."""
    hub: Hub[Outgoing] = Hub()
    record, lock = Records(folder, keep=3600).begin(about(limit, view))
    left = []
    recorder = Recorder(record, lock, hub, Viewer(view=view), lambda: left.append(True))
    recorder.start()
    try:
        yield hub, recorder
    finally:
        recorder.halt()
        recorder.join(20)
    assert not recorder.is_alive()
    assert left == [True]


def feed(hub: Hub[Outgoing], recorder: Recorder, faces: Sequence[Sequence[Face]], size=(320, 180)) -> None:
    """Show pictures with these faces, each once the one before was written."""
    for number, seen in enumerate(faces):
        before = recorder.frames
        show(hub, a_picture(number, seen, size))
        until(lambda before=before: recorder.frames > before)


def film(path: Path) -> list[float]:
    """The times of a video's frames in seconds, each of which can be decoded."""
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]
