import numpy as np
import pytest

from training.data.degradations import DEGRADATIONS, degrade


def picture(channels, side=48):
    rng = np.random.default_rng(3)
    coarse = rng.integers(30, 220, (6, 6, channels))
    return np.kron(coarse, np.ones((side // 6, side // 6, 1))).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("way", DEGRADATIONS, ids=lambda way: way.__name__.strip("_"))
def test_every_way_changes_a_picture_and_keeps_its_shape_and_kind(way, channels):
    image = picture(channels)
    before = image.copy()
    results = [way(image, np.random.default_rng(seed)).reshape(image.shape) for seed in range(20)]
    assert all(result.dtype == np.uint8 for result in results)
    assert sum(not np.array_equal(result, image) for result in results) >= 18
    np.testing.assert_array_equal(image, before)


def test_what_happens_is_decided_by_the_random_numbers():
    image = picture(1)
    first, again, other = (degrade(image, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_low_light_is_darker_and_a_face_far_away_has_less_detail():
    names = {way.__name__: way for way in DEGRADATIONS}
    image = picture(1)
    rngs = [np.random.default_rng(seed) for seed in range(20)]
    assert all(names["_low_light"](image, rng).mean() < image.mean() for rng in rngs)
    detail = np.abs(np.diff(image[:, :, 0].astype(int))).max()
    far = [names["_small"](image, rng).reshape(image.shape) for rng in rngs]
    assert all(np.abs(np.diff(small[:, :, 0].astype(int))).max() < detail for small in far)
