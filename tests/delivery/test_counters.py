import pytest

from delivery.counters import DELAYS, Counters, Growth, Histogram, Rate


@pytest.fixture
def now(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("delivery.counters.time.monotonic", lambda: clock[0])
    return clock


def test_a_rate_counts_events_a_second_and_forgets(now):
    rate = Rate(window=2)
    assert rate.value == 0
    for _ in range(21):
        rate.count()
        now[0] += 0.1
    assert rate.value == pytest.approx(10)
    now[0] += 10
    assert rate.value == 0


def test_a_counters_growth_is_read_over_the_last_seconds(now):
    growth = Growth(window=2)
    assert growth.read(100) == 0
    for step in range(1, 31):
        now[0] += 0.5
        read = growth.read(100 + 20 * step)
    assert read == pytest.approx(40)
    for _ in range(10):
        now[0] += 0.5
        read = growth.read(700)
    assert read == 0


def test_values_are_counted_into_classes_with_their_sum():
    spread = Histogram()
    for value in (0.001, 0.005, 0.04, 99):
        spread.add(value)
    assert spread.classes[0] == 2
    assert spread.classes[DELAYS.index(0.045)] == 1
    assert spread.classes[-1] == 1
    assert (spread.count, spread.total) == (4, pytest.approx(99.046))


def test_stages_are_summed():
    counters = Counters()
    counters.record_frame({"draw": 0.5}, delay=0.1)
    counters.record_frame({"draw": 0.25, "encode": 1.0}, delay=0.1)
    assert counters.stages == {"draw": (2, 0.75), "encode": (1, 1.0)}
    assert (counters.analysed, counters.delay.count) == (2, 2)
