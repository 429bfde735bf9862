import cv2
import numpy as np
import pytest
from skimage import data

from detection.finds import Finds
from detection.live import CLEARER, MOST, REFUSED_FOR, LiveDetector
from faces import Box, Detection
from tests.support.cameras.networks import CountingNetwork

HEAD = cv2.cvtColor(data.astronaut()[:220, 100:360], cv2.COLOR_RGB2GRAY)
FACE = Box(74, 68, 100, 100)


@pytest.fixture(scope="module")
def network():
    return CountingNetwork()


def room(*faces: tuple[int, int, int]) -> tuple[np.ndarray, list[Box]]:
    """A grey frame of 1280x720 with heads: faces of that many pixels at x, y; and their boxes."""
    image = np.random.default_rng(0).integers(80, 100, (720, 1280)).astype(np.uint8)
    boxes = []
    for side, x, y in faces:
        scale = side / FACE.width
        head = cv2.resize(HEAD, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top, left = round(y - FACE.y * scale), round(x - FACE.x * scale)
        part = image[max(0, top) : top + head.shape[0], max(0, left) : left + head.shape[1]]
        part[:] = head[max(0, -top) :, max(0, -left) :][: part.shape[0], : part.shape[1]]
        boxes.append(Box(x, y, side, side))
    return image, boxes


def found_near(found: list[Detection], box: Box) -> bool:
    return any(each.box.overlap(box) > 0.4 for each in found)


def test_a_large_face_is_found_at_every_third_search_and_a_small_one_within_a_round_of_all_parts(network):
    detector = LiveDetector(network)
    image, (large, small) = room((150, 200, 200), (26, 1100, 560))
    found = []
    for _ in range(12):
        places = detector.detect_new(image)
        found.append([face for face in detector.confirm(image, places) if face is not None])
    assert all(found_near(each, large) for each in found[::3])
    assert any(found_near(each, small) for each in found)
    assert all(found_near([face], large) or found_near([face], small) for each in found for face in each)


def test_a_search_glances_once_and_a_clear_face_needs_no_closer_look(network):
    detector = LiveDetector(network)
    image, (box,) = room((300, 300, 250))
    network.looks = 0
    (clear,) = [place for place in detector.detect_new(image) if place.box.overlap(box) > 0.5]
    assert detector.confirm(image, [clear]) == [clear]
    assert network.looks == 1


def test_only_what_changed_and_is_not_known_is_new(network):
    image, (one, other) = room((150, 200, 200), (150, 800, 300))
    changed = LiveDetector(network).detect_new(image, Box(700, 200, 400, 400))
    assert (found_near(changed, one), found_near(changed, other)) == (False, True)
    left = LiveDetector(network).detect_new(image, known=[other])
    assert (found_near(left, one), found_near(left, other)) == (True, False)


def test_faces_smaller_than_was_asked_for_are_left_out(network):
    image, (box,) = room((60, 600, 300))
    assert found_near(LiveDetector(network, min_face=0.05).detect_new(image), box)
    assert not found_near(LiveDetector(network, min_face=0.2).detect_new(image), box)


class Hints:
    """Sees a faint face wherever it looks, and counts."""

    def __init__(self, score=0.4) -> None:
        self.looks, self.score = 0, score

    def look(self, window, least):
        self.looks += 1
        score, middle = np.array([self.score], np.float32), np.full((1, 2), 96, np.float32)
        return Finds(score, middle, np.array([48], np.float32), np.repeat(middle[:, None], 6, axis=1)).only(
            score >= least
        )


def test_a_hint_that_was_no_face_is_left_alone_for_some_searches_unless_it_has_become_clearer():
    network = Hints()
    detector = LiveDetector(network, min_face=0.2)  # so large that there are no parts
    image = np.random.default_rng(0).integers(0, 255, (720, 1280)).astype(np.uint8)
    image[200:520:4] = 0
    for looks in (2, *range(3, 2 + REFUSED_FOR), 3 + REFUSED_FOR):
        assert detector.confirm(image, detector.detect_new(image)) == [None]
        assert network.looks == looks
    network.score = 0.4 + CLEARER + 0.01
    detector.confirm(image, detector.detect_new(image))
    assert network.looks == 5 + REFUSED_FOR


def test_in_a_crowd_of_hints_one_search_looks_at_some_and_the_next_at_others():
    network = Hints()
    detector = LiveDetector(network)
    places = [Detection(Box(900 * (n % 4), 900 * (n // 4), 20 + 30 * n, 20 + 30 * n), 0.4) for n in range(8)]
    assert detector.confirm(room()[0], places) == [None] * 8
    assert network.looks == MOST
    detector.confirm(room()[0], places)
    assert network.looks == 2 * MOST


def test_known_faces_that_are_near_each_other_are_checked_by_one_look(network):
    detector = LiveDetector(network)
    image, boxes = room((120, 200, 200), (100, 400, 220), (140, 600, 180))
    network.looks = 0
    found = detector.detect_known(image, [Detection(box) for box in boxes])
    assert network.looks == 1
    assert all(each.box.overlap(box) > 0.5 for each, box in zip(found, boxes, strict=True))


def test_a_small_face_far_from_a_large_one_has_a_look_of_its_own(network):
    detector = LiveDetector(network)
    image, boxes = room((300, 100, 200), (30, 1150, 600))
    network.looks = 0
    found = detector.detect_known(image, [Detection(box) for box in boxes])
    assert network.looks == 2
    assert all(each is not None and each.box.overlap(box) > 0.4 for each, box in zip(found, boxes, strict=True))


def test_a_face_that_moved_a_little_is_found_where_it_is_and_one_that_is_gone_is_none(network):
    detector = LiveDetector(network)
    image, (box,) = room((120, 300, 300))
    moved, gone = Detection(Box(box.x + 25, box.y - 20, 110, 110)), Detection(Box(900, 200, 120, 120))
    found = detector.detect_known(image, [moved, gone])
    assert found[0].box.overlap(box) > 0.6
    assert found[1] is None


@pytest.mark.parametrize("tilt", [-40, 40])
def test_a_known_face_that_is_tilted_is_checked_upright_and_keeps_its_tilt(network, tilt):
    image, (box,) = room((140, 500, 250))
    matrix = cv2.getRotationMatrix2D((570.0, 320.0), -tilt, 1)
    turned = cv2.warpAffine(image, matrix, (1280, 720))
    (found,) = LiveDetector(network).detect_known(turned, [Detection(box, angle=tilt)])
    assert found.angle == pytest.approx(tilt, abs=9)
    assert found.certainty > 0.7


@pytest.mark.parametrize(
    "box", [Box(-50, -40, 90, 90), Box(1250, 700, 90, 90), Box(0, 0, 1, 1), Box(-900, 5000, 40, 40)]
)
def test_boxes_over_the_edge_are_checked_as_any_other(network, box):
    assert LiveDetector(network).detect_known(room()[0], [Detection(box)]) == [None]
