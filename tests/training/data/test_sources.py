import argparse

import numpy as np
import pytest

from errors import DataError
from faces import EXPRESSIONS
from inference.preprocess import InputSpec
from tests.support.cameras.drawn_faces import write_csv, write_tree
from training.data.dataset import NO_FACE
from training.data.sources import load_dataset

GREY = InputSpec(48, 48, 1)
COLUMNS = "neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


@pytest.fixture
def data(tmp_path):
    return write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3)


def plan(data, **changes):
    usual = {"also": [], "also_weight": 1.0, "votes": None, "votes_share": 1.0, "judge_by": "labels"}
    return argparse.Namespace(data=data, validation_split=None, seed=1, **{**usual, **changes})


def test_further_faces_join_the_training_images_alone(tmp_path, data):
    tree = write_tree(tmp_path / "more", {"happy": "happy", "surprise": "surprise"}, 4)
    dataset = load_dataset(plan(data, also=[tree], also_weight=0.5), GREY)
    training = dataset.part("training")
    assert dataset.labels == EXPRESSIONS
    assert np.bincount(training.truth, minlength=7).tolist() == [0, 0, 0, 3 + 4, 3, 4, 0]
    assert training.weights is not None
    assert training.weights.tolist() == [1.0] * 6 + [0.5] * 8
    assert len(dataset.part("validation")) == 6


def test_what_is_no_face_becomes_the_last_label(tmp_path, data):
    tree = write_tree(tmp_path / "more", {"happy": "happy", NO_FACE: "neutral"}, 2, splits=())
    dataset = load_dataset(plan(data, also=[tree]), GREY)
    assert dataset.labels == (*EXPRESSIONS, NO_FACE)
    assert dataset.part("training").truth.tolist()[-4:] == [3, 3, 7, 7]
    assert dataset.part("training").targets.shape == (10, 8)
    assert dataset.part("validation").targets.shape == (6, 8)


def test_the_validation_images_are_judged_by_the_votes_where_asked(tmp_path, data):
    votes = tmp_path / "votes.csv"
    rows = ["Training,a.png,0,10,0,0,0,0,0,0,0,0"] * 6 + ["PublicTest,b.png,9,1,0,0,0,0,0,0,0,0"] * 5
    votes.write_text("\n".join([f"Usage,Image name,{COLUMNS}", *rows, "PublicTest,c.png,0,0,0,0,0,0,0,9,1,0"]) + "\n")
    dataset = load_dataset(plan(data, votes=votes, judge_by="votes"), GREY)
    assert dataset.part("validation").truth.tolist() == [6] * 5
    assert dataset.part("training").targets.argmax(axis=1).tolist() == [3] * 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"judge_by": "votes"}, "--judge-by votes needs the votes"),
        ({"also": ["missing"]}, "missing: no such folder"),
        ({"also": ["strange"]}, "class 'amused' is none of the labels"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path, data, changes, message):
    write_tree(tmp_path / "strange", {"happy": "happy", "amused": "happy"}, 1)
    changes = {**changes, "also": [tmp_path / name for name in changes.get("also", [])]}
    with pytest.raises(DataError, match=message):
        load_dataset(plan(data, **changes), GREY)


def test_votes_for_a_folder_are_refused(tmp_path):
    tree = write_tree(tmp_path / "tree", {"happy": "happy", "sad": "sad"}, 2)
    with pytest.raises(DataError, match=r"--votes goes with a fer2013\.csv"):
        load_dataset(plan(tree, votes=tmp_path / "votes.csv"), GREY)
