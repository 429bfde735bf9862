import cv2
import numpy as np
import pytest

from tests.support.cameras.drawn_faces import draw
from training.data.corruptions import CORRUPTIONS, STRENGTHS, corrupt

CASES = [(name, strength) for name in CORRUPTIONS for strength in STRENGTHS]


def faces(side=48, grey=True):
    images = [draw("happy", seed, side) for seed in range(3)]
    if grey:
        return np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[:, :, None] for image in images])
    return np.stack([image[:, :, ::-1] for image in images])


def apart(one, other):
    return np.abs(one.astype(float) - other).mean()


@pytest.mark.parametrize(("name", "strength"), CASES)
@pytest.mark.parametrize(("side", "grey"), [(48, True), (64, False)])
def test_images_keep_their_shape_and_are_the_same_every_time(name, strength, side, grey):
    images = faces(side, grey)
    before = images.copy()
    changed = corrupt(images, name, strength)
    assert (changed.shape, changed.dtype) == (images.shape, np.uint8)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(changed, corrupt(images, name, strength))


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_strong_changes_more_than_mild_does(name):
    mild, strong = (apart(corrupt(faces(), name, strength), faces()) for strength in STRENGTHS)
    assert 1 < mild < strong


def test_colours_survive_jpeg_noise():
    red = np.full((1, 32, 32, 3), (220, 30, 30), np.uint8)
    np.testing.assert_allclose(corrupt(red, "JPEG noise", "mild")[0].mean(axis=(0, 1)), (220, 30, 30), atol=8)


def test_back_light_darkens_the_middle_and_brightens_the_rim():
    grey = np.full((1, 48, 48, 1), 128, np.uint8)
    changed = corrupt(grey, "back light", "strong")[0, :, :, 0]
    assert changed[24, 24] < 60
    assert changed[0, 0] > 220


def test_a_small_face_loses_what_is_fine_and_keeps_its_light():
    stripes = np.tile(np.array([0, 200], np.uint8), (1, 48, 24))[..., None]
    changed = corrupt(stripes, "small face", "strong")
    assert changed.std() < 40
    assert changed.mean() == pytest.approx(100, abs=5)
