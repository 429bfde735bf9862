import cv2
import numpy as np
import pytest

from delivery import renditions
from delivery.renditions import Drawn, Renditions, encode
from delivery.stream import Ended


def drawn(number: int = 1, width: int = 320, height: int = 180) -> Drawn:
    return Drawn(np.full((height, width, 3), 90, np.uint8), number, captured_at=5.0)


@pytest.fixture
def encoded(monkeypatch) -> list[tuple[int, ...]]:
    """The shapes that were encoded."""
    shapes = []

    def counting(image, quality):
        shapes.append(image.shape)
        return encode(image, quality)

    monkeypatch.setattr(renditions, "encode", counting)
    return shapes


def test_a_picture_is_encoded_once_for_each_size_that_is_watched(encoded):
    made = Renditions(quality=80)
    hubs = [made.enter(width) for width in (0, 160, 160, 80, 320, 5000)]
    made.publish(drawn())
    assert encoded == [(180, 320, 3), (90, 160, 3), (45, 80, 3)]
    shapes = [cv2.imdecode(np.frombuffer(hub.newest()[1].picture.jpeg, np.uint8), 1).shape[1] for hub in hubs]
    assert shapes == [320, 160, 160, 80, 320, 320]


def test_nothing_is_encoded_when_nobody_watches(encoded):
    made = Renditions(quality=80)
    made.enter(160)
    made.leave(160)
    made.publish(drawn())
    assert encoded == []


def test_who_comes_later_gets_the_newest_picture_at_once_unless_it_was_forgotten():
    made = Renditions(quality=80)
    made.publish(drawn(number=7))
    assert made.enter(64).newest()[1].picture.number == 7
    made.clear()
    with pytest.raises(TimeoutError):
        made.enter(32).newest(timeout=0.01)
    with pytest.raises(TimeoutError):
        made.enter(64).newest(timeout=0.01)


def test_the_end_reaches_every_size_and_those_who_come_after_it():
    made = Renditions(quality=80)
    before = made.enter(0)
    made.close()
    for hub in (before, made.enter(64)):
        with pytest.raises(Ended):
            hub.newest()


def test_a_flat_picture_keeps_at_least_one_row():
    made = Renditions(quality=80)
    hub = made.enter(16)
    made.publish(drawn(width=3000, height=20))
    assert cv2.imdecode(np.frombuffer(hub.newest()[1].picture.jpeg, np.uint8), 1).shape == (1, 16, 3)
