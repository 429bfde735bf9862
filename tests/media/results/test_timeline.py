import pytest

from faces import Box, Face
from media.results.results import FileResult
from media.results.timeline import STEPS, timeline

LABELS = ("happy", "sad")


def faces(*happy):
    return tuple(Face(Box(0, 0, 9, 9), LABELS, (share, 1 - share)) for share in happy)


def a_video(*frames):
    return FileResult("clip.mp4", "video", 100, 80, 10.0, LABELS, list(frames))


def test_a_step_holds_the_mean_of_all_faces_and_none_where_there_is_none():
    frames = [(n, n / 10, faces(0.8, 0.4)) for n in range(30)] + [(n, n / 10, ()) for n in range(30, 60)]
    line = timeline(a_video(*frames), 6.0)
    assert (line["duration"], line["labels"]) == (6.0, LABELS)
    assert len(line["mean"]) == 20
    assert line["step"] == pytest.approx(0.3)
    assert line["mean"][4] == pytest.approx([0.6, 0.4])
    assert line["mean"][15] is None
    assert (line["faces"][4], line["faces"][15]) == (2, 0)
    assert line["shares"] == pytest.approx({"happy": 0.6, "sad": 0.4})


def test_a_long_video_has_no_more_steps_than_a_screen_shows_and_no_holes():
    frames = [(n, n / 30 + 0.0004 * (n % 2), faces(0.5)) for n in range(5000)]
    line = timeline(a_video(*frames), 5000 / 30)
    assert len(line["mean"]) == STEPS
    assert None not in line["mean"]


@pytest.mark.parametrize("frames", [[(0, 0.0, ())], [(0, 0.0, faces(1.0))]])
def test_one_frame_is_one_step(frames):
    assert len(timeline(a_video(*frames), 0.1)["mean"]) == 1


def test_a_video_without_faces_has_no_shares():
    assert timeline(a_video(*((n, n / 10, ()) for n in range(9))), 0.9)["shares"] == {}


def test_every_frame_counts_in_its_own_step_and_the_last_moment_in_the_last():
    frames = [(n, float(n), faces(n / 10)) for n in range(10)]
    line = timeline(a_video(*frames), 9.0)
    assert (line["step"], line["faces"]) == (3.0, [1, 1, 1])
    assert [row[0] for row in line["mean"]] == pytest.approx([0.1, 0.4, 0.75])


def test_a_step_tells_the_most_faces_at_once():
    frames = [(n, float(n), faces(*[0.5] * count)) for n, count in enumerate((1, 3, 2, 0, 0, 1))]
    assert timeline(a_video(*frames), 6.0)["faces"] == [3, 1]


def test_faces_without_probabilities_are_counted_and_weigh_nothing():
    unread = Face(Box(0, 0, 9, 9))
    line = timeline(a_video((0, 0.0, (unread,)), (1, 0.1, (unread, *faces(0.9)))), 0.2)
    assert (line["faces"], line["mean"]) == ([2], [[0.9, 0.1]])


@pytest.mark.parametrize(("stalled", "seen"), [(1.0, True), (1.01, False)])
def test_a_frame_stands_for_a_second_when_none_follows(stalled, seen):
    times = [0.0] * 11 + [stalled * 2]
    line = timeline(a_video(*((n, at, faces(0.5)) for n, at in enumerate(times))), stalled * 4)
    assert line["step"] == stalled
    assert [row is not None for row in line["mean"]] == [True, seen, True, seen]


def test_a_length_of_nothing_and_a_course_without_a_frame_do_no_harm():
    line = timeline(a_video((0, 0.0, faces(0.5))), 0.0)
    assert (line["duration"], line["step"], line["mean"]) == (0.0, 0.001, [[0.5, 0.5]])
