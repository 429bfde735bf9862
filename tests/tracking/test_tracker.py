import numpy as np
import pytest

from faces import Box, Detection
from tests.support.cameras.stage import FPS, LABELS, Stage, numbers
from tracking.searching import SearchResult
from tracking.track import FADE_FOR
from tracking.tracker import CHECK_EVERY


def test_no_faces_make_no_tracks():
    assert Stage().run(0.5) == [()] * 15


def test_a_sure_find_is_shown_at_once_and_any_other_in_the_next_frame():
    assert [numbers(faces) for faces in Stage().run(0.1, {1: (100, 100)})] == [[1]] * 3
    assert [numbers(faces) for faces in Stage(sure=0.55).run(0.1, {1: (100, 100)})] == [[], [1], [1]]


def test_an_unsure_find_of_a_single_frame_is_never_shown():
    stage = Stage(sure=0.55, every=0)
    for _ in range(5):
        assert stage.step({}, seen=[Box(100, 100, 40, 40)]) == ()
        assert stage.step({}, seen=[]) == ()


def test_a_face_is_followed_between_the_checks_of_the_detector_which_are_few():
    stage = Stage()
    for number in range(60):
        x = 100 + 4 * number
        faces = stage.step({1: (x, 100)})
        assert numbers(faces) == [1]
        assert faces[0].box.overlap(Box(x, 100, 40, 40)) > 0.85
    assert stage.checks < 2 + 60 / FPS / CHECK_EVERY + 2


def test_a_face_that_the_detector_does_not_see_for_a_while_is_held_as_long_as_it_looks_the_same():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    for faces in stage.run(1.0, {1: (100, 100)}, seen=[]):
        assert numbers(faces) == [1]
    assert stage.run(2.5, {1: (100, 100)}, seen=[])[-1] == ()


def test_a_face_is_not_lost_because_the_detector_has_had_no_time_to_look():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.search.find = lambda grey, known: None
    assert all(numbers(faces) == [1] for faces in stage.run(4, {1: (100, 100)}))


def test_a_face_that_goes_fades_and_is_gone():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    fades = [faces[0].fade if faces else 0.0 for faces in stage.run(FADE_FOR + 0.2)]
    assert fades == sorted(fades, reverse=True)
    assert 0.3 < fades[6] < 0.8
    assert fades[-1] == 0


def test_faces_tell_the_label_that_is_held():
    (face,) = Stage().run(0.5, {1: (100, 100)})[-1]
    assert face.expression == face.held == "calm"
    assert face.confidence == pytest.approx(0.9, abs=0.02)


def test_a_time_constant_nobody_wants_any_more_is_forgotten_and_begins_anew_where_the_usual_one_is():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    (usual,) = stage.tracker.faces(LABELS)
    assert stage.tracker.smoothed(LABELS, {0.4}) == {}, "the usual one costs nothing twice"
    (slow,) = stage.tracker.smoothed(LABELS, {0.4, 3.0})[3.0]
    assert slow == usual
    stage.tracker.smoothed(LABELS, ())
    assert stage.tracker.smoothed(LABELS, {3.0})[3.0] == (usual,)


def test_a_face_that_went_out_of_the_picture_is_lost_at_once():
    stage = Stage()
    for number in range(40):
        faces = stage.step({1: (max(-30, 60 - 4 * number), 100)}, seen=None if number < 15 else [])
    assert numbers(faces) == []
    stage.run(0.3, {})
    assert all(track.lost_at is not None for track in stage.tracker._tracks)


def test_a_find_on_a_face_that_is_followed_makes_no_second_one():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    for box, tracks in ((Box(110, 105, 40, 40), 1), (Box(145, 100, 40, 40), 2)):
        grey = stage.grey({1: (100, 100)})
        stage.tracker.update(SearchResult(grey, new=[(Detection(box), 2)]), grey)
        assert len(stage.tracker._tracks) == tracks


def test_of_two_that_come_to_lie_on_one_place_the_less_certain_is_lost():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100), 2: (200, 100)})
    first, second = stage.tracker._tracks
    second.edges = first.edges + np.array([2, 0, 0, 0])
    second.appearance = None  # as behind another
    second.likeness = 0.6
    stage.step({1: (100, 100)}, seen=[])
    assert first.lost_at is None
    assert second.lost_at == pytest.approx(stage.time - 1 / FPS)
