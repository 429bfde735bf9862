import cv2
import numpy as np
import pytest
from skimage import data

from demo import Demo
from detection.pictures import PictureDetector
from faces import Box
from tests.support.cameras.networks import CountingNetwork

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
FACE = Box(174, 68, 100, 100)


@pytest.fixture(scope="module")
def network():
    return CountingNetwork()


@pytest.fixture(scope="module")
def detector(network):
    return PictureDetector(network)


def on_a_wall(side: float, width: int, height: int, x: int, y: int) -> tuple[np.ndarray, Box]:
    """The astronaut's head with a face of that many pixels at a place of a grey wall, and the face's box."""
    scale = side / FACE.width
    head = cv2.resize(ASTRONAUT[:220, 100:360], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    wall = np.random.default_rng(0).integers(110, 130, (height, width, 3)).astype(np.uint8)
    wall[y : y + head.shape[0], x : x + head.shape[1]] = head
    return wall, Box(round(x + (FACE.x - 100) * scale), round(y + FACE.y * scale), round(side), round(side))


@pytest.mark.parametrize("side", [22, 40, 90, 200])
def test_a_face_of_any_size_is_found_once_and_where_it_is(detector, side):
    wall, box = on_a_wall(side, 1600, 1200, 610, 290)
    (found,) = detector.detect(wall)
    assert found.box.overlap(box) > 0.5
    assert found.certainty > 0.6
    assert abs(found.angle) < 12


def test_a_large_picture_is_searched_with_few_looks_and_a_portrait_with_three_at_most(network, detector):
    for picture, most in ((on_a_wall(60, 4000, 3000, 2900, 2100)[0], 140), (ASTRONAUT, 3)):
        network.looks = 0
        assert len(detector.detect(picture)) == 1
        assert network.looks <= most


@pytest.mark.parametrize("tilt", [-45, -25, 25, 45])
def test_a_tilted_face_is_found_with_its_tilt(detector, tilt):
    matrix = cv2.getRotationMatrix2D((224.0, 118.0), -tilt, 0.8)
    turned = cv2.warpAffine(ASTRONAUT, matrix, (512, 512))
    (found,) = detector.detect(turned)
    assert found.angle == pytest.approx(tilt, abs=9)
    assert found.box.overlap(Box(184, 78, 80, 80)) > 0.5


@pytest.mark.parametrize("quarters", [1, 2, 3])
@pytest.mark.parametrize("size", [(512, 512), (400, 512)])
def test_a_picture_that_lies_on_its_side_or_head_is_found_out(detector, quarters, size):
    picture = ASTRONAUT[: size[1], : size[0]]
    (upright,) = detector.detect(picture)
    (lying,) = detector.detect(np.ascontiguousarray(np.rot90(picture, -quarters)))
    width, height = size
    x, y, side = upright.box.x, upright.box.y, upright.box.width
    places = {1: (height - y - side, x), 2: (width - x - side, height - y - side), 3: (y, width - x - side)}
    assert lying.box.overlap(Box(*places[quarters], side, side)) > 0.8
    assert abs((lying.angle - upright.angle - 90 * quarters + 180) % 360 - 180) < 6


def test_faces_smaller_than_was_asked_for_are_left_out(network):
    wall, _ = on_a_wall(60, 800, 600, 300, 200)
    assert len(PictureDetector(network, min_face=0.1).detect(wall)) == 1
    assert PictureDetector(network, min_face=0.2).detect(wall) == []


def test_several_people_are_found_from_left_to_right(detector):
    image, faces = Demo(1280, 720, people=4).draw(0)
    found = [each.box for each in detector.detect(image)]
    assert len(found) == len(faces) == 4
    assert [box.x for box in found] == sorted(box.x for box in found)
    assert all(max(face.box.overlap(box) for box in found) > 0.5 for face in faces)


@pytest.mark.parametrize("shape", [(1, 1), (24, 24), (23, 500), (3000, 30), (200, 4000), (1, 30_000), (30_000, 2)])
def test_a_wall_of_any_shape_has_no_face(detector, shape):
    assert detector.detect(np.full((*shape, 3), 120, np.uint8)) == []


def test_the_picture_is_left_as_it_was(detector):
    before = ASTRONAUT.copy()
    detector.detect(ASTRONAUT)
    assert (before == ASTRONAUT).all()


def test_a_dark_picture_is_searched_as_well_as_a_bright_one(detector):
    assert len(detector.detect((ASTRONAUT // 6).astype(np.uint8))) == 1
