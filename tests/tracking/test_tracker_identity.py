import pytest

from tests.support.cameras.stage import FPS, Stage, numbers
from tracking.tracker import REMEMBER_FOR


@pytest.mark.parametrize(("away", "number"), [(0.8, 1), (REMEMBER_FOR + 0.5, 2)])
def test_a_face_keeps_its_number_through_a_short_absence_only(away, number):
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(away)
    assert numbers(stage.run(0.7, {1: (130, 100)})[-1]) == [number]


def test_it_is_told_how_long_a_face_has_been_in_view_over_short_absences_and_anew_after_long_ones():
    stage = Stage()
    for number in range(15):
        assert stage.step({1: (100, 100)})[0].seconds == pytest.approx(number / FPS)
    assert max(faces[0].seconds for faces in stage.run(0.3)) < 0.55, "time goes on for a face that is lost"
    assert stage.run(0.7, {1: (110, 100)})[-1][0].seconds == pytest.approx(1.5 - 1 / FPS)
    stage.run(REMEMBER_FOR + 0.5)
    assert stage.run(0.5, {1: (110, 100)})[-1][0].seconds < 0.6


def test_another_face_in_the_place_of_a_lost_one_gets_a_number_of_its_own():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(0.5)
    assert numbers(stage.run(0.7, {2: (100, 100)})[-1]) == [2]


@pytest.mark.parametrize("speed", [60, 120, 240])
def test_two_faces_that_cross_keep_their_numbers(speed):
    stage = Stage()
    frames = round(280 / speed * FPS)
    for frame in range(frames):
        shift = round(frame * speed / FPS)
        faces = stage.step({1: (100 + shift, 100), 2: (380 - shift, 100)})
        if frame == 5:
            first = {face.track: face.box.x < 240 for face in faces}
    last = {face.track: face.box.x < 240 for face in faces}
    assert len(first) == 2
    assert last == {number: not left for number, left in first.items()}


@pytest.mark.parametrize(("away", "number"), [((150, 100), 1), ((100, 160), 1), ((280, 100), 2), ((100, 230), 2)])
def test_a_lost_face_gets_its_number_back_no_farther_away_than_people_walk(away, number):
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    stage.run(0.4, {})
    assert numbers(stage.run(0.7, {1: away})[-1]) == [number]


def test_a_lost_face_moves_on_as_it_did():
    stage = Stage()
    for number in range(30):
        stage.step({1: (100 + 3 * number, 150 - number)})
    stage.run(0.5, {}, seen=[])
    (track,) = stage.tracker._tracks
    frames = (stage.time - 1 / FPS - track.lost_at) * FPS
    assert track.box.x - track.lost_box.x == pytest.approx(3 * frames, rel=0.2)
    assert track.box.y - track.lost_box.y == pytest.approx(-frames, rel=0.25)
    assert frames > 10
