import cv2
import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from tests.support.cameras.drawn_faces import draw, write_csv
from training.data.fer2013 import read_csv

GREY = InputSpec(48, 48, 1)


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3)


def text(tmp_path, *lines):
    path = tmp_path / "faces.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_csv_keeps_its_splits_labels_and_pixels(table):
    dataset = read_csv(table, GREY, None)
    assert dataset.labels == EXPRESSIONS
    assert set(dataset.splits) == {"training", "validation"}
    training = dataset.part("training")
    assert training.truth.tolist() == [3, 3, 3, 4, 4, 4]
    expected = cv2.cvtColor(draw("happy", 3001), cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(training.images[1, :, :, 0], expected)
    np.testing.assert_array_equal(training.targets, np.eye(7)[training.truth])


def test_the_private_test_is_a_split_of_its_own(tmp_path):
    path = write_csv(tmp_path / "fer2013.csv", {3: "happy"}, 2, usages=("Training", "PublicTest", "PrivateTest"))
    assert list(read_csv(path, GREY, None).splits) == ["training", "validation", "test"]


def test_columns_may_have_any_order_and_spaces(tmp_path):
    dataset = read_csv(text(tmp_path, "emotion, Usage, pixels", "6, Training, 1 2 3 4"), InputSpec(2, 2, 1), None)
    training = dataset.part("training")
    assert training.truth.tolist() == [6]
    assert training.images.ravel().tolist() == [1, 2, 3, 4]


def test_a_csv_without_usage_is_undivided(tmp_path):
    dataset = read_csv(text(tmp_path, "emotion,pixels", "0,1 2 3 4", "3,5 6 7 8"), InputSpec(2, 2, 1), None)
    assert list(dataset.splits) == ["all"]


def test_labels_of_a_bundle_order_the_truth(table):
    order = ("sad", "happy", "neutral", "angry", "fear", "disgust", "surprise")
    assert read_csv(table, GREY, order).part("training").truth.tolist() == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["emotion,usage", "3,Training"], "line 1: no column pixels"),
        (["emotion,pixels,Usage", "3,1 2 3 4,Training", "9,1 2 3 4,Training"], "line 3: unknown label '9'"),
        (["emotion,pixels,Usage", "happy,1 2 3 4,Training"], "line 2: unknown label 'happy'"),
        (["emotion,pixels,Usage", "3,1 2 3,Training"], "line 2: 3 pixels"),
        (["emotion,pixels,Usage", "3,1 2 3 4,Training", "3,1,Training"], "line 3: 1 pixels. Expected .* of 2x2"),
        (["emotion,pixels,Usage", "3,1 2 x 4,Training"], "line 2: pixels that are no numbers"),
        (["emotion,pixels,Usage", "3,1 2 3 256,Training"], "line 2: a pixel of 1 to 256"),
        (["emotion,pixels,Usage", "3,1 2 3 4,Tuesday"], "line 2: unknown usage 'Tuesday'"),
        (["emotion,pixels,Usage", "3,1 2 3 4"], "line 2: expected 3 values, got 2"),
        (["emotion,pixels,Usage"], "no images"),
    ],
)
def test_a_mistake_in_a_csv_is_told_with_its_line(tmp_path, lines, message):
    with pytest.raises(DataError, match=rf"faces\.csv.*{message}"):
        read_csv(text(tmp_path, *lines), InputSpec(2, 2, 1), None)
