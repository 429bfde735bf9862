import numpy as np
import pytest

from training.data.augment import Augmentation
from training.data.dataset import Split
from training.loop.batches import Batches


@pytest.fixture
def split():
    images = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 8, 8, 1), np.uint8)
    truth = np.arange(10) % 2
    return Split(images, truth, np.eye(2, dtype=np.float32)[truth])


def numbers(batches):
    return [batches[index][0][:, 0, 0, 0].tolist() for index in range(len(batches))]


def test_an_epoch_shows_every_image_once_with_its_target(split):
    batches = Batches(split, 5, seed=1, augmentation=Augmentation.none())
    assert len(batches) == 2
    assert sorted(np.ravel(numbers(batches))) == list(range(10))
    images, targets = batches[0]
    assert images.dtype == np.float32
    np.testing.assert_array_equal(targets.argmax(axis=1), images[:, 0, 0, 0] % 2)


def test_each_epoch_has_its_own_order_which_can_be_had_again(split):
    batches = Batches(split, 5, seed=1, augmentation=Augmentation.none())
    first = numbers(batches)
    batches.start_epoch(1)
    second = numbers(batches)
    assert first != second
    again = Batches(split, 5, seed=1, augmentation=Augmentation.none())
    again.start_epoch(1)
    assert numbers(again) == second
    assert numbers(Batches(split, 5, seed=2, augmentation=Augmentation.none())) != first


def test_augmentation_differs_from_epoch_to_epoch(split):
    batches = Batches(split, 10, seed=1, augmentation=Augmentation())
    before = np.sort(batches[0][0].ravel())
    batches.start_epoch(1)
    assert not np.allclose(before, np.sort(batches[0][0].ravel()))


def test_a_last_batch_that_is_not_full_is_left_out_but_few_images_make_one(split):
    assert [len(Batches(split, size, 1, Augmentation.none())) for size in (3, 4, 10, 64)] == [3, 2, 1, 1]


def test_rare_classes_are_shown_more_often_when_balanced(split):
    rare = Split(split.images, np.array([0] * 8 + [1] * 2), np.eye(2, dtype=np.float32)[[0] * 8 + [1] * 2])
    shown = np.zeros(10)
    batches = Batches(rare, 10, seed=1, augmentation=Augmentation.none(), balance=1.0)
    for epoch in range(50):
        batches.start_epoch(epoch)
        shown += np.bincount(batches[0][0][:, 0, 0, 0].astype(int), minlength=10)
    assert shown.sum() == 500
    np.testing.assert_allclose(shown, [31.25] * 8 + [125] * 2, rtol=0.2)
