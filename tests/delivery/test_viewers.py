import pytest

from delivery.view_options import ViewOptions
from delivery.viewers import REMEMBER_FOR, Viewer, Viewers
from tests.support.waiting import Clock


def test_viewers_are_counted_and_known_by_their_ids(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("delivery.viewers.time", clock)
    viewers, one, other = Viewers(), Viewer("a", ViewOptions(320)), Viewer()
    viewers.enter(one)
    viewers.enter(other)
    assert len(viewers) == 2
    assert "a" in viewers
    assert viewers.views == {ViewOptions(), ViewOptions(320)}
    assert viewers.idle_seconds == 0
    viewers.leave(one)
    viewers.leave(other)
    assert "a" not in viewers
    clock.sleep(5)
    assert viewers.idle_seconds == 5


def test_what_was_sent_to_those_who_have_left_still_counts():
    viewers, gone, here = Viewers(), Viewer(), Viewer()
    assert viewers.counts() == {"frames": 0, "sent": 0, "slow": 0, "capped": 0}
    for viewer in (gone, here):
        viewers.enter(viewer)
        assert viewer.should_send(5)
        viewer.record_sent(1000)
        assert viewer.should_send(8), "two were missed"
        viewer.record_sent(1000)
    viewers.leave(gone)
    assert viewers.counts() == {"frames": 4, "sent": 4000, "slow": 4, "capped": 0}


def taken(viewer: Viewer, times: list[float], monkeypatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("delivery.viewers.time.monotonic", lambda: now[0])
    kept = []
    for sequence, now[0] in enumerate(times, 1):
        if viewer.should_send(sequence):
            kept.append(now[0])
    return kept


def test_a_frame_rate_is_kept_on_average_whatever_the_cameras_own(monkeypatch):
    times = [10 + number / 30 for number in range(300)]
    for fps in (1, 7, 20, 29, 30, 60):
        assert abs(len(taken(Viewer(fps=fps), times, monkeypatch)) - min(fps, 30) * 10) <= 1, fps


def test_a_rate_as_high_as_the_cameras_leaves_out_no_frame_that_comes_a_little_early(monkeypatch):
    times = [10 + number / 30 + (0.004 if number % 2 else -0.004) for number in range(300)]
    assert len(taken(Viewer(fps=30), times, monkeypatch)) == 300


def test_after_a_pause_the_rate_holds_again(monkeypatch):
    times = [10 + number / 30 for number in range(30)] + [60 + number / 30 for number in range(30)]
    assert len(taken(Viewer(fps=10), times, monkeypatch)) == 20


def test_a_picture_that_stands_still_is_due_again_after_the_longer_of_both_times(monkeypatch):
    now = [10.0]
    monkeypatch.setattr("delivery.viewers.time.monotonic", lambda: now[0])
    often, seldom = Viewer(), Viewer(fps=0.2)
    for viewer in (often, seldom):
        viewer.should_send(1)
        viewer.record_sent(1)
    now[0] = 11.5
    assert (often.idle_for(1), seldom.idle_for(1)) == (True, False)
    now[0] = 15.5
    assert seldom.idle_for(1)


@pytest.fixture
def now(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("delivery.viewers.time.monotonic", lambda: clock[0])
    return clock


def test_what_a_viewer_was_not_sent_is_counted_by_its_reason(now):
    viewer = Viewer(fps=10)
    assert viewer.should_send(3)
    assert viewer.slow == 0, "what was before is nothing missed"
    assert not viewer.should_send(4)
    assert (viewer.capped, viewer.slow) == (1, 0)
    now[0] += 0.1
    assert viewer.should_send(8)
    assert (viewer.capped, viewer.slow) == (1, 3)
    viewer.skip_to(11)
    assert viewer.slow == 6
    assert [viewer.was_offered(number) for number in (10, 11, 12)] == [True, True, False]
    viewer.record_sent(70)
    viewer.record_sent(30)
    assert (viewer.frames, viewer.sent) == (2, 100)


@pytest.mark.parametrize(("fps", "early", "taken"), [(10, 0.0099, True), (10, 0.0101, False), (50, 0.0051, False)])
def test_a_frame_may_come_a_little_early_by_a_share_of_the_period(now, fps, early, taken):
    viewer = Viewer(fps=fps)
    viewer.should_send(1)
    now[0] += 1 / fps - early
    assert viewer.should_send(2) == taken


def test_a_viewer_without_a_rate_waits_as_long_as_is_asked(now):
    viewer = Viewer()
    viewer.record_sent(1)
    now[0] += 1.0
    assert viewer.idle_for(1.0)
    assert not viewer.idle_for(1.01)


def test_ids_of_streams_that_ended_are_told_once_for_a_while_unless_they_are_here_again(now):
    viewers = Viewers()
    again = Viewer("again")
    for viewer in (Viewer("a"), Viewer(), Viewer("again"), Viewer("a")):
        viewers.enter(viewer)
        viewers.leave(viewer)
    assert viewers.ended_streams == ["a", "again"]
    viewers.enter(again)
    viewers.enter(Viewer())
    assert (viewers.ended_streams, viewers.names) == (["a"], {"again"})
    now[0] += REMEMBER_FOR
    assert viewers.ended_streams == ["a"]
    now[0] += 0.1
    assert viewers.ended_streams == []


def test_a_camera_is_deserted_since_the_last_viewer_or_listener_left(now):
    viewers, viewer = Viewers(), Viewer()
    now[0] += 5
    assert viewers.idle_seconds == 5
    viewers.enter(viewer)
    viewers.add_listener()
    viewers.add_listener()
    viewers.leave(viewer)
    viewers.remove_listener()
    now[0] += 1
    assert (viewers.idle_seconds, viewers.listeners) == (0.0, 1)
    viewers.remove_listener()
    now[0] += 2
    assert (viewers.idle_seconds, viewers.listeners, len(viewers)) == (2.0, 0, 0)
