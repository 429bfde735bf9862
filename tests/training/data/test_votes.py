import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from tests.support.cameras.drawn_faces import write_csv
from training.data.dataset import NO_FACE, with_label
from training.data.fer2013 import read_csv
from training.data.votes import by_majority, mix_votes, read_votes, with_majority_truth

COLUMNS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VALIDATED = (
    "PublicTest,a.png,10,0,0,0,0,0,0,0,0,0",  # all agree: neutral
    "PublicTest,b.png,4,3,3,0,0,0,0,0,0,0",  # neutral, but not half of them
    "PublicTest,c.png,5,0,0,5,0,0,0,0,0,0",  # a tie
    "PublicTest,d.png,0,0,0,4,0,0,0,6,0,0",  # contempt
    "PublicTest,,0,0,0,0,0,0,0,0,0,10",  # no face
    "PublicTest,f.png,0,0,0,0,0,0,6,4,0,0",  # fear
)


@pytest.fixture
def dataset(tmp_path):
    return read_csv(write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3), InputSpec(48, 48, 1), None)


def votes(tmp_path, *rows):
    path = tmp_path / "votes.csv"
    path.write_text("\n".join([f"Usage,Image name,{COLUMNS}", *rows]) + "\n")
    return path


def test_votes_are_mixed_into_the_training_targets(tmp_path, dataset):
    path = votes(
        tmp_path,
        "Training,a.png,0,8,2,0,0,0,0,0,0,0",
        "Training,b.png,0,0,0,0,0,0,0,4,4,2",
        *["Training,c.png,0,10,0,0,0,0,0,0,0,0"] * 4,
        *VALIDATED,
    )
    after = mix_votes(dataset, read_votes(path, dataset), 0.5)
    targets = after.part("training").targets
    np.testing.assert_allclose(targets[0, [3, 5]], [0.5 + 0.4, 0.1], atol=1e-6)
    np.testing.assert_allclose(targets[1], dataset.part("training").targets[1])  # nobody saw any of the seven
    np.testing.assert_allclose(targets[3, [3, 4]], [0.5, 0.5])
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(after.part("validation").targets, dataset.part("validation").targets)


def test_votes_for_no_face_count_where_that_is_a_label(tmp_path, dataset):
    path = votes(
        tmp_path, "Training,b.png,0,3,0,0,0,0,0,4,2,1", *["Training,c.png,0,9,0,0,0,0,0,0,0,1"] * 5, *VALIDATED
    )
    wider = with_label(dataset, NO_FACE)
    targets = mix_votes(wider, read_votes(path, wider), 1.0).part("training").targets
    np.testing.assert_allclose(targets[0, [3, 7]], [0.75, 0.25])
    assert targets.shape == (6, 8)


def test_the_majority_of_the_votes_becomes_the_truth(tmp_path, dataset):
    votes_read = read_votes(votes(tmp_path, *["Training,c.png,0,9,0,0,0,0,0,0,0,1"] * 6, *VALIDATED), dataset)
    after = with_majority_truth(dataset, votes_read)
    whole = dataset.part("validation")
    split = after.part("validation")
    assert [EXPRESSIONS[index] for index in split.truth] == ["neutral", "neutral", "fear"]
    np.testing.assert_array_equal(split.images, whole.images[[0, 1, 5]])
    np.testing.assert_array_equal(split.targets, np.eye(7)[split.truth])
    assert [EXPRESSIONS[index] for index in after.part("validation_agreed").truth] == ["neutral", "fear"]
    assert after.part("training") is dataset.part("training")
    wider = with_label(dataset, NO_FACE)
    assert by_majority(wider.part("validation"), votes_read["validation"], wider.labels).truth.tolist() == [6, 6, 7, 2]


def test_votes_for_other_images_are_told(tmp_path, dataset):
    path = votes(tmp_path, "Training,a.png,0,8,2,0,0,0,0,0,0,0")
    with pytest.raises(DataError, match="votes for 1 training images, but the data has 6"):
        read_votes(path, dataset)


def test_votes_that_are_no_numbers_are_told(tmp_path, dataset):
    path = votes(tmp_path, *["Training,a.png,0,many,2,0,0,0,0,0,0,0"] * 6)
    with pytest.raises(DataError, match="line 2: 'many' votes for happiness"):
        read_votes(path, dataset)


def test_votes_that_are_missing_are_told(tmp_path, dataset):
    with pytest.raises(DataError, match="no such file"):
        read_votes(tmp_path / "none.csv", dataset)
