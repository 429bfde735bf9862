import pytest

from delivery.counters import DELAYS, Counters, Counts, Growth, Histogram, Rate, Throughput


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


def test_a_growth_forgets_what_lies_outside_its_window_and_passes_over_readings_in_haste(now):
    growth = Growth(window=1)
    growth.read(0)
    now[0] = 1.0
    assert growth.read(100) == pytest.approx(100)
    now[0] = 1.05
    assert growth.read(1000) == pytest.approx(1000 / 1.05), "reckoned, though not kept"
    now[0] = 2.5
    assert growth.read(250) == pytest.approx(100), "since the second reading, not the first or the hasty one"
    now[0] = 2.55
    assert growth.read(250) == pytest.approx(150 / 1.55)


def test_a_growth_that_is_read_twice_at_once_tells_none(now):
    growth = Growth()
    growth.read(5)
    now[0] = 0.05
    assert growth.read(500) == 0


def test_a_throughput_tells_rates_and_sums(now):
    counts = {"frames": 10, "sent": 5000}
    throughput = Throughput(lambda: counts)
    assert throughput.read() == {"fps": 0, "bytes_per_second": 0, "frames": 10, "bytes": 5000}
    counts.update(frames=41, sent=9001)
    now[0] = 2.0
    assert throughput.read() == {"fps": 15.5, "bytes_per_second": 2000, "frames": 41, "bytes": 9001}


def test_counts_are_kept_with_their_sums_by_labels():
    counts = Counts()
    assert counts.read() == {}
    counts.add(("get", "200"), 0.5)
    counts.add(("get", "200"), 0.25)
    counts.add(("post", "404"), 2.0)
    assert counts.read() == {("get", "200"): (2, 0.75), ("post", "404"): (1, 2.0)}
