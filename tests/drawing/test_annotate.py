from dataclasses import replace

import numpy as np
import pytest

from drawing.annotate import COLOURS, UNSURE, annotate, caption, notice
from faces import EXPRESSIONS, Box, Face


def face(box: Box, confidence: float = 0.88) -> Face:
    return Face(box, ("happy", "sad"), (confidence, 1 - confidence))


def blank(height: int = 360, width: int = 640) -> np.ndarray:
    return np.full((height, width, 3), 90, np.uint8)


def test_every_expression_has_a_colour_of_its_own():
    assert set(COLOURS) == set(EXPRESSIONS)
    assert len(set(COLOURS.values())) == len(EXPRESSIONS)


def test_without_faces_the_copy_equals_the_picture():
    image = blank()
    drawn = annotate(image, [])
    assert np.array_equal(drawn, image)
    assert drawn is not image


def test_the_box_is_drawn_in_the_expressions_colour_and_the_original_left_alone():
    image = blank()
    drawn = annotate(image, [face(Box(200, 150, 100, 100))])
    assert tuple(drawn[200, 200]) == COLOURS["happy"]
    assert tuple(drawn[200, 300]) == COLOURS["happy"]
    assert (drawn[180:220, 220:280] == 90).all()
    assert (image == 90).all()


def test_a_label_stands_above_the_box():
    drawn = annotate(blank(), [face(Box(200, 150, 100, 100))])
    above = drawn[132:148, 202:260].reshape(-1, 3)
    assert (above == COLOURS["happy"]).all(axis=1).any()
    assert (above.max(axis=1) < 80).any(), "no dark letters on the plate"


def test_what_is_below_the_threshold_is_called_unsure():
    assert caption(face(Box(0, 0, 9, 9), 0.66), 0.35) == "happy 66%"
    assert caption(face(Box(0, 0, 9, 9), 0.66), 0.7) == "unsure 66%"
    assert caption(Face(Box(0, 0, 9, 9)), 0.35) == ""
    drawn = annotate(blank(), [face(Box(200, 150, 100, 100), 0.6)], threshold=0.7)
    assert tuple(drawn[200, 200]) == UNSURE


@pytest.mark.parametrize("box", [Box(-50, -50, 100, 100), Box(600, 320, 100, 100), Box(-900, -900, 20, 20)])
@pytest.mark.parametrize("shape", [(360, 640), (32, 32)])
def test_boxes_may_reach_over_the_edge_of_any_picture(box, shape):
    image = blank(*shape)
    assert annotate(image, [face(box)]).shape == image.shape


@pytest.mark.parametrize("size", [(1280, 720), (320, 240), (64, 48)])
def test_a_notice_has_the_size_asked_for_and_words_in_it(size):
    image = notice("No picture", "the cable was pulled " * 8, *size)
    assert image.shape == (size[1], size[0], 3)
    assert image.max() > 150


def test_a_face_that_fades_lets_the_picture_through():
    image = blank()
    drawn = annotate(image, [replace(face(Box(200, 150, 100, 100)), fade=0.5)])
    between = (np.array(COLOURS["happy"]) + 90) / 2
    assert np.abs(drawn[200, 200] - between).max() <= 1
    assert np.array_equal(annotate(image, [replace(face(Box(200, 150, 100, 100)), fade=0.0)]), image)


def changed(plain: np.ndarray, bars: np.ndarray) -> Box:
    rows, columns = np.nonzero((plain != bars).any(axis=2))
    return Box(int(columns.min()), int(rows.min()), int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1)


@pytest.mark.parametrize(
    "box", [Box(200, 90, 100, 100), Box(200, 230, 100, 100), Box(-20, 2, 60, 350), Box(590, 90, 90, 90)]
)
def test_bars_tell_all_probabilities_and_are_whole_wherever_the_face_is(box):
    plain, bars = (annotate(blank(), [face(box)], bars=wanted) for wanted in (False, True))
    chart = changed(plain, bars)
    part = bars[chart.y : chart.y + chart.height, chart.x : chart.x + chart.width]
    happy, sad = ((part == COLOURS[name]).all(axis=2).sum(axis=1).max() for name in ("happy", "sad"))
    assert happy > 4 * sad > 0
    assert chart.overlap(box) < 0.05


def test_bars_hide_no_other_face_while_there_is_room_elsewhere():
    boxes = [Box(200, 60, 80, 80), Box(215, 170, 80, 80), Box(420, 60, 80, 80)]
    faces = [face(box) for box in boxes]
    drawn = annotate(blank(), faces, bars=True)
    for box in boxes:
        assert (drawn[box.y + 10 : box.y + 70, box.x + 10 : box.x + 70] == 90).all(), "a face is hidden"


@pytest.mark.parametrize("shape", [(360, 640), (32, 32)])
def test_bars_fit_any_picture(shape):
    assert annotate(blank(*shape), [face(Box(5, 5, 20, 20))], bars=True).shape == (*shape, 3)


def test_without_boxes_the_words_stand_where_they_did():
    image, known = blank(), face(Box(200, 150, 100, 100))
    boxed, plain = (annotate(image, [known], boxes=wanted) for wanted in (True, False))
    assert np.array_equal(boxed[:148], plain[:148])
    assert (plain[150:] == image[150:]).all()
