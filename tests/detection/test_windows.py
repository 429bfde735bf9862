import numpy as np
import pytest

from detection.blazeface import SIDE
from detection.finds import Finds
from detection.windows import Window, tiles, whole


def spot(width: int, height: int, x: int, y: int, reach: int = 3) -> np.ndarray:
    """A black picture with a white square around a place."""
    image = np.zeros((height, width), np.uint8)
    image[y - reach : y + reach, x - reach : x + reach] = 255
    return image


def seen_at(window: np.ndarray) -> tuple[float, float]:
    """The middle of what is bright, in pixels of the window."""
    rows, columns = np.nonzero(window > 60)
    return columns.mean() + 0.5, rows.mean() + 0.5


def find(x: float, y: float, side: float = 10.0) -> Finds:
    centre = np.array([[x, y]], np.float32)
    return Finds(np.ones(1, np.float32), centre, np.array([side], np.float32), np.repeat(centre[:, None], 6, axis=1))


@pytest.mark.parametrize("angle", [0.0, 30.0, -45.0, 90.0, 170.0])
@pytest.mark.parametrize("scale", [0.15, 0.4, 1.0, 3.0])
def test_what_is_seen_in_a_window_is_placed_where_it_is_in_the_picture(scale, angle):
    at = (640, 360)
    place = at[0] + 40 / max(scale, 0.5), at[1] - 25 / max(scale, 0.5)
    image = spot(1280, 720, round(place[0]), round(place[1]), max(2, round(3 / scale)))
    window = Window(*at, scale, angle)
    placed = window.placed(find(*seen_at(window.cut(image))))
    assert placed.centres[0] == pytest.approx(place, abs=1 + 0.7 / scale)
    assert placed.landmarks[0, 3] == pytest.approx(placed.centres[0])
    assert placed.sides[0] == pytest.approx(10 / scale)


def test_a_face_tilted_clockwise_stands_upright_in_a_window_turned_as_much():
    image = spot(400, 400, 200 + 50, 200)  # to the right of the middle; turned clockwise by 90 it came from above
    x, y = seen_at(Window(200, 200, 1.0, 90.0).cut(image))
    assert (x, y) == pytest.approx((SIDE / 2, SIDE / 2 - 50), abs=1)


def test_beyond_the_edge_a_window_is_black():
    image = np.full((100, 100), 200, np.uint8)
    window = Window(0, 0, 1.0).cut(image)
    assert (window[: SIDE // 2 - 1] == 0).all()
    assert (window[SIDE // 2 + 1 :, SIDE // 2 + 1 :] == 200).all()
    assert (Window(900, 900, 1.0).cut(image) == 0).all()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 2), (3, 7, 3)])
def test_a_picture_of_any_shape_can_be_seen_whole(shape):
    window = whole(shape[1], shape[0]).cut(np.full(shape, 90, np.uint8))
    assert window.shape == (SIDE, SIDE, *shape[2:])


@pytest.mark.parametrize("colour", [(20, 200, 90)])
def test_colours_are_kept(colour):
    image = np.full((300, 500, 3), colour, np.uint8)
    assert tuple(Window(250, 150, 0.7, 20).cut(image)[SIDE // 2, SIDE // 2]) == colour


@pytest.mark.parametrize(("width", "height"), [(1280, 720), (4000, 3000), (500, 5000), (200, 100)])
def test_tiles_show_every_place_with_the_overlap_that_was_asked_for(width, height):
    windows = list(tiles(width, height, 0.35, 48))
    rng = np.random.default_rng(0)
    for x, y in rng.uniform((0, 0), (width, height), (200, 2)):
        side = 40 / 0.35
        if min(x, y, width - x, height - y) > side / 2:
            assert any(window.inside(find(x, y, side))[0] for window in windows)


@pytest.mark.parametrize(("x", "inside"), [(0, True), (70, True), (80, False), (-80, False)])
@pytest.mark.parametrize("angle", [0, 90])
def test_a_face_is_inside_a_window_with_its_whole_square(x, inside, angle):
    window = Window(500, 500, 1.0, angle)
    assert list(window.inside(find(500 + x, 500, 40))) == [inside]
    assert list(window.inside(find(500, 500 + x, 40), 0.5)) == [inside and x < 66]
