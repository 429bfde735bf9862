import numpy as np
import pytest

from faces import Box
from tracking import CONFIRM_AFTER, KEEP_FOR, Tracker

LABELS = ("calm", "tense")
CALM, TENSE = np.float32([[0.9, 0.1]]), np.float32([[0.1, 0.9]])
STEP = 1 / 30


def shown(tracker: Tracker, frames: list[list[Box]], start: float = 0.0) -> list[list[int]]:
    """The track numbers shown in each of some frames, 30 a second."""
    return [[t.number for t in tracker.follow(boxes, start + i * STEP)] for i, boxes in enumerate(frames)]


def test_no_faces_make_no_tracks():
    assert shown(Tracker(), [[], []]) == [[], []]


def test_a_face_is_shown_once_it_was_found_in_several_frames():
    assert shown(Tracker(), [[Box(0, 0, 50, 50)]] * 4) == [[]] * (CONFIRM_AFTER - 1) + [[1]] * (5 - CONFIRM_AFTER)


def test_a_find_of_a_single_frame_is_never_shown():
    assert shown(Tracker(), [[Box(0, 0, 50, 50)], [], [Box(0, 0, 50, 50)], [], []]) == [[]] * 5


def test_a_moving_face_keeps_its_number_and_two_keep_apart():
    frames = [[Box(i * 5, 0, 50, 50), Box(300 - i * 5, 0, 50, 50)] for i in range(20)]
    assert shown(Tracker(), frames)[-1] == [1, 2]


def test_a_short_miss_is_bridged_and_a_long_one_ends_the_track():
    tracker = Tracker()
    shown(tracker, [[Box(0, 0, 50, 50)]] * 5)
    last = 4 * STEP
    assert len(tracker.follow([], last + KEEP_FOR * 0.9)) == 1
    assert tracker.follow([], last + KEEP_FOR * 1.1) == []
    assert tracker.boxes == []


def test_boxes_jitter_less_than_what_was_found():
    rng = np.random.default_rng(0)
    found = [Box(100 + int(dx), 100, 80, 80) for dx in rng.integers(-6, 7, 200)]
    tracker = Tracker()
    drawn = [t.box.x for i, box in enumerate(found) for t in tracker.follow([box], i * STEP)]
    assert np.std(np.diff(drawn)) < 0.5 * np.std(np.diff([box.x for box in found]))


@pytest.mark.parametrize("fps", [10, 30])
def test_smoothing_takes_the_same_time_at_any_frame_rate(fps):
    tracker, box = Tracker(smoothing=0.5), Box(0, 0, 50, 50)
    tracks = [tracker.follow([box], -n * 1e-9) for n in (3, 2, 1)][-1]
    tracker.settle(tracks, CALM, LABELS, now=0.0)
    times = np.arange(1, 3 * fps) / fps
    calm = [tracker.settle(tracker.follow([box], t), TENSE, LABELS, t)[0].probabilities[0] for t in times]
    turned = times[np.argmax(np.array(calm) < 0.5)]
    assert turned == pytest.approx(0.5 * np.log(2), abs=1 / fps + 0.01)


def test_without_smoothing_the_newest_probabilities_stand():
    tracker, box = Tracker(smoothing=0), Box(0, 0, 50, 50)
    for i, row in enumerate((CALM, CALM, CALM, TENSE)):
        tracks = tracker.follow([box], i * STEP)
        faces = tracker.settle(tracks, row[: len(tracks)], LABELS, i * STEP)
    assert faces[0].probabilities == pytest.approx((0.1, 0.9), abs=1e-5)
    assert faces[0].track == 1
