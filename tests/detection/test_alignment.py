import numpy as np
import pytest

from detection.alignment import SIDE, angles, detections
from detection.finds import Finds

FACE = np.array([(-16, -14), (16, -14), (0, 4), (0, 20), (-34, -8), (34, -8)], np.float32)
"""Right eye, left eye, nose, mouth and ears of an upright face, from the middle of its square of 80 pixels."""


def find(tilt: float, scale: float = 1.0) -> Finds:
    """A face at (300, 200) that is tilted clockwise."""
    turn = np.radians(tilt)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (FACE @ matrix.T * scale + (300, 200)).astype(np.float32)
    return Finds(
        np.array([0.8], np.float32),
        np.array([[300, 200]], np.float32),
        np.array([80 * scale], np.float32),
        points[None],
    )


@pytest.mark.parametrize("tilt", [0, 20, -35, 90, 179, -120])
def test_the_tilt_is_that_of_the_line_through_the_eyes(tilt):
    assert angles(find(tilt)) == pytest.approx([tilt], abs=0.01)
    (found,) = detections(find(tilt))
    assert found.angle == pytest.approx(tilt, abs=0.01)
    assert found.certainty == pytest.approx(0.8)


@pytest.mark.parametrize("scale", [0.5, 1.0, 4.0])
def test_the_box_lies_higher_than_the_networks_square_as_haars_does(scale):
    box = detections(find(0, scale))[0].box
    assert box.width == box.height == round(80 * scale * SIDE)
    assert box.x + box.width / 2 == pytest.approx(300, abs=1)
    assert (200 - (box.y + box.height / 2)) / (80 * scale) == pytest.approx(0.078, abs=0.015)


@pytest.mark.parametrize("tilt", [90, 180])
def test_in_a_tilted_face_the_box_is_moved_towards_its_forehead(tilt):
    box = detections(find(tilt))[0].box
    away = np.array([box.x + box.width / 2 - 300, box.y + box.height / 2 - 200])
    turn = np.radians(tilt)
    assert away @ (np.sin(turn), -np.cos(turn)) > 4
    assert abs(away @ (np.cos(turn), np.sin(turn))) < 2


def test_several_finds_are_converted_each():
    one, other = find(0), find(30, 0.5)
    both = Finds(*(np.concatenate([getattr(one, name), getattr(other, name)]) for name in Finds.__slots__))
    assert [round(found.angle) for found in detections(both)] == [0, 30]
