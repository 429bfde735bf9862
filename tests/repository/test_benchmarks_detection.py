"""How the benchmark of detectors counts faces; the figures themselves come from running it."""

import json

import cv2
import numpy as np
import pytest

from benchmarks.tools.detectors import boxes
from benchmarks.tools.labelled import FOUND, SIZES, Tally, halved, kinds, labelled, matched, read_boxes, size_of, turned
from faces import Box

FACE, OTHER, ELSE = Box(100, 100, 80, 80), Box(160, 100, 80, 80), Box(400, 100, 80, 80)


def marked(faces: list[Box], width: int = 300, height: int = 200) -> np.ndarray:
    """A dark picture with white boxes."""
    image = np.zeros((height, width, 3), np.uint8)
    for face in faces:
        image[face.y : face.y + face.height, face.x : face.x + face.width] = 255
    return image


def box_of_white(image: np.ndarray) -> Box:
    down, across = np.nonzero(image[..., 0] > 200)
    return Box(int(across.min()), int(down.min()), int(np.ptp(across)) + 1, int(np.ptp(down)) + 1)


def test_a_find_counts_once_and_one_beside_the_faces_is_false():
    assert matched([ELSE, FACE], [FACE]) == [None, 0]
    assert matched([FACE], []) == [None]
    assert matched([], [FACE]) == []


def test_a_second_find_of_a_face_is_false_even_if_it_fits_better():
    near = Box(110, 104, 80, 80)
    assert matched([near, FACE], [FACE]) == [0, None]


def test_a_find_takes_the_face_that_it_overlaps_most_and_leaves_the_other():
    between = Box(124, 100, 80, 80)
    assert between.overlap(FACE) > between.overlap(OTHER) > FOUND
    assert matched([between, OTHER], [OTHER, FACE]) == [1, 0]
    assert matched([FACE, between], [FACE, OTHER]) == [0, 1], "the one that is left is near enough"


def test_a_find_must_overlap_a_quarter():
    assert matched([Box(100, 100, 80, 20)], [FACE]) == [0]
    assert matched([Box(100, 100, 80, 19)], [FACE]) == [None]


@pytest.mark.parametrize(("height", "row"), [(1, 0), (19, 0), (20, 1), (79, 2), (80, 3), (319, 4), (320, 5), (9000, 5)])
def test_sizes_begin_with_their_row(height, row):
    assert size_of(height) == row
    assert SIZES[row] <= height


def test_faces_are_sorted_by_their_own_height_and_false_finds_by_their_box():
    tally = Tally()
    tally.add([Box(400, 100, 30, 30), FACE], [FACE, Box(0, 0, 200, 200)], [100, 330], 0.5)
    tally.add([], [FACE], [100], 0.25)
    assert tally.faces == [0, 0, 0, 2, 0, 1]
    assert tally.found == [0, 0, 0, 1, 0, 0]
    assert tally.false == [0, 1, 0, 0, 0, 0]
    assert (tally.pictures, tally.milliseconds) == (2, 375.0)


def test_boxes_turn_with_their_picture():
    face = Box(200, 30, 40, 60)
    image, (box,) = turned(marked([face]), [face], 90)
    assert image.shape == (300, 200, 3)
    assert box == box_of_white(image) == Box(200 - 30 - 60, 200, 60, 40), "clockwise: what was right is below"


@pytest.mark.parametrize("degrees", [15, 30, 45])
def test_the_box_of_a_tilted_face_lies_round_the_middle_of_the_tilted_box(degrees):
    face = Box(200, 30, 60, 60)
    image, (box,) = turned(marked([face]), [face], degrees)
    white = box_of_white(image)
    assert box.x + box.width / 2 == pytest.approx(white.x + white.width / 2, abs=1.5)
    assert box.y + box.height / 2 == pytest.approx(white.y + white.height / 2, abs=1.5)
    assert (box.width, box.height) == (60, 60), "a circle stays one"
    assert image.shape[1] > 300
    assert image.shape[0] > 200


def test_halved_pictures_have_halved_boxes():
    image, faces = halved(marked([FACE]), [FACE])
    assert faces == [box_of_white(image)] == [Box(50, 50, 40, 40)]


def test_every_kind_of_picture_keeps_its_faces():
    made = dict(kinds((marked([FACE]), [FACE])))
    assert len(made) == 6
    assert all(len(faces) == 1 for _, faces in made.values())
    assert made["upright"][1] == [FACE]


def test_pictures_are_read_with_their_boxes(tmp_path):
    cv2.imwrite(str(tmp_path / "one.png"), marked([FACE]))
    (tmp_path / "boxes.json").write_text(json.dumps({"one.png": [[100, 100, 80, 80]]}))
    (picture,) = labelled(tmp_path, tmp_path / "boxes.json")
    assert picture[1] == [FACE]
    assert box_of_white(picture[0]) == FACE


@pytest.mark.parametrize("content", ["", "[]", '{"one.png": [[1, 2, 3]]}', '{"one.png": [[1, 2, 0, 4]]}'])
def test_a_wrong_file_of_boxes_is_told_with_its_form(tmp_path, content):
    (tmp_path / "boxes.json").write_text(content)
    with pytest.raises(SystemExit, match=r"expected \{\"NAME\": \[\[x, y, width, height\]"):
        read_boxes(tmp_path / "boxes.json")


def test_rows_of_other_detectors_become_boxes_the_most_certain_first():
    assert boxes([(1, 2, 30.4, 40, 0.5), (5, 6, 70, 80, 0.9), (5, 6, 0, 80, 1.0)]) == [
        Box(5, 6, 70, 80),
        Box(1, 2, 30, 40),
    ]
