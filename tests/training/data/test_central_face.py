import numpy as np
import pytest
import skimage.data

from training.data.central_face import central_face, picture_detector


@pytest.mark.parametrize(("left", "right", "found"), [(120, 340, True), (160, 500, False)])
def test_only_a_face_around_the_middle_counts(left, right, found):
    picture = np.ascontiguousarray(skimage.data.astronaut()[:220, left:right, ::-1])
    detector = picture_detector()
    assert len(detector.detect(picture)) > 0
    box = central_face(detector, picture)
    assert (box is not None) == found


def test_a_grey_picture_without_a_face_has_none():
    assert central_face(picture_detector(), np.full((90, 90), 128, np.uint8)) is None
