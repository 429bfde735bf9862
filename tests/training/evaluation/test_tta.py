import numpy as np
import pytest

from training.evaluation.tta import CHUNK, VIEWS, probabilities


class Bright:
    """Stands in for a model: the probability of the first label is the brightness of the left half."""

    labels = ("bright", "dark")
    calls = 0

    def probabilities(self, batch):
        self.calls += 1
        left = batch[:, :, : batch.shape[2] // 2].mean(axis=(1, 2, 3)) / 255
        return np.stack([left, 1 - left], axis=1).astype(np.float32)


@pytest.fixture
def half():
    """Two colour images: the left half white, the right black; and all white."""
    images = np.zeros((2, 24, 24, 3), np.uint8)
    images[0, :, :12], images[1] = 255, 255
    return images


def test_a_single_pass_is_the_model_alone(half):
    np.testing.assert_array_equal(probabilities(Bright(), half), Bright().probabilities(half.astype(np.float32)))


def test_flipping_makes_both_sides_count_alike(half):
    np.testing.assert_allclose(probabilities(Bright(), half, "flip"), [[0.5, 0.5], [1, 0]], atol=1e-6)


def test_ten_crops_are_ten_different_views_of_full_size():
    images = np.random.default_rng(0).integers(0, 256, (3, 48, 40, 1), np.uint8)
    views = VIEWS["ten-crop"](images)
    assert [view.shape for view in views] == [images.shape] * 10
    assert [view.dtype for view in views] == [np.uint8] * 10
    assert len({view.tobytes() for view in views}) == 10


@pytest.mark.parametrize("views", VIEWS)
def test_averaged_probabilities_sum_to_one_also_in_several_chunks(views):
    images = np.random.default_rng(1).integers(0, 256, (CHUNK + 3, 4, 4, 1), np.uint8)
    rows = probabilities(Bright(), images, views)
    assert rows.shape == (CHUNK + 3, 2)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
