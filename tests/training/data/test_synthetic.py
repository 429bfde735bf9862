import numpy as np
import pytest

from camera import FaceDetector
from training.data.synthetic import draw_picture

KINDS = {"shapes": 0, "surface": 1, "sign": 2}


@pytest.mark.parametrize("seed", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("size", [(64, 48), (333, 111)])
def test_a_drawn_picture_has_the_size_asked_for_and_something_on_it(size, seed):
    image = draw_picture(seed, *size)
    assert (image.shape, image.dtype) == ((size[1], size[0], 3), np.uint8)
    assert image.std() > 3


@pytest.mark.parametrize("seed", KINDS.values(), ids=KINDS)
def test_a_seed_draws_the_same_picture_again_and_the_next_of_its_kind_another(seed):
    first, again, other = (draw_picture(number, 80, 60) for number in (seed, seed, seed + 3))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_a_detector_that_is_easily_convinced_sees_faces_in_drawn_pictures(kind):
    detector = FaceDetector(min_face=0.06, scale_factor=1.1, neighbours=0)
    assert any(detector.detect(draw_picture(seed, 320, 240)) for seed in range(KINDS[kind], 60, 3))
