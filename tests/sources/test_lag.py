import pytest

from sources.lag import FORGET, LATE, Lag


class Stream:
    """A camera at 10 frames a second, whose frames arrive some time after they were taken."""

    def __init__(self, monkeypatch) -> None:
        self.lag, self.taken, self.late = Lag(), 500.0, 0.0
        self._now = 0.0
        monkeypatch.setattr("sources.lag.time.monotonic", lambda: self._now)

    def play(self, seconds: float, delay: float = 0.0, clock: float = 1.0) -> bool:
        """Frames that each take `delay` seconds longer to come than the one before; whether they were ever too late."""
        lasting = False
        for _ in range(round(seconds * 10)):
            self._now += 0.1 + delay
            self.taken += 0.1 * clock
            self.late = self.lag.update(self.taken)
            lasting |= self.lag.persists
        return lasting


@pytest.fixture
def stream(monkeypatch) -> Stream:
    return Stream(monkeypatch)


def test_a_stream_that_keeps_up_is_never_late(stream):
    assert not stream.play(60)
    assert stream.late == pytest.approx(0, abs=0.01)


def test_a_stream_that_is_read_too_slowly_is_noticed_once_it_is_late_for_good(stream):
    stream.play(5)
    assert not stream.play(4, delay=0.04)
    assert stream.play(8, delay=0.04)
    assert stream.late > LATE


def test_what_piled_up_in_a_pause_is_given_time_to_be_caught_up_with(stream):
    stream.play(5)
    stream.play(0.1, delay=5)
    assert stream.late == pytest.approx(5, abs=0.01)
    assert not stream.play(6, delay=-0.09)
    assert stream.late == pytest.approx(0, abs=0.01)


def test_old_pictures_at_the_start_do_not_count(stream):
    assert not stream.play(3, delay=-0.05)
    assert not stream.play(60)


def test_a_camera_whose_clock_is_a_little_slow_is_not_late(stream):
    assert not stream.play(5000, clock=1 - FORGET / 2)


def test_a_camera_without_a_clock_is_not_late(stream):
    assert not stream.play(60, clock=0)


def test_a_camera_that_sets_its_clock_back_is_not_late(stream):
    stream.play(5)
    stream.taken = 0.0
    assert not stream.play(60)
    assert stream.late == pytest.approx(0, abs=0.01)


def test_how_late_a_picture_is_is_told_beside_the_freshest_so_far(stream):
    stream.play(1)
    stream.play(0.1, delay=1.5)
    assert stream.late == pytest.approx(1.5, abs=0.005)
    stream.play(0.1, delay=-0.5)
    assert stream.late == pytest.approx(1.0, abs=0.005)
    assert not stream.lag.persists


def test_lateness_lasts_when_it_has_been_there_for_its_time(stream):
    stream.play(1)
    stream.play(0.1, delay=LATE + 1)
    assert not stream.play(LATE)
    assert stream.play(0.2)
    stream.play(0.1, delay=-2)
    assert not stream.lag.persists, "it has caught up"
    stream.play(0.1, delay=2)
    assert not stream.play(LATE), "its time begins anew"


def test_a_slow_clock_is_forgiven_by_its_share_of_the_time_and_no_more(stream):
    stream.play(100, clock=1 - FORGET / 2)
    assert stream.late == pytest.approx(0, abs=0.001)
    stream.play(100, clock=1 - 3 * FORGET)
    assert stream.late == pytest.approx(2 * FORGET * 100, abs=0.01)


def test_a_stream_begins_anew_when_its_clock_goes_back_and_lateness_is_forgotten(stream):
    stream.play(1)
    stream.play(3, delay=0.5)
    assert stream.lag.persists
    stream.taken = 0.0
    assert not stream.play(0.1)
    assert stream.late == 0
