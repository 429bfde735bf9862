import numpy as np
import pytest

from tests.support.cameras.drawn_faces import draw
from training.data.augment import Augmentation


@pytest.fixture
def faces():
    return np.stack([draw("happy", seed) for seed in range(40)])


def test_images_keep_shape_and_range(faces):
    for images in (faces, faces[..., :1]):
        changed = Augmentation().apply(images, np.random.default_rng(0))
        assert changed.shape == images.shape
        assert changed.dtype == np.float32
        assert changed.min() >= 0
        assert changed.max() <= 255


def test_the_seed_decides_everything(faces):
    first, again, other = (Augmentation().apply(faces, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 1


def test_none_changes_nothing(faces):
    np.testing.assert_array_equal(Augmentation.none().apply(faces, np.random.default_rng(0)), faces)


def test_flip_mirrors_about_half_of_the_images(faces):
    flip = Augmentation(0.5, 0, 0, 0, 0, 0, 0, 0)
    changed = flip.apply(faces, np.random.default_rng(0))
    mirrored = [np.array_equal(after, before[:, ::-1]) for after, before in zip(changed, faces, strict=True)]
    same = [np.array_equal(after, before) for after, before in zip(changed, faces, strict=True)]
    assert sum(mirrored) + sum(same) == 40
    assert 10 <= sum(mirrored) <= 30


@pytest.mark.parametrize("name", ["flip", "rotation", "shift", "scale", "brightness", "contrast", "erase", "degrade"])
def test_every_change_can_be_made_alone(faces, name):
    plain = {"flip": 0, "rotation": 0, "shift": 0, "scale": 0, "brightness": 0, "contrast": 0, "erase": 0, "degrade": 0}
    alone = Augmentation(**{**plain, name: getattr(Augmentation(), name)})
    changed = alone.apply(faces, np.random.default_rng(0))
    assert 0 < np.abs(changed - faces).mean() < 60


def test_brightness_moves_the_mean_and_contrast_the_spread(faces):
    rng = np.random.default_rng
    lit = Augmentation(0, 0, 0, 0, 25, 0, 0, 0).apply(faces, rng(0)).mean(axis=(1, 2, 3)) - faces.mean(axis=(1, 2, 3))
    assert 10 < np.abs(lit).max() <= 25.5
    spread = Augmentation(0, 0, 0, 0, 0, 0.25, 0, 0).apply(faces, rng(0)).std(axis=(1, 2, 3)) / faces.std(
        axis=(1, 2, 3)
    )
    assert 0.74 <= spread.min() < 0.9
    assert 1.1 < spread.max() <= 1.26


def test_the_images_given_stay_as_they_are(faces):
    before = faces.copy()
    Augmentation().apply(faces, np.random.default_rng(0))
    np.testing.assert_array_equal(faces, before)
