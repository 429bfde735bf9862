import cv2
import numpy as np
import pytest
from skimage import data

from camera import FaceDetector
from demo import Demo
from detection.octaves import OctaveSearch
from faces import Box

ASTRONAUT = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
FACE = Box(174, 70, 105, 105)


@pytest.fixture(scope="module")
def search():
    return OctaveSearch(1280)


@pytest.mark.parametrize("side", [60, 85, 120, 170, 240, 340])
def test_a_face_of_any_size_is_found_once_and_where_it_is(search, side):
    scale = side / FACE.width
    enlarged = cv2.resize(ASTRONAUT, None, fx=scale, fy=scale)
    wall = np.full((600, 900), 120, np.uint8)
    part = enlarged[: min(600, len(enlarged)), : min(900, len(enlarged))]
    wall[: len(part), : part.shape[1]] = part
    (found,) = search.detect(wall)
    assert found.box.overlap(Box(*(round(scale * edge) for edge in (174, 70, 105, 105)))) > 0.6


def test_several_people_are_found_where_a_full_search_finds_them(search):
    for number in (0, 80):
        grey = cv2.cvtColor(Demo(1280, 720, people=4).draw(number)[0], cv2.COLOR_BGR2GRAY)
        found, full = [face.box for face in search.detect(grey)], FaceDetector(1280).detect(grey)
        assert len(full) == 4
        assert all(any(box.overlap(other) > 0.6 for other in found) for box in full)
        assert all(a.overlap(b) < 0.2 for a in found for b in found if a is not b)


@pytest.mark.parametrize(
    "shape", [(1, 1), (24, 24), (23, 500), (500, 24), (3000, 30), (200, 4000), (1, 30_000), (30_000, 2)]
)
def test_a_wall_of_any_shape_has_no_face(search, shape):
    assert search.detect(np.full(shape, 120, np.uint8)) == []


def test_the_picture_is_left_as_it_was(search):
    before = ASTRONAUT.copy()
    search.detect(ASTRONAUT)
    assert (before == ASTRONAUT).all()
