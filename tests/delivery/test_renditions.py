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


def test_a_picture_is_told_with_the_size_that_the_camera_gave_and_its_number_and_drawn_first_in_that():
    made, drawn = Renditions(quality=80), []
    small, own = made.enter(ViewOptions(160, bars=True)), made.enter(ViewOptions())
    made.publish(scene(7, drawn=drawn))
    assert drawn == [ViewOptions(), ViewOptions(bars=True)]
    for hub in (small, own):
        picture = hub.newest()[1].picture
        assert (picture.size, picture.number, picture.drawn) == ((320, 180), 7, False)


def test_pictures_are_reduced_evenly_and_encoded_as_well_as_was_asked():
    grey = np.random.default_rng(0).integers(0, 256, (180, 320, 1), np.uint8)
    image = np.tile(grey, (1, 1, 3))

    def draw(_: ViewOptions) -> Drawing:
        return Drawing(image, 1, 0.0)

    sizes = []
    for quality in (30, 95):
        made = Renditions(quality)
        hub = made.enter(ViewOptions(160))
        made.publish(draw)
        sizes.append(len(hub.newest()[1].picture.jpeg))
    assert sizes[1] > 2 * sizes[0]
    averaged = image.reshape(90, 2, 160, 2, 3).mean(axis=(1, 3))
    assert np.abs(shown(hub).astype(int) - averaged).mean() < 10


def test_a_look_is_kept_until_the_last_who_wanted_it_leaves():
    made = Renditions(quality=80)
    hub = made.enter(ViewOptions(160))
    made.enter(ViewOptions(160))
    made.enter(ViewOptions())
    made.leave(ViewOptions(160))
    assert made.views == {ViewOptions(160), ViewOptions()}
    assert made.enter(ViewOptions(160)) is hub
    made.leave(ViewOptions(160))
    made.leave(ViewOptions(160))
    assert made.views == {ViewOptions()}
    assert made.enter(ViewOptions(160)) is not hub


def test_a_picture_made_elsewhere_goes_to_its_look_alone():
    made = Renditions(quality=80)
    hub, other = made.enter(ViewOptions(160)), made.enter(ViewOptions())
    made.publish(scene(1))
    outgoing = hub.newest()[1]
    made.put(ViewOptions(160), outgoing)
    made.put(ViewOptions(80), outgoing)
    assert (hub.peek(), other.peek()[0]) == ((2, outgoing), 1)
    assert made.enter(ViewOptions(80)).peek() == (0, None), "what was drawn before is old"


def test_who_comes_is_shown_the_newest_in_their_own_size():
    made = Renditions(quality=60)
    made.publish(scene(3))
    assert shown(made.enter(ViewOptions(160))).shape == (90, 160, 3)
    made.clear()
    assert made.enter(ViewOptions(80)).peek() == (0, None)


def test_the_time_of_all_drawings_and_encodings_is_summed(monkeypatch):
    made, now = Renditions(quality=80), iter(range(100))
    for view in (ViewOptions(), ViewOptions(160), ViewOptions(80, bars=True)):
        made.enter(view)
    monkeypatch.setattr("delivery.renditions.time.perf_counter", lambda: float(next(now)))
    assert made.publish(scene()) == {"draw": 2.0, "encode": 3.0}
