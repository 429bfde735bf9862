from faces import Box
from tests.support.cameras.stage import Stage, hides
from tracking.track import FADE_FOR
from tracking.tracker import REMEMBER_FOR


def test_a_face_is_doubtful_from_its_first_find_until_it_is_shown():
    stage, place = Stage(sure=0.5), Box(100, 100, 40, 40)
    assert stage.step({1: (100, 100)}) == ()
    assert hides(stage.tracker, place)
    until_shown = [bool(stage.step({1: (100, 100)})) or hides(stage.tracker, place) for _ in range(10)]
    assert all(until_shown)
    assert stage.tracker.doubtful() == ()


def test_a_find_that_is_missed_once_stays_doubtful_for_a_while():
    stage, place = Stage(sure=0.5), Box(100, 100, 40, 40)
    stage.step({1: (100, 100)})
    stage.run(REMEMBER_FOR - 0.2, {1: (100, 100)}, seen=[])
    assert hides(stage.tracker, place)
    stage.run(0.4, {1: (100, 100)}, seen=[])
    assert not hides(stage.tracker, place)


def test_a_lost_face_is_doubtful_where_it_was_and_where_it_should_be_once_it_has_faded():
    stage = Stage()
    for number in range(30):
        stage.step({1: (100 + 2 * number, 100)})
    stage.run(FADE_FOR + 0.5, {}, seen=[])
    faded = stage.tracker.doubtful()
    assert len(faded) >= 2
    assert any(abs(box.x - 160) < 15 for box in faded)
    assert any(box.x > 175 for box in faded)
    stage.run(REMEMBER_FOR, {}, seen=[])
    assert stage.tracker.doubtful() == ()
