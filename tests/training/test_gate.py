import json

import cv2
import keras
import numpy as np
import pytest
import skimage.data

from faces import EXPRESSIONS
from model import EmotionModel
from tests.support.cameras.drawn_faces import draw, write_csv
from training.compilation.bundle_files import write_network
from training.gate import Gate, as_text, main, true_faces
from training.networks.architectures import tiny


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle that takes what is dark for no face: its probability is above a half below a mean of 60."""
    folder = tmp_path_factory.mktemp("bundles") / "dark"
    kernel = np.zeros((1, 8), np.float32)
    kernel[0, 7] = -0.5
    network = keras.Sequential(
        [keras.Input((48, 48, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(8), keras.layers.Softmax()]
    )
    network.layers[1].set_weights([kernel, np.array([0] * 7 + [30 + np.log(7)], np.float32)])
    write(folder, network, no_face={"threshold": 0.5})
    return folder


def write(folder, network, **more):
    card = {
        "name": folder.name,
        "labels": list(EXPRESSIONS),
        "input": {"width": 48, "height": 48, "channels": 1},
        "preprocessing": {"crop_scale": 1.0, "crop_shift": 0.0},
        "files": write_network(folder, network),
        **more,
    }
    (folder / "card.json").write_text(json.dumps(card))


@pytest.fixture
def walls(tmp_path):
    """Two videos in which the detector finds something in each of two frames: one dark, one bright."""
    portrait = np.ascontiguousarray(skimage.data.astronaut()[:220, 120:340, ::-1])
    (tmp_path / "walls").mkdir()
    for name, image in {"dark": (portrait * 0.2).astype(np.uint8), "bright": 128 + portrait // 2}.items():
        file = tmp_path / "walls" / f"{name}.avi"
        video = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (220, 220))
        for _ in range(2):
            video.write(image)
        video.release()
    return tmp_path / "walls"


@pytest.fixture
def crops(tmp_path):
    """Faces to judge by: two bright ones, a dark one, and a non-face that does not count."""
    for name, image in {
        "happy/a": draw("happy", 1),
        "happy/dark": draw("happy", 2) // 8,
        "sad/b": draw("sad", 3),
        "no_face/wall": np.zeros((48, 48), np.uint8),
    }.items():
        file = tmp_path / "crops" / "test" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), image)
    return tmp_path / "crops"


def scores(*values):
    return np.array(values, np.float32)


def test_shares_of_finds_shown_and_faces_lost():
    faces = {"a": scores(0.0, 0.2, 0.7, 0.1), "b": scores(0.3, 0.3)}
    gate = Gate(9, scores(0.1, 0.6, 0.9, 0.95), faces, {"a": scores(0.8, 0.8), "b": scores(0.3, 0.8)})
    assert [gate.shown(threshold) for threshold in (0.05, 0.5, 0.92, 1)] == [0, 0.25, 0.75, 1]
    assert [gate.lost(threshold)["a"] for threshold in (0.0, 0.15, 0.5, 0.7)] == [0.75, 0.5, 0.25, 0]
    assert gate.lost_spoilt(0.5) == {"a": 1, "b": 0.5}


@pytest.mark.parametrize(
    ("most", "spoilt", "threshold"),
    [(0.0, 1.0, 0.7), (0.25, 1.0, 0.3), (1.0, 1.0, 0.01), (1.0, 0.5, 0.6), (0.0, 0.5, 0.7)],
)
def test_the_lowest_threshold_is_chosen_that_spares_every_set_of_faces(most, spoilt, threshold):
    faces = {"a": scores(0.0, 0.2, 0.7, 0.1), "b": scores(0.3, 0.3)}
    gate = Gate(9, scores(0.5), faces, {"a": scores(0.8, 0.6), "b": scores(0.1, 0.1)})
    assert gate.chosen(most, spoilt) == threshold


def test_where_no_threshold_spares_enough_nothing_is_taken_for_no_face():
    sure = {"a": scores(1.0, 1.0)}
    gate = Gate(1, scores(0.2), sure, sure)
    assert gate.chosen(0.0, 0.0) == 1.0
    assert gate.lost(1.0) == {"a": 0}


def test_the_table_marks_the_chosen_threshold():
    gate = Gate(5, scores(), {"a": scores(0.2)}, {"a": scores(0.96)})
    lines = as_text(gate, 0.25).splitlines()
    assert lines[0] == "0 false finds in 5 pictures and frames without faces; 1 faces of a"
    assert lines[1].split("  ") == ["threshold", "finds shown", "lost of a", "lost of a, spoilt"]
    assert [line.split() for line in lines if "chosen" in line] == [["0.25", "0.00", "0.00", "100.00", "chosen"]]


@pytest.mark.parametrize("detector", ["haar", "blazeface"])
def test_false_finds_and_lost_faces_are_counted_and_the_threshold_is_written(bundle, walls, crops, capsys, detector):
    before = (bundle / "card.json").read_text()
    options = ["--weights", str(bundle), "--faceless", str(walls), "--faces", str(crops), "--lost-spoilt", "1"]
    options += ["--detector", detector]
    assert main([*options, "--lost", "0.4"]) == 0
    page = capsys.readouterr().out
    assert (bundle / "card.json").read_text() == before
    assert "4 false finds in 4 pictures and frames without faces; 3 faces of crops" in page
    assert "33.33" in page
    assert main([*options, "--lost", "0.4", "--write"]) == 0
    written = json.loads((bundle / "card.json").read_text())["no_face"]
    threshold = EmotionModel.load(bundle).no_face_threshold
    assert set(written.pop("lost_spoilt")) == {"crops"}
    expected = {"threshold": threshold, "frames": 4, "false_finds": 4, "shown": 0.5, "lost": {"crops": 0.3333}}
    assert written == expected
    (bundle / "card.json").write_text(before)


def test_faces_are_the_images_in_which_people_saw_one(bundle, tmp_path):
    table = write_csv(tmp_path / "fer2013.csv", {3: "happy", 4: "sad"}, 3)
    columns = "Usage,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    nobody = ["0,0,0,0,0,0,0,0,0,10", "0,5,0,0,0,0,0,0,0,5"]
    rows = [
        f"{usage},{votes}" for usage in ("Training", "PublicTest") for votes in [*nobody, *["0,9,0,0,0,0,0,0,0,1"] * 4]
    ]
    (tmp_path / "votes.csv").write_text("\n".join([columns, *rows]) + "\n")
    model = EmotionModel.load(bundle)
    assert true_faces(model, table).shape == (6, 48, 48, 1)
    np.testing.assert_array_equal(true_faces(model, table, tmp_path / "votes.csv"), true_faces(model, table)[2:])


def test_a_bundle_that_cannot_tell_and_sets_of_one_name_are_refused(bundle, walls, crops, tmp_path, capsys):
    keras.utils.set_random_seed(1)
    write(tmp_path / "plain", tiny((48, 48, 1), 7, keras.layers.BatchNormalization))
    options = ["--faceless", str(walls), "--faces", str(crops)]
    assert main(["--weights", str(tmp_path / "plain"), *options]) == 2
    assert "does not tell what is no face" in capsys.readouterr().err
    assert main(["--weights", str(bundle), *options, "--faces", str(crops)]) == 2
    assert "two sets of faces are called crops" in capsys.readouterr().err
