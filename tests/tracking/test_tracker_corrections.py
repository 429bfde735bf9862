import numpy as np
import pytest

from faces import Box, Detection
from tests.support.cameras.stage import FPS, Stage
from tracking.searching import SearchResult


def test_boxes_jitter_far_less_than_what_the_detector_finds():
    rng = np.random.default_rng(0)
    stage = Stage()
    stage.jitter = lambda box: Box(box.x + int(rng.integers(-2, 3)), box.y, 40 + int(rng.integers(-2, 3)), 40)
    boxes = [faces[0].box for faces in stage.run(6, {1: (100, 100)})]
    assert np.abs(np.diff([box.x for box in boxes])).mean() < 0.2, "finds themselves move by 1.6 pixels a frame"
    assert np.abs(np.diff([box.width for box in boxes])).mean() < 0.2
    assert boxes[-1].overlap(Box(100, 100, 40, 40)) > 0.85


def test_a_find_in_an_older_frame_is_brought_to_where_the_face_is_now():
    stage = Stage()
    then = stage.grey({1: (100, 100)})
    stage.seen = [Box(100, 100, 40, 40)]
    finds = stage.search.find(then, [])
    stage.time += 2 / FPS
    now = stage.grey({1: (108, 104)})
    stage.tracker.update(finds, now)
    (known,) = stage.tracker.known(stage.time)
    assert known.box.overlap(Box(108, 104, 40, 40)) > 0.9


def test_a_correction_is_shown_little_by_little_and_in_the_end_whole():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    grey = stage.grey({1: (100, 100)})
    (track,) = stage.tracker._tracks
    before, known = track.box, stage.tracker.known(stage.time)
    stage.tracker.update(SearchResult(grey, again=[(known[0], Detection(Box(112, 100, 48, 48)))]), grey)
    assert track.leaps
    assert track.edges == pytest.approx([112, 100, 48, 48], abs=1)
    assert track.box == before, "nothing jumps"
    track.easing *= 0.5
    assert track.box.x == pytest.approx(106, abs=1)
    shown = [stage.step({1: (100, 100)}, seen=[Box(112, 100, 48, 48)])[0].box.width for _ in range(20)]
    assert shown == sorted(shown)
    assert shown[-1] == pytest.approx(48, abs=1)


def test_small_jitter_of_a_find_is_given_in_to_by_the_time_since_the_last():
    stage = Stage(every=100)
    stage.run(0.5, {1: (100, 100)})
    (track,) = stage.tracker._tracks
    track.found_at = stage.time - 0.25
    grey = stage.grey({1: (100, 100)})
    edges, votes = track.edges.copy(), track.votes
    stage.tracker.update(
        SearchResult(grey, again=[(stage.tracker.known(stage.time)[0], Detection(Box(103, 100, 40, 40)))]), grey
    )
    assert not track.leaps
    assert track.edges[0] - edges[0] == pytest.approx(3 * (1 - np.exp(-1)), abs=0.4)
    assert (track.found_at, track.votes) == (grey.position, votes + 1)
