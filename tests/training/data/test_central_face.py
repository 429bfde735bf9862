import numpy as np
import pytest
import skimage.data

from training.data.central_face import central_face, picture_detector

DETECTORS = ("haar", "blazeface")


@pytest.mark.parametrize("name", DETECTORS)
@pytest.mark.parametrize(("left", "right", "found"), [(120, 340, True), (160, 500, False)])
def test_only_a_face_around_the_middle_counts(name, left, right, found):
    picture = np.ascontiguousarray(skimage.data.astronaut()[:220, left:right, ::-1])
    detector = picture_detector(name)
    assert len(detector.detect(picture)) > 0
    face = central_face(detector, picture)
    assert (face is not None) == found


@pytest.mark.parametrize("name", DETECTORS)
def test_a_grey_picture_without_a_face_has_none(name):
    assert central_face(picture_detector(name), np.full((90, 90), 128, np.uint8)) is None
