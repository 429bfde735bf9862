import math

import numpy as np
import pytest

from faces import Box
from tracking.following import edges_of
from tracking.places import Places
from tracking.smoothing import Smoother
from tracking.track import CONFIRM_AFTER, DOUBT_SMOOTHING, FADE_FOR, HOLD_FOR, Track, log_odds

LABELS = ("calm", "tense")
CALM, TENSE = np.float32([0.9, 0.1]), np.float32([0.1, 0.9])


def track(now: float = 10.0, **others) -> Track:
    return Track(7, edges_of(Box(10, 20, 30, 40)), None, Smoother(), now, **others)


def test_odds_are_even_at_a_half_symmetric_and_bounded():
    assert log_odds(0.5) == 0
    assert log_odds(0.8) == pytest.approx(math.log(4))
    assert log_odds(0.2) == pytest.approx(-math.log(4))
    assert log_odds(1.0) == pytest.approx(math.log(999))
    assert log_odds(0.0) == pytest.approx(-math.log(999))


def test_the_box_that_is_shown_still_lies_beside_the_edges_by_what_is_left_of_a_correction():
    face = track()
    face.easing = np.array([1.4, -2.6, 3.0, 0.0])
    assert face.box == Box(11, 17, 33, 40)


def test_a_track_is_confirmed_after_enough_finds():
    assert [track(votes=votes).confirmed for votes in (1, CONFIRM_AFTER - 1, CONFIRM_AFTER)] == [False, False, True]


def test_certainty_grows_with_finds_and_likeness_and_wears_off_while_the_detector_sees_nothing():
    sure = track(votes=CONFIRM_AFTER, found_at=10.0)
    assert sure.certainty == pytest.approx(2.0)
    assert track(found_at=10.0).certainty == pytest.approx(1.0)
    sure.likeness = 0.6
    assert sure.certainty == pytest.approx(1.6)
    sure.now += HOLD_FOR
    assert sure.certainty == pytest.approx(1.3)


def test_a_lost_face_fades_to_nothing_and_its_time_in_view_stands():
    face = track(since=4.0, shown=True)
    assert (face.fade, face.seconds, face.visible, face.doubtful) == (1.0, 6.0, True, ())
    face.lose()
    face.now += FADE_FOR / 4
    assert (face.fade, face.seconds) == (pytest.approx(0.75), 6.0)
    face.now += FADE_FOR
    assert (face.fade, face.visible) == (0.0, False)


def test_a_lost_face_is_doubtful_where_it_was_lost_and_where_it_is_by_now_once_it_is_not_shown():
    face = track()
    face.lose()
    face.edges = face.edges + np.array([5, 0, 0, 0])
    face.now += 1
    face.lose()
    assert face.lost_at == 10.0, "it is lost once"
    assert face.doubtful == (Box(15, 20, 30, 40), Box(10, 20, 30, 40))


def test_the_first_predictions_count_alike_and_later_ones_by_the_time_between_them():
    face, odds = track(), log_odds(0.8)
    for number, no_face in enumerate((0.8, 0.2, 0.2)):
        face.now = 10.0 + number / 1000
        face.add_prediction(CALM, no_face)
    assert face.doubt == pytest.approx(-odds / 3, abs=0.01)
    face.now += DOUBT_SMOOTHING
    face.add_prediction(CALM, 0.8)
    gain = 1 - math.exp(-1)
    assert face.doubt == pytest.approx(-odds / 3 + gain * (odds + odds / 3), abs=0.01)
    assert face.predictions == 4


def test_a_face_is_told_with_its_label_number_fade_and_time_in_any_time_constant():
    face = track(since=8.0)
    face.keep_smoothings([3.0])
    face.add_prediction(CALM, 0.0)
    face.now += 0.2
    face.add_prediction(TENSE, 0.0)
    usual, slow = face.face(LABELS), face.face(LABELS, 3.0)
    assert (usual.box, usual.track, usual.fade, usual.seconds) == (Box(10, 20, 30, 40), 7, 1.0, pytest.approx(2.2))
    assert usual.held == "tense"
    assert slow.held == "calm"
    assert slow.probabilities[1] < usual.probabilities[1]
    assert usual.probabilities == face.smoother.probabilities
    face.keep_smoothings([])
    assert face.others == {}


def test_a_place_is_remembered_for_its_time():
    places = Places(2.0)
    places.note(Box(0, 0, 5, 5), 10.0)
    places.note(Box(9, 9, 5, 5), 11.0)
    places.forget(11.9)
    assert list(places) == [Box(0, 0, 5, 5), Box(9, 9, 5, 5)]
    places.forget(12.0)
    assert list(places) == [Box(9, 9, 5, 5)]
