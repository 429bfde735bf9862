import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from tests.support.cameras.drawn_faces import write_tree
from training.data.trees import read_tree

GREY = InputSpec(48, 48, 1)


def test_a_colour_tree_of_any_names_and_sizes_is_read_in_red_green_blue(tmp_path):
    tree = write_tree(tmp_path, {"grin": "happy", "Frown": "sad", "oh": "surprise"}, 2, side=100, splits=())
    dataset = read_tree(tree, InputSpec(64, 64, 3), None)
    assert dataset.labels == ("Frown", "grin", "oh")
    assert list(dataset.splits) == ["all"]
    images = dataset.part("all").images
    assert images.shape == (6, 64, 64, 3)
    skin = images[:, 20, 32].mean(axis=0)
    assert skin[0] > skin[1] > skin[2]  # redder than blue


def test_a_tree_may_have_all_three_splits(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1, splits=("train", "validation", "test"))
    assert set(read_tree(tree, GREY, None).splits) == {"training", "validation", "test"}


def test_nouns_stand_for_the_labels_of_a_bundle(tmp_path):
    tree = write_tree(tmp_path, {"Happiness": "happy", "sadness": "sad"}, 1, splits=())
    assert read_tree(tree, GREY, EXPRESSIONS).part("all").truth.tolist() == [3, 4]


def test_a_class_that_the_bundle_lacks_is_told(tmp_path):
    tree = write_tree(tmp_path, {"contempt": "happy", "sad": "sad"}, 1, splits=())
    with pytest.raises(DataError, match="class 'contempt' is none of the labels angry, disgust"):
        read_tree(tree, GREY, EXPRESSIONS)


def test_an_empty_class_folder_is_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1)
    (tree / "train" / "zorn").mkdir()
    with pytest.raises(DataError, match=r"zorn: no images. Add some"):
        read_tree(tree, GREY, None)


def test_a_class_that_one_split_lacks_is_told(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1)
    write_tree(tmp_path, {"c": "surprise"}, 1, splits=("train",))
    with pytest.raises(DataError, match="the validation images have no folder for c"):
        read_tree(tree, GREY, None)


def test_a_broken_picture_is_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 2, splits=())
    (tree / "sad" / "001.png").write_bytes(b"\x89PNG no more")
    (tree / "happy" / "001.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"happy.001\.png: no picture that can be read"):
        read_tree(tree, GREY, None)


def test_folders_beside_the_splits_are_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1)
    (tree / "more").mkdir()
    with pytest.raises(DataError, match="more beside split folders"):
        read_tree(tree, GREY, None)


def test_a_folder_without_classes_is_told(tmp_path):
    with pytest.raises(DataError, match="at least two classes, found 0"):
        read_tree(tmp_path, GREY, None)


def test_fer2013s_names_take_fer2013s_order_and_other_names_that_of_the_alphabet(tmp_path):
    known = write_tree(tmp_path / "known", {"neutral": "happy", "angry": "sad"}, 1, splits=())
    other = write_tree(tmp_path / "other", {"smug": "happy", "angry": "sad"}, 1, splits=())
    assert read_tree(known, GREY, None).labels == ("angry", "neutral")
    assert read_tree(other, GREY, None).labels == ("angry", "smug")


def test_what_is_no_picture_and_hidden_folders_are_passed_over(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1, splits=())
    (tree / "a" / "notes.txt").write_text("taken on a Tuesday")
    (tree / ".cache").mkdir()
    assert len(read_tree(tree, GREY, None).part("all")) == 2


def test_pictures_may_lie_in_folders_below_that_of_their_class(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1, splits=())
    (tree / "a" / "taken later").mkdir()
    (tree / "a" / "000.png").rename(tree / "a" / "taken later" / "000.PNG")
    assert read_tree(tree, GREY, None).part("all").truth.tolist() == [0, 1]
