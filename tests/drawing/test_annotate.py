from dataclasses import replace

import numpy as np
import pytest

from drawing.annotate import annotate, notice
from drawing.labels import caption
from drawing.palette import BRIGHT, COLOURS, DIM, UNSURE
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


@pytest.mark.parametrize(("side", "line"), [(90, 2), (360, 2), (720, 4), (1080, 6)])
def test_a_box_is_four_lines_about_its_edges_fitted_to_the_picture(side, line):
    box = Box(40, 10, 60, 66)
    drawn = annotate(blank(side, 2 * side), [Face(box)])
    painted = (drawn != 90).any(axis=2)
    rows, columns = np.nonzero(painted)
    half = line // 2
    assert (columns.min(), rows.min()) == (40 - half, 10 - half)
    assert (columns.max(), rows.max()) == (100 - half + line - 1, 76 - half + line - 1)
    inner = painted[10 - half + line : 76 - half, 40 - half + line : 100 - half]
    assert not inner.any()
    assert painted.sum() == (60 + line) * (66 + line) - inner.size
    assert tuple(drawn[rows[0], columns[0]]) == UNSURE, "it was not read yet"


def test_the_lines_of_a_small_face_are_thin():
    painted = (annotate(blank(1080, 1920), [Face(Box(40, 30, 20, 24))]) != 90).any(axis=2)
    assert painted.sum() == 22 * 26 - 18 * 22, "two pixels, not six"


def label_of(box: Box, **others) -> Box:
    """Where the words on a face are drawn."""
    words = annotate(blank(), [replace(face(box), **others)], boxes=False)
    return changed(blank(), words)


def test_words_stand_on_the_box_from_its_left_edge_and_within_the_picture():
    label = label_of(Box(200, 150, 100, 100))
    assert (label.x, label.y + label.height) == (199, 150)
    assert label_of(Box(200, 5, 100, 100)).y == 105, "below, where there is no room above"
    assert label_of(Box(-30, 150, 100, 100)).x == 0
    right = label_of(Box(620, 150, 100, 100))
    assert (right.x + right.width, right.width) == (640, label.width)


def test_words_fade_with_their_face():
    box = Box(200, 150, 100, 100)
    full = annotate(blank(), [face(box)], boxes=False).astype(int)
    half = annotate(blank(), [replace(face(box), fade=0.5)], boxes=False).astype(int)
    assert np.abs(half - (full + 90) / 2).max() <= 1


def test_a_face_at_the_threshold_is_sure():
    assert caption(face(Box(0, 0, 9, 9), 0.75), 0.75) == "happy 75%"
    drawn = annotate(blank(), [face(Box(200, 150, 100, 100), 0.75)], threshold=0.75)
    assert tuple(drawn[200, 200]) == COLOURS["happy"]


def chart_of(box: Box, *others: Box) -> Box:
    """Where the bars of the first face are drawn; the others have none."""
    faces = [face(box), *(Face(other) for other in others)]
    return changed(annotate(blank(), faces), annotate(blank(), faces, bars=True))


def test_bars_stand_below_else_to_the_right_else_to_the_left_else_above():
    box = Box(260, 150, 80, 80)
    below, right, left = Box(250, 235, 100, 60), Box(345, 150, 100, 80), Box(155, 150, 100, 80)
    assert chart_of(box).y >= box.y + box.height
    assert chart_of(box).x == pytest.approx(box.x, abs=3)
    assert chart_of(box, below).x >= box.x + box.width
    assert chart_of(box, below, right).x + chart_of(box, below, right).width <= box.x + 1
    above = chart_of(box, below, right, left)
    assert above.y + above.height < box.y - 12, "room is left for the words"
    beside = chart_of(box, below)
    assert beside.y + beside.height / 2 == pytest.approx(box.y + 40, abs=2)


def test_bars_are_as_long_as_their_labels_are_probable():
    happy, sad = (
        (annotate(blank(), [face(Box(200, 60, 200, 100), 0.75)], bars=True)[163:] == COLOURS[name]).all(axis=2)
        for name in ("happy", "sad")
    )
    lengths = [painted.sum(axis=1).max() for painted in (happy, sad)]
    assert lengths[0] == pytest.approx(3 * lengths[1], abs=2)
    tops = [np.flatnonzero(painted.any(axis=1)) for painted in (happy, sad)]
    assert tops[0].max() < tops[1].min(), "in the order of the labels"
    assert len(tops[0]) == len(tops[1])


def test_a_notice_has_its_title_large_above_its_words_in_the_middle():
    empty = notice("", "")
    title, words = (changed(empty, notice(*texts)) for texts in (("Unhappy", ""), ("", "unhappy")))
    assert title.y >= 720 * 0.42
    assert title.y + title.height <= words.y
    assert words.y + words.height < 720 * 0.6
    assert title.height == pytest.approx(2 * words.height, abs=2)
    for part, ink, text in ((title, BRIGHT, ("Unhappy", "")), (words, DIM, ("", "unhappy"))):
        assert part.x + part.width / 2 == pytest.approx(640, abs=6)
        assert (notice(*text) == ink).all(axis=2).any()


def test_long_words_are_broken_into_lines_six_at_most():
    def height(words: str) -> int:
        return int(np.ptp(np.flatnonzero((notice("", words) != notice("", "")).any(axis=(1, 2)))))

    line = "word " * 13
    heights = [height(line * count) for count in (1, 2, 6, 9)]
    assert heights[0] < heights[1] < heights[2] == heights[3]
