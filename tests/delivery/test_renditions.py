import cv2
import numpy as np
import pytest

from delivery import renditions
from delivery.renditions import Drawing, Renderer, Renditions, encode
from delivery.stream import Ended
from delivery.view_options import ViewOptions
from faces import Box, Face

FACE = Face(Box(1, 2, 3, 4))


def scene(number: int = 1, width: int = 320, height: int = 180, drawn: list[ViewOptions] | None = None) -> Renderer:
    """A grey picture, brighter with bars, whose faces are as many as its threshold has tenths."""

    def draw(view: ViewOptions):
        (drawn if drawn is not None else []).append(view)
        image = np.full((height, width, 3), 180 if view.bars else 90, np.uint8)
        return Drawing(image, number, 5.0, 2.5, (FACE,) * round(10 * view.threshold))

    return draw


def shown(hub) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(hub.newest()[1].picture.jpeg, np.uint8), cv2.IMREAD_COLOR)


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
    hubs = [made.enter(ViewOptions(width)) for width in (0, 160, 160, 80, 320, 5000)]
    made.publish(scene())
    assert encoded == [(180, 320, 3), (90, 160, 3), (45, 80, 3)]
    assert [shown(hub).shape[1] for hub in hubs] == [320, 160, 160, 80, 320, 320]


def test_a_picture_is_drawn_once_for_each_look_whatever_its_sizes(encoded):
    made, drawn = Renditions(quality=80), []
    views = [
        ViewOptions(),
        ViewOptions(160),
        ViewOptions(bars=True),
        ViewOptions(160, bars=True),
        ViewOptions(160, bars=True),
    ]
    hubs = [made.enter(view) for view in views]
    timings = made.publish(scene(drawn=drawn))
    assert drawn == [ViewOptions(), ViewOptions(bars=True)]
    assert len(encoded) == 4
    assert [int(shown(hub).mean()) for hub in hubs] == [90, 90, 180, 180, 180]
    assert hubs[3] is hubs[4]
    assert min(timings["draw"], timings["encode"]) > 0


def test_a_picture_comes_with_the_faces_of_its_look_and_its_times():
    made = Renditions(quality=80)
    two, five = made.enter(ViewOptions(threshold=0.2)), made.enter(ViewOptions(threshold=0.5))
    made.publish(scene(number=7))
    for hub, count in ((two, 2), (five, 5)):
        picture = hub.newest()[1].picture
        assert picture.faces == (FACE,) * count
        assert (picture.number, picture.captured_at, picture.position, picture.drawn) == (7, 5.0, 2.5, False)


def test_nothing_is_encoded_when_nobody_watches(encoded):
    made = Renditions(quality=80)
    drawn: list[ViewOptions] = []
    made.enter(ViewOptions(160))
    assert made.views == {ViewOptions(160)}
    made.leave(ViewOptions(160))
    made.publish(scene(drawn=drawn))
    assert (made.views, encoded, drawn) == (set(), [], [])


def test_who_comes_later_gets_the_newest_picture_at_once_unless_it_was_forgotten():
    made = Renditions(quality=80)
    made.publish(scene(number=7))
    assert made.enter(ViewOptions(64)).newest()[1].picture.number == 7
    made.clear()
    with pytest.raises(TimeoutError):
        made.enter(ViewOptions(32)).newest(timeout=0.01)
    with pytest.raises(TimeoutError):
        made.enter(ViewOptions(64)).newest(timeout=0.01)


def test_a_look_that_has_no_picture_yet_gets_none_and_the_others_theirs():
    made = Renditions(quality=80)
    clear, hidden = made.enter(ViewOptions()), made.enter(ViewOptions(privacy="blur"))
    made.publish(lambda view: None if view.privacy == "blur" else scene()(view))
    assert clear.newest()[0] == 1
    with pytest.raises(TimeoutError):
        hidden.newest(timeout=0.01)


def test_the_end_reaches_every_size_and_those_who_come_after_it():
    made = Renditions(quality=80)
    before = made.enter(ViewOptions())
    made.close()
    for hub in (before, made.enter(ViewOptions(64))):
        with pytest.raises(Ended):
            hub.newest()


def test_a_flat_picture_keeps_at_least_one_row():
    made = Renditions(quality=80)
    hub = made.enter(ViewOptions(16))
    made.publish(scene(width=3000, height=20))
    assert shown(hub).shape == (1, 16, 3)


def test_a_picture_that_cannot_be_drawn_keeps_nobody_out(caplog):
    made = Renditions(quality=80)
    made.enter(ViewOptions())
    with pytest.raises(ZeroDivisionError):
        made.publish(lambda view: 1 / 0)
    hub = made.enter(ViewOptions(160))
    assert "could not be drawn" in caplog.text
    made.publish(scene(2))
    assert hub.newest()[1].picture.number == 2
    made.leave(ViewOptions(160))
    assert made.views == {ViewOptions()}
