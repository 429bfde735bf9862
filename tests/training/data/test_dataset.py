import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from training.data.dataset import (
    NO_FACE,
    Dataset,
    Split,
    class_weights,
    concatenate,
    divide,
    duplicates,
    faces_only,
    label_index,
    make_split,
    sampling_rates,
    with_label,
)


def split(*counts):
    """So many one-pixel images of each class; no two are alike."""
    truth = [label for label, count in enumerate(counts) for _ in range(count)]
    return make_split([np.full((1, 1, 1), index, np.uint8) for index in range(len(truth))], truth, len(counts))


def whole(*counts, name="all"):
    return Dataset(("a", "b"), {name: split(*counts)})


def values(part):
    return part.images.ravel().tolist()


def test_a_share_of_every_class_is_set_aside():
    dataset = divide(whole(10, 20), 0.2, seed=1)
    assert [np.bincount(dataset.part(name).truth).tolist() for name in ("training", "validation")] == [[8, 16], [2, 4]]
    assert sorted(values(dataset.part("training")) + values(dataset.part("validation"))) == list(range(30))


def test_what_is_set_aside_depends_on_the_seed_alone():
    first, again, other = (values(divide(whole(10, 20), 0.2, seed).part("validation")) for seed in (1, 1, 2))
    assert first == again != other


def test_a_share_is_cut_from_the_training_images_and_leaves_the_test_images_alone():
    data = Dataset(("a", "b"), {"training": split(4, 4), "test": split(3, 3)})
    assert {name: len(part) for name, part in divide(data, 0.25, seed=1).splits.items()} == {
        "training": 6,
        "validation": 2,
        "test": 6,
    }


def test_a_class_without_images_does_not_hinder_dividing():
    assert len(divide(whole(0, 4), 0.25, seed=1).part("validation")) == 1


@pytest.mark.parametrize("name", ["all", "training"])
def test_data_without_a_validation_split_asks_for_a_share(name):
    with pytest.raises(DataError, match=r"no .*validation split\. Set one aside: --validation-split 0\.2"):
        divide(whole(4, 4, name=name), None, seed=1)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_share_that_leaves_nothing_is_told(share):
    with pytest.raises(DataError, match="of the 2 images of a leaves one side empty"):
        divide(whole(2, 20), share, seed=1)


def test_a_split_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(DataError, match="no test split, only all"):
        whole(1, 1).part("test")


def test_duplicates_are_found_by_their_pixels():
    training = split(3, 3)
    assert duplicates(training, training.take(np.array([0, 4]))).tolist() == [True, False, False, False, True, False]


def test_a_mask_and_indices_take_images_with_their_truth_and_targets():
    part = split(1, 2)
    for chosen in (np.array([False, True, True]), np.array([1, 2])):
        taken = part.take(chosen)
        assert (values(taken), taken.truth.tolist(), taken.targets.tolist()) == ([1, 2], [1, 1], [[0, 1], [0, 1]])
    assert isinstance(part, Split)


def test_weighted_classes_count_alike_and_the_mean_image_counts_one():
    part = split(2, 6, 0)
    weights = class_weights(part)
    assert weights == {0: 2.0, 1: pytest.approx(2 / 3), 2: 1.0}
    assert np.mean([weights[label] for label in part.truth]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "place"), [("happy", 3), ("Happy", 3), ("HAPPINESS", 3), ("fearful", 2), ("disgusted", 1)]
)
def test_a_label_is_known_in_any_case_and_as_its_noun(name, place):
    assert label_index(name, EXPRESSIONS, "somewhere") == place


def test_an_own_label_goes_before_the_noun_that_it_could_stand_for():
    assert label_index("anger", ("angry", "anger"), "somewhere") == 1


def test_an_unknown_label_is_told_with_its_place():
    with pytest.raises(DataError, match="here: class 'bored' is none of the labels a, b"):
        label_index("bored", ("a", "b"), "here")


def some(truth, labels, weights=None):
    targets = np.eye(labels, dtype=np.float32)[truth]
    return Split(np.zeros((len(truth), 2, 2, 1), np.uint8), np.array(truth), targets, weights)


def test_images_are_shown_by_their_weight_and_by_how_rare_they_are():
    alike = some([0, 0, 0, 0, 1], 2)
    np.testing.assert_allclose(sampling_rates(alike, 0), [1] * 5)
    np.testing.assert_allclose(sampling_rates(alike, 1), [0.625] * 4 + [2.5])
    np.testing.assert_allclose(sampling_rates(alike, 0.5)[4] / sampling_rates(alike, 0.5)[0], 2)
    weighted = concatenate(alike, some([1, 1], 2, np.full(2, 0.5, np.float32)))
    np.testing.assert_allclose(sampling_rates(weighted, 0), np.array([1, 1, 1, 1, 1, 0.5, 0.5]) * 7 / 6)


def test_images_of_no_face_can_be_left_out_again():
    dataset = Dataset(("happy", "sad", NO_FACE), {"validation": some([0, 2, 1], 3)})
    faces = faces_only(dataset)
    assert faces.labels == ("happy", "sad")
    assert faces.part("validation").truth.tolist() == [0, 1]
    np.testing.assert_array_equal(faces.part("validation").targets, np.eye(2))
    assert faces_only(faces) is faces


def test_a_label_without_images_can_be_added():
    dataset = with_label(Dataset(("happy", "sad"), {"training": some([0, 1], 2)}), NO_FACE)
    assert dataset.labels == ("happy", "sad", NO_FACE)
    np.testing.assert_array_equal(dataset.part("training").targets, [[1, 0, 0], [0, 1, 0]])
    assert with_label(dataset, NO_FACE) is dataset
