import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from tests.support.cameras.drawn_faces import write_csv, write_tree
from training.data.reading import read

GREY = InputSpec(48, 48, 1)


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "nothing.csv", GREY)


def test_a_tree_gives_the_same_images_as_the_csv(tmp_path):
    table = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3)
    tree = write_tree(tmp_path / "tree", {"happy": "happy", "sad": "sad"}, 3)
    from_tree, from_csv = read(tree, GREY), read(table, GREY)
    assert from_tree.labels == ("happy", "sad")
    assert set(from_tree.splits) == {"training", "validation"}  # a test folder alone is what to select on
    assert from_tree.part("training").truth.tolist() == [0, 0, 0, 1, 1, 1]
    found = read(tree, GREY, EXPRESSIONS).part("training")
    assert found.truth.tolist() == from_csv.part("training").truth.tolist()
