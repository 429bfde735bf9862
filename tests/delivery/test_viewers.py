from delivery.view_options import ViewOptions
from delivery.viewers import Viewer, Viewers
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
