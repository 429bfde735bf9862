import cv2
import numpy as np
import pytest
from drawn_faces import draw, write_csv, write_tree

from errors import DataError
from faces import EXPRESSIONS
from preprocess import InputSpec
from training.data import read
from training.fer2013 import with_votes
from training.records import divide, duplicates

GREY = InputSpec(48, 48, 1)
COLUMNS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3)


def text(tmp_path, *lines):
    path = tmp_path / "faces.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def votes(tmp_path, *rows):
    return text(tmp_path, f"Usage,Image name,{COLUMNS}", *rows)


def test_a_csv_keeps_its_splits_labels_and_pixels(table):
    dataset = read(table, GREY)
    assert dataset.labels == EXPRESSIONS
    assert set(dataset.splits) == {"training", "validation"}
    training = dataset.part("training")
    assert training.truth.tolist() == [3, 3, 3, 4, 4, 4]
    expected = cv2.cvtColor(draw("happy", 3001), cv2.COLOR_BGR2GRAY)
    np.testing.assert_array_equal(training.images[1, :, :, 0], expected)
    np.testing.assert_array_equal(training.targets, np.eye(7)[training.truth])


def test_the_private_test_is_a_split_of_its_own(tmp_path):
    path = write_csv(tmp_path / "fer2013.csv", {3: "happy"}, 2, usages=("Training", "PublicTest", "PrivateTest"))
    assert list(read(path, GREY).splits) == ["training", "validation", "test"]


def test_columns_may_have_any_order_and_spaces(tmp_path):
    dataset = read(text(tmp_path, "emotion, Usage, pixels", "6, Training, 1 2 3 4"), InputSpec(2, 2, 1))
    training = dataset.part("training")
    assert training.truth.tolist() == [6]
    assert training.images.ravel().tolist() == [1, 2, 3, 4]


def test_a_csv_without_usage_is_undivided(tmp_path):
    dataset = read(text(tmp_path, "emotion,pixels", "0,1 2 3 4", "3,5 6 7 8"), InputSpec(2, 2, 1))
    assert list(dataset.splits) == ["all"]


def test_labels_of_a_bundle_order_the_truth(table):
    order = ("sad", "happy", "neutral", "angry", "fear", "disgust", "surprise")
    assert read(table, GREY, order).part("training").truth.tolist() == [1, 1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("lines", "told"),
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
def test_a_mistake_in_a_csv_is_told_with_its_line(tmp_path, lines, told):
    with pytest.raises(DataError, match=rf"faces\.csv.*{told}"):
        read(text(tmp_path, *lines), InputSpec(2, 2, 1))


def test_nothing_there_is_told(tmp_path):
    with pytest.raises(DataError, match="no such file or folder"):
        read(tmp_path / "nothing.csv", GREY)


def test_a_tree_gives_the_same_images_as_the_csv(tmp_path, table):
    tree = write_tree(tmp_path / "tree", {"happy": "happy", "sad": "sad"}, 3)
    from_tree, from_csv = read(tree, GREY), read(table, GREY)
    assert from_tree.labels == ("happy", "sad")
    assert set(from_tree.splits) == {"training", "validation"}  # a test folder alone is what to select on
    assert from_tree.part("training").truth.tolist() == [0, 0, 0, 1, 1, 1]
    found = read(tree, GREY, EXPRESSIONS).part("training")
    assert found.truth.tolist() == from_csv.part("training").truth.tolist()


def test_a_colour_tree_of_any_names_and_sizes_is_read_in_red_green_blue(tmp_path):
    tree = write_tree(tmp_path, {"grin": "happy", "Frown": "sad", "oh": "surprise"}, 2, side=100, splits=())
    dataset = read(tree, InputSpec(64, 64, 3))
    assert dataset.labels == ("Frown", "grin", "oh")
    assert list(dataset.splits) == ["all"]
    images = dataset.part("all").images
    assert images.shape == (6, 64, 64, 3)
    skin = images[:, 20, 32].mean(axis=0)
    assert skin[0] > skin[1] > skin[2]  # redder than blue


def test_a_tree_may_have_all_three_splits(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1, splits=("train", "validation", "test"))
    assert set(read(tree, GREY).splits) == {"training", "validation", "test"}


def test_nouns_stand_for_the_labels_of_a_bundle(tmp_path):
    tree = write_tree(tmp_path, {"Happiness": "happy", "sadness": "sad"}, 1, splits=())
    assert read(tree, GREY, EXPRESSIONS).part("all").truth.tolist() == [3, 4]


def test_a_class_that_the_bundle_lacks_is_told(tmp_path):
    tree = write_tree(tmp_path, {"contempt": "happy", "sad": "sad"}, 1, splits=())
    with pytest.raises(DataError, match="class 'contempt' is none of the labels angry, disgust"):
        read(tree, GREY, EXPRESSIONS)


def test_an_empty_class_folder_is_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1)
    (tree / "train" / "zorn").mkdir()
    with pytest.raises(DataError, match=r"zorn: no images. Add some"):
        read(tree, GREY)


def test_a_class_that_one_split_lacks_is_told(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 1)
    write_tree(tmp_path, {"c": "surprise"}, 1, splits=("train",))
    with pytest.raises(DataError, match="the validation images have no folder for c"):
        read(tree, GREY)


def test_a_broken_picture_is_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 2, splits=())
    (tree / "sad" / "001.png").write_bytes(b"\x89PNG no more")
    (tree / "happy" / "001.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"happy.001\.png: no picture that can be read"):
        read(tree, GREY)


def test_folders_beside_the_splits_are_told(tmp_path):
    tree = write_tree(tmp_path, {"happy": "happy", "sad": "sad"}, 1)
    (tree / "more").mkdir()
    with pytest.raises(DataError, match="more beside split folders"):
        read(tree, GREY)


def test_a_folder_without_classes_is_told(tmp_path):
    with pytest.raises(DataError, match="at least two classes, found 0"):
        read(tmp_path, GREY)


def test_a_share_of_every_class_is_set_aside(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 10, splits=())
    whole = read(tree, GREY)
    dataset = divide(whole, 0.2, seed=1)
    assert [np.bincount(dataset.part(name).truth).tolist() for name in ("training", "validation")] == [[8, 8], [2, 2]]
    assert not duplicates(dataset.part("validation"), dataset.part("training")).any()
    again = divide(whole, 0.2, seed=1)
    np.testing.assert_array_equal(again.part("validation").images, dataset.part("validation").images)


def test_an_undivided_tree_asks_for_a_share(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 4, splits=())
    with pytest.raises(DataError, match=r"--validation-split 0\.2"):
        divide(read(tree, GREY), None, seed=1)


def test_a_share_that_leaves_nothing_is_told(tmp_path):
    tree = write_tree(tmp_path, {"a": "happy", "b": "sad"}, 2, splits=())
    with pytest.raises(DataError, match="of the 2 images of a leaves one side empty"):
        divide(read(tree, GREY), 0.1, seed=1)


def test_duplicates_are_found_by_their_pixels(table):
    training = read(table, GREY).part("training")
    some = training.take(np.array([0, 4]))
    assert duplicates(training, some).tolist() == [True, False, False, False, True, False]


def test_votes_are_mixed_into_the_training_targets(tmp_path, table):
    path = votes(
        tmp_path,
        "Training,a.png,0,8,2,0,0,0,0,0,0,0",
        "Training,b.png,0,0,0,0,0,0,0,4,4,2",
        *["Training,c.png,0,10,0,0,0,0,0,0,0,0"] * 4,
        *["PublicTest,d.png,10,0,0,0,0,0,0,0,0,0"] * 6,
    )
    before = read(table, GREY)
    after = with_votes(before, path, 0.5)
    targets = after.part("training").targets
    np.testing.assert_allclose(targets[0, [3, 5]], [0.5 + 0.4, 0.1], atol=1e-6)
    np.testing.assert_allclose(targets[1], before.part("training").targets[1])  # nobody saw any of the seven
    np.testing.assert_allclose(targets[3, [3, 4]], [0.5, 0.5])
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(after.part("validation").targets, before.part("validation").targets)


def test_votes_for_other_images_are_told(tmp_path, table):
    path = votes(tmp_path, "Training,a.png,0,8,2,0,0,0,0,0,0,0")
    with pytest.raises(DataError, match="votes for 1 training images, but the data has 6"):
        with_votes(read(table, GREY), path, 0.5)


def test_votes_that_are_no_numbers_are_told(tmp_path, table):
    path = votes(tmp_path, *["Training,a.png,0,many,2,0,0,0,0,0,0,0"] * 6)
    with pytest.raises(DataError, match="line 2: 'many' votes for happiness"):
        with_votes(read(table, GREY), path, 0.5)
