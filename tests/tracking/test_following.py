import cv2
import numpy as np
import pytest

from demo import Demo
from faces import Box
from tests.support.cameras.moving_faces import Head, wall
from tracking.following import Grey, appearance_at, box_of, edges_of, locate, reduced
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


def test_looks_of_different_shape_are_not_compared():
    image = wall()
    box = Head(0).place(image, 400, 270)
    whole = appearance_at(grey(image), edges_of(box))
    cut = appearance_at(grey(image[:, : box.x + box.width // 2]), edges_of(box))
    assert whole.likeness(cut) == 0.0
