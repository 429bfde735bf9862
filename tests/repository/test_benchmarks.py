"""What the benchmarks of finding and steadiness count; the figures themselves come from running them."""

import numpy as np
import pytest

from benchmarks.finding import Count, compare, true_and_false
from benchmarks.steadiness import FPS, LASTS, Seen, flips, jitter, lags
from demo import Demo
from faces import Box, Frame

FACE, ELSE = Box(100, 100, 80, 80), Box(400, 100, 80, 80)


def test_finds_beside_the_known_faces_are_false():
    near = Box(108, 104, 84, 84)
    assert true_and_false([near, ELSE], [FACE]) == ([near], 1)
    assert true_and_false([near, ELSE], []) == ([], 2)


def test_where_only_the_number_of_faces_is_known_the_rest_is_false():
    assert true_and_false([FACE, ELSE], 1) == ([FACE], 1)
    assert true_and_false([FACE], 0) == ([], 1)
    assert true_and_false([], 1) == ([], 0)


def test_each_of_haars_finds_must_be_found_again_in_the_same_frame():
    demo = Demo(640, 360, people=1)
    clip = [(Frame(demo.draw(n)[0], n, 0.0), [face.box for face in demo.draw(n)[1]]) for n in (0, 5)]
    finds = {0: [clip[0][1][0]], 5: [ELSE]}
    count = compare("clip", clip, lambda frame: finds[frame.number])
    assert (count.frames, count.haar, count.again, count.false, count.more) == (2, 2, 1, 1, 0)
    assert count.share == 0.5
    assert Count("empty").share is None


def seen(labels: str, drawn: list[tuple[str, float]] = ()) -> Seen:
    return Seen(list(range(len(labels))), [FACE] * len(labels), list(labels), list(drawn))


def test_on_a_still_picture_every_change_counts():
    assert flips(seen("aabba")) == (2, 5 / FPS / 60)


def test_on_drawn_faces_only_changes_while_an_expression_is_held_count():
    drawn = [("calm", 1.0)] * 60 + [("tense", 0.5)] * 18 + [("tense", 1.0)] * 60
    assert flips(seen("a" * 60 + "b" * 78, drawn))[0] == 0
    assert flips(seen("a" * 30 + "b" * 30 + "b" * 78, drawn))[0] == 1


@pytest.mark.parametrize("late", [0, 4, 10])
def test_lag_is_how_much_later_the_smoothed_label_changes(late):
    drawn = [("calm", 1.0)] * 60 + [("tense", 0.5)] * 18 + [("tense", 1.0)] * 60
    plain, smooth = "a" * 65 + "b" * 73, "a" * (65 + late) + "b" * (73 - late)
    assert lags(seen(smooth, drawn), seen(plain, drawn)) == [pytest.approx(late / FPS)]


def test_a_label_that_does_not_last_is_no_change():
    drawn = [("calm", 1.0)] * 60 + [("tense", 0.5)] * 18 + [("tense", 1.0)] * 60
    plain = "a" * 62 + "b" * (LASTS // 2) + "a" * 10 + "b" * (66 - LASTS // 2)
    assert lags(seen("a" * 76 + "b" * 62, drawn), seen(plain, drawn)) == [0]


def test_boxes_that_move_evenly_are_steady_and_those_that_jump_are_not():
    even = [Box(100 + 3 * n, 50, 80, 80) for n in range(30)]
    jumping = [Box(100 + 4 * (n % 2), 50, 80, 80) for n in range(30)]
    assert jitter(even) == 0
    assert jitter(jumping) == pytest.approx(np.sqrt((8**2 + 8**2) / 4) / 80 * 100)
