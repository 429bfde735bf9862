from faces import Box
from tests.support.cameras.stage import FPS, Stage, hides, numbers
from tracking.tracker import DOUBTFUL, REJECT_FOR


def test_a_find_that_looks_like_no_face_is_never_shown_and_its_place_left_alone_for_a_while():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.9
    searches = []
    for _ in range(round(2.5 * FPS)):
        assert stage.step({1: (100, 100)}) == ()
        searches.append(stage.checks)
    read = stage.tracker._next - 1
    assert 2 <= read <= 1 + 2.5 / REJECT_FOR, "it was taken up again and again"


def test_one_reading_that_sees_no_face_takes_no_box_away():
    stage = Stage(threshold=0.5)
    stage.run(1, {1: (100, 100)})
    stage.no_face = 0.7
    assert numbers(stage.step({1: (100, 100)})) == [1]
    stage.no_face = 0.0
    assert all(numbers(faces) == [1] for faces in stage.run(1, {1: (100, 100)}))


def test_a_track_that_turns_out_no_face_fades():
    stage = Stage(threshold=0.5)
    stage.run(1, {1: (100, 100)})
    stage.no_face = 0.95
    fades = [faces[0].fade if faces else 0.0 for faces in stage.run(1.4, {1: (100, 100)})]
    assert fades[0] == 1
    assert 0 in fades
    assert any(0 < fade < 1 for fade in fades)


def test_a_first_doubt_delays_a_face_but_does_not_refuse_it():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.7
    assert stage.step({1: (100, 100)}) == ()
    stage.no_face = 0.05
    assert numbers(stage.run(DOUBTFUL / FPS, {1: (100, 100)})[-1]) == [1]


def test_what_turned_out_no_face_is_hidden_and_left_alone_for_its_time():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.95
    place = Box(100, 100, 40, 40)
    stage.run(DOUBTFUL / FPS, {1: (100, 100)})
    assert stage.tracker._tracks == []
    rejected_at = stage.time - 1 / FPS
    assert hides(stage.tracker, place)
    while not stage.tracker._tracks:
        assert stage.time < 3
        stage.step({1: (100, 100)})
    assert stage.time - rejected_at >= REJECT_FOR


def test_a_doubt_at_the_limit_is_none():
    stage = Stage(threshold=0.5)
    stage.no_face = 0.5
    assert numbers(stage.step({1: (100, 100)})) == [1]
