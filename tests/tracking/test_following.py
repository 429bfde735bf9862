import cv2
import numpy as np
import pytest

from demo import Demo
from faces import Box
from tests.support.cameras.moving_faces import Head, wall
from tracking.following import (
    INSIDE,
    REACH,
    SIDE,
    SMALLEST,
    Grey,
    Template,
    appearance_at,
    box_of,
    edges_of,
    locate,
    reduced,
)
from tracking.tracker import FOLLOWED


def grey(image: np.ndarray) -> Grey:
    return reduced(image, 0.0)


@pytest.mark.parametrize(
    ("shape", "small"),
    [((720, 1280), (360, 640)), ((1080, 1920), (270, 480)), ((240, 320), (240, 320)), ((9, 9), (9, 9))],
)
def test_frames_are_reduced_by_a_whole_number_and_no_further_than_asked(shape, small):
    made = reduced(np.zeros((*shape, 3), np.uint8), 1.5, 480)
    assert made.image.shape == small
    assert made.scale == small[1] / shape[1]
    assert made.position == 1.5


def test_grey_and_colour_frames_give_the_same():
    image = Demo(640, 360).draw(3)[0]
    assert np.array_equal(reduced(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), 0).image, reduced(image, 0).image)


@pytest.mark.parametrize("size", [0.5, 1.0, 1.6])
def test_a_face_is_found_again_to_a_pixel_or_two_wherever_it_went(size):
    head = Head(0, size=size)
    before = wall()
    edges = edges_of(head.place(before, 400, 270))
    appearance = appearance_at(grey(before), edges)
    for shift in ((0, 0), (3, -2), (11, 7), (-20, 14)):
        after = wall()
        true = head.place(after, 400 + shift[0] * size, 270 + shift[1] * size)
        found, likeness = locate(grey(after), appearance, edges)
        assert np.abs(found[:2] - (true.x, true.y)).max() < 1.5
        assert (found[2:] == edges[2:]).all()
        assert likeness > 0.9


def test_small_movements_are_followed_below_a_pixel_of_the_reduced_frame():
    image = cv2.GaussianBlur(Demo(1280, 720, people=1).draw(0)[0], (0, 0), 2)
    box = Demo(1280, 720, people=1).draw(0)[1][0].box
    appearance = appearance_at(grey(image), edges_of(box))
    errors = []
    for shift in np.arange(0, 4, 0.5):
        moved = cv2.warpAffine(image, np.float64([[1, 0, shift], [0, 1, -shift]]), (1280, 720))
        found, _ = locate(grey(moved), appearance, edges_of(box))
        errors.append(found[:2] - (box.x + shift, box.y - shift))
    assert np.abs(errors).max() < 1.0


def test_a_face_that_is_gone_is_not_followed():
    image = wall()
    edges = edges_of(Head(0).place(image, 400, 270))
    appearance = appearance_at(grey(image), edges)
    rng = np.random.default_rng(0)
    for empty in (wall(), rng.integers(0, 256, image.shape).astype(np.uint8)):
        assert locate(grey(empty), appearance, edges)[1] < FOLLOWED


def test_a_face_half_out_of_the_picture_is_followed_and_one_outside_is_not_looked_for():
    before, after, head = wall(), wall(), Head(0)
    edges = edges_of(head.place(before, 30, 270))
    appearance = appearance_at(grey(before), edges)
    true = head.place(after, 36, 270)
    found, likeness = locate(grey(after), appearance, edges)
    assert likeness > 0.9
    assert box_of(found).overlap(true) > 0.85
    away = edges_of(Box(-300, 100, 80, 80))
    assert appearance_at(grey(before), away) is None
    assert locate(grey(before), appearance, away) == (pytest.approx(away), -1.0)


def test_a_face_looks_like_itself_and_less_like_another():
    pictures = [wall(), wall(), wall()]
    boxes = [
        Head(who).place(picture, x, 270) for who, x, picture in zip((0, 0, 1), (400, 407, 400), pictures, strict=True)
    ]
    same, again, other = (appearance_at(grey(p), edges_of(b)) for p, b in zip(pictures, boxes, strict=True))
    assert same.likeness(again) > 0.85
    assert same.likeness(other) < same.likeness(again) - 0.2


def test_appearances_of_different_shape_are_not_compared():
    image = wall()
    box = Head(0).place(image, 400, 270)
    whole = appearance_at(grey(image), edges_of(box))
    cut = appearance_at(grey(image[:, : box.x + box.width // 2]), edges_of(box))
    assert whole.likeness(cut) == 0.0


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture in which every place looks like itself only, yet smooth enough to be reduced."""
    rng = np.random.default_rng(seed)
    return cv2.GaussianBlur(rng.integers(0, 256, (height, width)).astype(np.float32), (0, 0), 3).astype(np.uint8)


def test_what_is_left_over_by_a_reduction_is_cut_off_at_the_right_and_below():
    image = np.zeros((101, 200), np.uint8)
    image[:, 100:] = 200
    small = reduced(image, 0.0, 100).image
    assert small.shape == (50, 100)
    assert (small[:, :50] == 0).all()
    assert (small[:, 50:] == 200).all()


def test_an_appearance_is_the_inner_part_of_the_box_at_a_common_width():
    """The reduced frame has half the pixels in each direction."""
    image = noise(270, 480)
    appearance = appearance_at(Grey(image, 0.5, 0.0), edges_of(Box(200, 100, 128, 160)))
    assert appearance.scale == SIDE / 64
    assert appearance.patch.shape == (round(80 * (1 - 2 * INSIDE) / 2), 26)
    assert (appearance.left, appearance.top) == (round(100 + 6.4) - 100, 58 - 50)
    inside = image[58:122, 106:158].astype(np.float32)
    same = cv2.resize(inside, appearance.patch.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.corrcoef(same.ravel(), appearance.patch.ravel())[0, 1] > 0.98


@pytest.mark.parametrize(
    ("box", "left", "top"),
    [(Box(-20, 50, 64, 64), 20, 6), (Box(440, -20, 64, 64), 6, 20), (Box(200, 230, 64, 64), 6, 6)],
)
def test_an_appearance_at_the_pictures_edge_begins_where_the_picture_does(box, left, top):
    appearance = appearance_at(Grey(noise(270, 480), 1.0, 0.0), edges_of(box))
    assert (appearance.left, appearance.top) == (left, top)


def test_an_appearance_needs_a_few_pixels_each_way():
    grey, wide = Grey(noise(270, 480), 1.0, 0.0), 64
    inside = round(INSIDE * wide)
    for columns in (SMALLEST - 1, SMALLEST):
        x = 480 - inside - columns
        assert (appearance_at(grey, edges_of(Box(x, 100, wide, wide))) is not None) == (columns >= SMALLEST)


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_a_face_is_looked_for_within_its_reach_and_no_further_on_every_side(scale):
    image, wide = noise(270, 480), 64
    box = np.array([200, 100, wide, wide], np.float64) / scale
    appearance = appearance_at(Grey(image, scale, 0.0), box)
    near, far = int(REACH * wide) - 2, int(REACH * wide) + 8
    for across, down in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1)):
        for way, seen in ((near, True), (far, False)):
            moved = np.roll(image, (down * way, across * way), (0, 1))
            found, likeness = locate(Grey(moved, scale, 0.0), appearance, box)
            assert (likeness > 0.9) == seen, (across, down, way)
            if seen:
                assert found[:2] * scale == pytest.approx([200 + across * way, 100 + down * way], abs=0.7)


def test_where_a_face_should_be_out_of_the_picture_nothing_is_found_and_nothing_moved():
    image = noise(270, 480)
    appearance = appearance_at(Grey(image, 1.0, 0.0), edges_of(Box(200, 100, 64, 64)))
    for x, y in ((-90, 100), (490, 100), (200, -90), (200, 280), (-400, 100), (900, 100), (200, -400), (200, 900)):
        edges = edges_of(Box(x, y, 64, 64))
        found, likeness = locate(Grey(image, 1.0, 0.0), appearance, edges)
        assert (found.tolist(), likeness) == (edges.tolist(), -1.0)


def test_appearances_are_alike_from_minus_one_to_one_wherever_they_lie_within_two_pixels():
    patch = noise(30, 30, seed=3)
    one, moved, opposite = (Template(p, 1.0, 0, 0) for p in (patch, np.roll(patch, (2, -2), (0, 1)), 255 - patch))
    assert one.likeness(one) == pytest.approx(1.0, abs=1e-3)
    assert one.likeness(moved) == pytest.approx(1.0, abs=1e-3)
    assert one.likeness(opposite) < 0


def test_appearances_may_differ_by_two_pixels_of_size():
    patch = noise(40, 40, seed=3)
    whole = Template(patch, 1.0, 0, 0)
    for rows, columns, compared in ((38, 40, True), (37, 40, False), (40, 38, True), (40, 37, False)):
        cut = Template(patch[:rows, :columns], 1.0, 0, 0)
        assert (whole.likeness(cut) > 0.9) == compared
        assert (cut.likeness(whole) > 0.9) == compared


def test_boxes_become_edges_and_edges_boxes_of_a_pixel_at_least():
    assert edges_of(Box(1, 2, 3, 4)).tolist() == [1, 2, 3, 4]
    assert box_of(np.array([1.4, 1.6, 3.6, 4.4])) == Box(1, 2, 4, 4)
    assert box_of(np.array([0.0, 0.0, 0.2, 0.3])) == Box(0, 0, 1, 1)
