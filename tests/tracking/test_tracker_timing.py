from tests.support.cameras.stage import FPS, Stage
from tracking.tracker import CHECK_EVERY, DOUBTFUL, SEEK_EVERY, SURE


def known_at(stage: Stage, seconds: float):
    """The only face as it is told to the search when so much time has passed since the last frame."""
    (known,) = stage.tracker.known(stage.time - 1 / FPS + seconds)
    return known


def test_the_detector_is_asked_again_when_its_time_has_come_and_of_a_lost_face_more_often():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    track = stage.tracker._tracks[0]
    track.checked_at = stage.time - 1 / FPS
    assert [known_at(stage, seconds).wanted for seconds in (CHECK_EVERY - 0.01, CHECK_EVERY + 0.01)] == [False, True]
    assert known_at(stage, 0).in_sight
    track.likeness = SURE - 0.01
    assert known_at(stage, 0).wanted, "its look has changed"
    track.likeness, track.leaps = SURE, True
    assert known_at(stage, 0).wanted, "it was found far beside"
    track.leaps, track.votes = False, 1
    assert known_at(stage, 0).wanted, "it is not confirmed yet"
    track.votes = 9
    assert not known_at(stage, 0).wanted
    track.lose()
    assert [known_at(stage, seconds).wanted for seconds in (SEEK_EVERY - 0.01, SEEK_EVERY + 0.01)] == [False, True]
    assert not known_at(stage, 0).in_sight


def test_expressions_are_predicted_at_first_in_each_frame_and_then_as_often_as_asked():
    stage = Stage()
    readings = []
    for _ in range(30):
        stage.step({1: (100, 100), 2: (300, 100)})
        readings.append([track.predictions for track in stage.tracker._tracks])
    assert readings[:DOUBTFUL] == [[1, 1], [2, 2], [3, 3]]
    assert readings[-1] == [DOUBTFUL + 9] * 2, "every third frame, both together"
    assert stage.tracker.due_for_prediction(stage.time - 1 / FPS, 100) == []


def test_a_detector_may_ask_for_fewer_checks():
    stage = Stage()
    stage.run(0.5, {1: (100, 100)})
    (track,) = stage.tracker._tracks
    track.likeness, track.leaps = SURE, False
    wanted = [stage.tracker.known(track.checked_at + after, 0.4)[0].wanted for after in (0.21, 0.39, 0.41)]
    assert wanted == [False, False, True]
    assert stage.tracker.known(track.checked_at + 0.21)[0].wanted
