import cv2
import numpy as np
import pytest

from faces import Box
from recording.moments import MAX_SIDE, Moments, crop, load_moments
from recording.summary import MAX_GAP, MAX_TRACKS, Summary
from tests.support.servers.recorded import LABELS, a_face


def summary_of(*frames, threshold=0.35):
    summary = Summary(LABELS, threshold)
    for seconds, *faces in frames:
        summary.add(seconds, faces)
    return summary


def test_shares_are_weighted_by_time_not_by_frames():
    result = summary_of((0.0, a_face("happy")), (0.8, a_face("sad")), (0.9, a_face("sad")), (1.0,)).as_dict()
    assert result["shares"] == {"happy": 0.8, "sad": 0.2, "neutral": 0.0, "unsure": 0.0}
    assert (result["duration"], result["frames"], result["faces"], result["most_faces"]) == (1.0, 4, 1, 1)


def test_each_face_has_its_own_shares_and_time():
    happy, sad = a_face("happy", track=1), a_face("sad", track=2)
    result = summary_of((0.0, happy), (0.5, happy, sad), (1.0, sad), (1.5,)).as_dict()
    one, two = sorted(result["tracks"], key=lambda track: track["track"])
    assert (one["since"], one["until"], one["in_view"], one["shares"]["happy"]) == (0.0, 1.0, 1.0, 1.0)
    assert (two["since"], two["until"], two["in_view"], two["shares"]["sad"]) == (0.5, 1.5, 1.0, 1.0)
    assert result["shares"] == {"happy": 0.5, "sad": 0.5, "neutral": 0.0, "unsure": 0.0}
    assert result["most_faces"] == 2


def test_below_the_visitors_threshold_a_face_counts_as_unsure():
    result = summary_of((0.0, a_face("happy", 0.5)), (1.0,), threshold=0.6).as_dict()
    assert result["shares"] == {"happy": 0.0, "sad": 0.0, "neutral": 0.0, "unsure": 1.0}


def test_a_face_is_not_thought_to_stay_while_no_picture_comes():
    result = summary_of((0.0, a_face("happy")), (60.0,)).as_dict()
    (track,) = result["tracks"]
    assert (track["in_view"], track["until"], result["duration"]) == (MAX_GAP, MAX_GAP, 60.0)


def test_nothing_seen_has_no_shares():
    assert summary_of((0.0,), (1.0,)).as_dict()["shares"] == {}
    assert summary_of().as_dict()["duration"] == 0.0


def test_of_many_faces_those_longest_in_view_are_told_of():
    frames = [(number / 10, *(a_face(track=track) for track in range(number, 40))) for number in range(40)]
    result = summary_of(*frames, (4.0,)).as_dict()
    assert (result["faces"], len(result["tracks"])) == (40, MAX_TRACKS)
    assert result["tracks"][0]["track"] == 39


IMAGE = np.zeros((180, 320, 3), np.uint8)


def test_each_expression_keeps_its_surest_moment_with_a_picture(tmp_path):
    moments = Moments(tmp_path, LABELS)
    moments.update(IMAGE, 0.0, [a_face("happy", 0.6), a_face("sad", 0.5, track=2)], 0.35)
    moments.save()
    moments.update(IMAGE, 1.0, [a_face("happy", 0.9)], 0.35)
    moments.update(IMAGE, 2.0, [a_face("happy", 0.8), a_face("sad", 0.2, track=2)], 0.35)
    moments.save()
    sad, happy = load_moments(tmp_path)
    assert (sad["expression"], sad["seconds"], sad["track"], sad["confidence"]) == ("sad", 0.0, 2, 0.5)
    assert (happy["expression"], happy["seconds"], happy["confidence"]) == ("happy", 1.0, 0.9)
    for moment in (sad, happy):
        assert cv2.imread(str(tmp_path / moment["file"])).shape[0] > 60
    assert not list(tmp_path.glob("*.part"))


def test_no_moments_are_none(tmp_path):
    Moments(tmp_path, LABELS).save()
    assert load_moments(tmp_path) == []


@pytest.mark.parametrize("box", [Box(0, 0, 40, 40), Box(300, 150, 60, 60), Box(100, 50, 30, 50), Box(0, 0, 320, 180)])
def test_a_cut_is_square_within_the_picture_and_shows_the_face(box):
    image = np.zeros((180, 320, 3), np.uint8)
    image[box.y : box.y + box.height, box.x : box.x + box.width] = 255
    part = crop(image, box)
    assert part.shape[0] == part.shape[1] <= 180
    assert part.max() == 255
    part[:] = 7
    assert 7 not in image, "a cut is a copy"


def test_a_large_cut_is_reduced():
    assert crop(np.zeros((2000, 3000, 3), np.uint8), Box(1000, 500, 900, 900)).shape == (MAX_SIDE, MAX_SIDE, 3)
