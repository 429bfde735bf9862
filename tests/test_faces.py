import math

import numpy as np
import pytest

from faces import SAME_FACE, Box, Face, Frame, joined


def test_overlap_is_one_for_the_same_box_and_zero_for_boxes_apart():
    box = Box(10, 10, 20, 20)
    assert box.overlap(box) == 1
    assert box.overlap(Box(30, 10, 20, 20)) == 0


def test_overlap_is_shared_area_over_joint_area():
    assert Box(0, 0, 10, 10).overlap(Box(5, 0, 10, 10)) == pytest.approx(50 / 150)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (-1, 5)])
def test_a_box_without_area_is_refused(size):
    with pytest.raises(ValueError, match="at least 1 pixel"):
        Box(0, 0, *size)


def test_a_face_that_was_not_classified_has_no_expression():
    face = Face(Box(0, 0, 1, 1))
    assert face.expression is None
    assert face.confidence == 0


def test_the_expression_is_the_most_probable_label():
    face = Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.25, 0.75))
    assert (face.expression, face.confidence) == ("tense", 0.75)


def test_a_held_label_stands_before_the_most_probable_one_and_has_its_own_probability():
    face = Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.25, 0.75), held="calm")
    assert (face.expression, face.confidence) == ("calm", 0.25)
    assert face.as_dict()["expression"] == "calm"


def test_a_held_label_that_is_none_of_the_labels_is_refused():
    with pytest.raises(ValueError, match="one of calm, tense, got 'bored'"):
        Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.25, 0.75), held="bored")


@pytest.mark.parametrize("probabilities", [(0.5,), (0.5, 0.4), (0.7, 0.7)])
def test_probabilities_that_do_not_fit_are_refused(probabilities):
    with pytest.raises(ValueError, match="probabilities"):
        Face(Box(0, 0, 1, 1), ("calm", "tense"), probabilities)


def test_a_face_as_a_dictionary_keeps_the_order_of_the_labels():
    face = Face(Box(1, 2, 3, 4), ("tense", "calm"), (0.25, 0.75), track=7).as_dict()
    assert face["box"] == {"x": 1, "y": 2, "width": 3, "height": 4}
    assert list(face["probabilities"].items()) == [("tense", 0.25), ("calm", 0.75)]
    assert (face["track"], face["seconds"]) == (7, None)
    followed = Face(Box(1, 2, 3, 4), track=7, seconds=12.345)
    assert followed.as_dict()["seconds"] == 12.3


def test_areas_and_overlaps_are_reckoned_along_both_axes():
    assert Box(3, 4, 5, 7).area == 35
    assert Box(0, 0, 10, 20).overlap(Box(5, 10, 20, 10)) == pytest.approx(50 / (200 + 200 - 50))
    assert Box(0, 0, 10, 10).overlap(Box(0, 9, 10, 10)) == pytest.approx(10 / 190)
    assert Box(0, 0, 9, 9).overlap(Box(20, 20, 9, 9)) == 0
    assert Box(0, 0, 10, 10).overlap(Box(2, 3, 4, 5)) == pytest.approx(0.2)


def test_a_box_of_one_pixel_is_one():
    assert Box(0, 0, 1, 1).area == 1


def test_a_mirrored_box_lies_as_far_from_the_other_edge_and_back_again():
    box = Box(10, 20, 30, 40)
    assert box.mirrored(100) == Box(60, 20, 30, 40)
    assert box.mirrored(100).mirrored(100) == box


def test_a_mirrored_face_is_tilted_the_other_way():
    face = Face(Box(10, 20, 30, 40), track=7, detection=0.9, angle=12.0)
    other = face.mirrored(100)
    assert (other.box, other.angle, other.track, other.detection) == (Box(60, 20, 30, 40), -12.0, 7, 0.9)
    assert other.mirrored(100) == face


def test_what_the_detector_knows_is_told_in_thousandths_and_tenths_of_a_degree():
    face = Face(Box(0, 0, 1, 1), detection=0.98765, angle=-3.14159).as_dict()
    assert (face["detection"], face["angle"]) == (0.988, -3.1)


def test_finds_of_two_searches_are_joined_without_those_that_both_made():
    first = [Box(0, 0, 10, 10), Box(50, 0, 10, 10)]
    twice, near, away = Box(1, 0, 10, 10), Box(8, 0, 10, 10), Box(0, 50, 10, 10)
    assert first[0].overlap(near) < SAME_FACE < first[0].overlap(twice)
    assert joined(first, [twice, near, away]) == [*first, near, away]


def test_a_face_is_told_with_four_places_of_each_probability():
    face = Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.123456, 0.876544)).as_dict()
    assert (face["confidence"], face["probabilities"]) == (0.8765, {"calm": 0.1235, "tense": 0.8765})


def test_probabilities_may_miss_one_by_rounding_only():
    assert Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.5, 0.5009)).confidence == 0.5009
    with pytest.raises(ValueError, match=r"must sum to 1, got 1\.0020"):
        Face(Box(0, 0, 1, 1), ("calm", "tense"), (0.5, 0.502))


def test_a_frame_has_its_faces_with_the_time_constants_that_were_asked_for():
    usual, slow = (Face(Box(0, 0, 1, 1)),), (Face(Box(0, 0, 2, 2)),)
    frame = Frame(np.zeros((4, 4, 3), np.uint8), 1, 0.0, faces=usual, smoothed={3.0: slow})
    assert (frame.faces_over(3.0), frame.faces_over(0.2)) == (slow, usual)
    assert frame.searched_at == math.inf
