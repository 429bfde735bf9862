import cv2
import numpy as np
import pytest
import skimage.data

from faces import Box, Detection
from training.data.finding import ServerSearch, joined_detections

ASTRONAUT = np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1])
FACE = Box(177, 67, 93, 93)
"""What Haar finds in it."""


@pytest.mark.parametrize("name", ["haar", "blazeface"])
def test_a_face_is_found_once_in_a_picture_and_in_a_frame(name):
    search = ServerSearch(name)
    for found in (search.in_picture(ASTRONAUT), search.in_frame(ASTRONAUT)):
        assert len([each for each in found if each.box.overlap(FACE) > 0.5]) == 1


@pytest.mark.parametrize("name", ["haar", "blazeface"])
def test_a_grey_wall_has_none(name):
    wall = np.full((480, 640, 3), 128, np.uint8)
    search = ServerSearch(name)
    assert search.in_picture(wall) == search.in_frame(wall) == []


@pytest.mark.parametrize(("across", "down"), [(0, 0), (1024, 0), (0, 464), (1024, 464), (512, 232)])
def test_a_small_face_is_found_in_every_part_of_a_frame(across, down):
    frame = np.full((720, 1280, 3), 128, np.uint8)
    frame[down : down + 256, across : across + 256] = cv2.resize(ASTRONAUT, (256, 256), interpolation=cv2.INTER_AREA)
    (found,) = ServerSearch("blazeface").in_frame(frame)
    assert found.box.overlap(Box(across + 88, down + 33, 47, 47)) > 0.4


def test_what_the_first_search_has_found_does_not_count_twice():
    first, same, other = Detection(Box(0, 0, 20, 20)), Detection(Box(2, 2, 20, 20)), Detection(Box(50, 0, 20, 20))
    assert joined_detections([first], [same, other]) == [first, other]
    assert joined_detections([], [same, first]) == [same]
    assert joined_detections([], []) == []
