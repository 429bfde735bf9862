from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera import FaceDetector
from drawing.palette import COLOURS, UNSURE
from drawing.privacy import ABOVE, BELOW, BESIDE, CELLS, COVER, hide
from faces import EXPRESSIONS, Box, Face, Image
from tests.support.cameras.moving_faces import Head, wall

BOX = Box(200, 150, 100, 100)


def noise(height: int = 400, width: int = 600) -> Image:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def face(box: Box = BOX, expression: str = "happy", sure: float = 0.94) -> Face:
    rest = (1 - sure) / 6
    return Face(box, EXPRESSIONS, tuple(sure if name == expression else rest for name in EXPRESSIONS))


def hidden(image: Image, faces=(), doubtful=(), how="blur", threshold=0.35) -> Image:
    drawn = image.copy()
    hide(drawn, faces, doubtful, how, threshold)
    return drawn


def inside(image: Image, box: Box = BOX) -> Image:
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def detail(image: Image) -> float:
    """How much neighbouring pixels differ, on average."""
    return float(np.abs(np.diff(image.astype(int), axis=1)).mean())


def test_without_privacy_nothing_is_done():
    assert (hidden(noise(), [face()], [Box(10, 10, 50, 50)], how="off") == noise()).all()


@pytest.mark.parametrize("how", ["blur", "emoji"])
def test_all_of_a_face_is_changed_and_nothing_that_is_apart_from_it(how):
    image = noise()
    drawn = hidden(image, [face()], how=how)
    assert (inside(drawn) != inside(image)).any(axis=2).mean() > 0.98
    assert (drawn[:80] == image[:80]).all()
    assert (drawn[350:] == image[350:]).all()
    assert (drawn[:, :150] == image[:, :150]).all()
    assert (drawn[:, 350:] == image[:, 350:]).all()


def test_ears_hair_and_chin_are_hidden_too():
    drawn, image = hidden(noise(), [face()]), noise()
    for x, y in ((180, 190), (320, 190), (250, 110), (250, 275)):
        assert detail(drawn[y - 4 : y + 4, x - 4 : x + 4]) < 0.1 * detail(image)


def test_what_tells_a_face_from_another_is_lost_and_not_only_softened():
    """Two faces that are alike on average, patch by patch, come out alike: nothing is left to sharpen."""
    first, second = (np.full((400, 600, 3), 120, np.uint8) for _ in range(2))
    first[::2, :] = 60
    first[1::2, :] = 180
    difference = np.abs(inside(hidden(first, [face()])).astype(int) - inside(hidden(second, [face()])).astype(int))
    assert difference.max() <= 6


def test_the_detector_sees_a_face_before_and_none_after():
    image = wall()
    box = Head(0).place(image, 480, 270)
    found = FaceDetector().detect(image)
    assert any(one.overlap(box) > 0.4 for one in found)
    assert FaceDetector().detect(hidden(image, [face(found[0])])) == []


def test_a_tiny_face_is_hidden_as_well_as_a_large_one():
    image = noise()
    for box in (Box(300, 200, 9, 9), Box(40, 60, 300, 300)):
        assert detail(inside(hidden(image, [face(box)]), box)) < 0.3 * detail(image)


@pytest.mark.parametrize("how", ["blur", "emoji"])
@pytest.mark.parametrize(
    ("box", "seen"), [(Box(-50, -50, 100, 100), np.s_[:50, :50]), (Box(550, 370, 90, 90), np.s_[370:, 550:])]
)
def test_what_is_in_the_picture_of_a_face_at_its_edge_is_hidden(how, box, seen):
    assert detail(hidden(noise(), [face(box)], how=how)[seen]) < 0.3 * detail(noise())


@pytest.mark.parametrize("how", ["blur", "emoji"])
@pytest.mark.parametrize(
    "box", [Box(-900, 5, 20, 20), Box(0, 0, 1, 1), Box(599, 399, 1, 1), Box(-300, -300, 1500, 1500)]
)
def test_boxes_may_be_of_any_size_and_anywhere(how, box):
    assert hidden(noise(), [face(box)], [box], how=how).shape == noise().shape


def test_places_where_a_face_may_be_are_hidden_and_never_covered():
    image = noise()
    blurred = hidden(image, [], [BOX], how="blur")
    assert detail(inside(blurred)) < 0.1 * detail(image)
    assert (hidden(image, [], [BOX], how="emoji") == blurred).all()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_face_is_covered_by_a_drawn_one_of_its_expression(expression):
    drawn = hidden(noise(), [face(expression=expression)], how="emoji")
    near = np.abs(inside(drawn).astype(int) - COLOURS[expression]).max(axis=2) < 12
    assert near.mean() > 0.5


def test_below_the_threshold_and_before_it_was_read_the_drawn_face_is_unsure():
    image = noise()
    unsure = hidden(image, [face(sure=0.6)], how="emoji", threshold=0.7)
    assert (np.abs(inside(unsure).astype(int) - UNSURE).max(axis=2) < 12).mean() > 0.5
    assert (hidden(image, [Face(BOX)], how="emoji") == unsure).all()


def test_what_covers_a_lost_face_fades_but_the_face_stays_hidden():
    image = noise()
    gone = hidden(image, [replace(face(), fade=0.0)], how="emoji")
    assert (gone == hidden(image, [face()], how="blur")).all()
    half = hidden(image, [replace(face(), fade=0.5)], how="emoji").astype(int)
    full = hidden(image, [face()], how="emoji").astype(int)
    assert np.abs(half - (full + gone) / 2).max() <= 2


def test_an_encoded_picture_holds_no_more_of_the_face():
    image = wall()
    box = Head(1).place(image, 300, 270)
    jpeg = cv2.imencode(".jpg", hidden(image, [face(box)]), [cv2.IMWRITE_JPEG_QUALITY, 100])[1]
    shown = inside(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), box)
    assert detail(shown) < 0.35 * detail(inside(image, box))


def hidden_part(image: Image, box: Box, how: str = "blur") -> Box:
    rows, columns = np.nonzero((hidden(image, [face(box)], how=how) != image).any(axis=2))
    return Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


def test_what_is_hidden_reaches_as_far_round_a_face_as_told_on_each_side():
    part = hidden_part(noise(), BOX)
    assert part.x == pytest.approx(200 - BESIDE * 100, abs=2)
    assert part.x + part.width == pytest.approx(300 + BESIDE * 100, abs=2)
    assert part.y == pytest.approx(150 - ABOVE * 100, abs=2)
    assert part.y + part.height == pytest.approx(250 + BELOW * 100, abs=2)


def test_a_drawn_face_covers_the_middle_of_the_box_by_its_longer_side():
    tall = Box(200, 130, 100, 140)
    only = np.nonzero((hidden(noise(), [face(tall)], how="emoji") != hidden(noise(), [face(tall)])).any(axis=2))
    side = COVER * 140
    for middle, found in zip((250, 200), (only[1], only[0]), strict=True):
        assert (found.min() + found.max()) / 2 == pytest.approx(middle, abs=2)
        assert np.ptp(found) == pytest.approx(side, abs=4)


@pytest.mark.parametrize("side", [20, 60, 100, 300])
def test_few_patches_are_left_of_a_face_of_any_size(side):
    """A patch of light within the face spreads over a third of it at least."""
    image, box = np.zeros((500, 700, 3), np.uint8), Box(200, 150, side, side)
    spot = max(2, side // 10)
    image[150 + side // 2 : 150 + side // 2 + spot, 200 + side // 2 : 200 + side // 2 + spot] = 255
    lit = hidden(image, [face(box)])[..., 0].astype(int)
    assert 0 < lit.max() < 255 / 4
    columns = np.flatnonzero(lit.max(axis=0) > lit.max() / 4)
    assert np.ptp(columns) > side / CELLS


def test_light_and_colour_of_a_face_stay_on_average():
    image = np.full((400, 600, 3), (200, 100, 50), np.uint8)
    assert np.abs(hidden(image, [face()]).astype(int) - image).max() <= 2


def test_faces_that_are_partly_beyond_an_edge_are_hidden_as_if_they_were_whole():
    image = noise()
    for x, y in ((-40, 150), (540, 150), (200, -40), (200, 340)):
        part = hidden_part(image, Box(x, y, 100, 100))
        whole = (x - 45, y - 60, x + 145, y + 140)
        seen = (max(0, whole[0]), max(0, whole[1]), min(600, whole[2]), min(400, whole[3]))
        assert (part.x, part.y, part.x + part.width, part.y + part.height) == pytest.approx(seen, abs=3)


def test_a_face_at_the_threshold_is_covered_by_its_expression():
    drawn = hidden(noise(), [face(sure=0.7)], how="emoji", threshold=0.7)
    assert (np.abs(inside(drawn).astype(int) - COLOURS["happy"]).max(axis=2) < 12).mean() > 0.5
