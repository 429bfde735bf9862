import pytest

from faces import Box, Face


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
