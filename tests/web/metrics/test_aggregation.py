"""Figures of several workers in sum: they go on where a worker ends, and never fall."""

import pytest

from service.shared_metrics import SharedMetrics
from tests.support.waiting import until
from web.metrics.aggregation import CameraCounts, Figures, SharedFigures
from web.metrics.families import Family

ASKED, HERE = "requests", "viewers"


class Worker:
    """One process' figures, which a test changes."""

    def __init__(self, asked: float = 0, here: float = 0) -> None:
        self.asked, self.here = asked, here
        self.padding: dict = {}

    def read(self, name: str) -> Figures:
        counts = {ASKED: {("GET",): (self.asked, self.asked / 2)}, "cpu": {(name,): (1.0,)}}
        return Figures({**counts, **self.padding}, {HERE: {(): (self.here,)}})


def posted_by_another(shared_metrics: SharedMetrics, place: int, asked: float, here: float) -> None:
    """Post as a process that does not live."""
    other = SharedFigures(Worker(asked, here).read)
    other._shared, other._place = shared_metrics, place
    other._post()


@pytest.fixture
def shared_metrics():
    made = SharedMetrics()
    yield made
    made._locks.close()
    made._memory.close()


@pytest.fixture
def worker():
    return Worker(asked=3, here=2)


@pytest.fixture
def shared(shared_metrics, worker):
    made = SharedFigures(worker.read)
    yield made
    made.close()


def test_a_process_of_its_own_tells_its_own_figures_at_once(shared, worker):
    worker.asked = 7
    figures = shared.read()
    assert (figures.counts[ASKED]["GET",], figures.counts["cpu"]["1",]) == ((7, 3.5), (1.0,))


def test_what_a_worker_that_ended_has_counted_still_counts_but_its_viewers_do_not(shared_metrics, shared):
    posted_by_another(shared_metrics, 5, asked=10, here=4)
    shared.open(shared_metrics)
    figures = shared.read()
    assert figures.counts[ASKED]["GET",] == (13, 6.5)
    assert figures.gauges[HERE][()] == (2,)
    assert set(figures.counts["cpu"]) == {("1",), ("6",)}


def test_who_takes_a_place_goes_on_with_what_was_counted_there(shared_metrics, shared, worker):
    posted_by_another(shared_metrics, 0, asked=10, here=4)
    shared.open(shared_metrics)
    worker.asked = 4
    assert shared.read().counts[ASKED]["GET",] == (14, 7)
    assert shared.read().counts["cpu"]["1",] == (2.0,)
    assert shared.read().gauges[HERE][()] == (2,)


def test_each_posts_without_being_asked(shared_metrics, shared, worker, monkeypatch):
    monkeypatch.setattr("web.metrics.aggregation.TICK", 0.01)
    shared.open(shared_metrics)
    before, worker.asked = shared_metrics.read_slot(0), 8
    until(lambda: shared_metrics.read_slot(0) != before)


def test_the_last_word_is_that_of_the_end(shared_metrics, shared, worker):
    shared.open(shared_metrics)
    worker.asked = 9
    shared.close()
    asker = SharedFigures(Worker().read)
    asker._shared = shared_metrics
    assert asker.read().counts[ASKED]["GET",] == (9, 4.5)


def test_what_finds_no_room_is_told_once_and_what_was_posted_stands(shared_metrics, shared, worker, caplog):
    shared.open(shared_metrics)
    worker.padding, worker.asked = {"x" * 70_000 * number: {} for number in range(1, 4)}, 5
    for _ in range(3):
        assert shared.read().counts[ASKED]["GET",] == (3, 1.5)
    assert caplog.text.count("metrics stay as they were") == 1


def test_a_worker_that_finds_no_place_says_so_and_tells_of_the_others(shared_metrics, shared, monkeypatch, caplog):
    posted_by_another(shared_metrics, 5, asked=10, here=4)
    monkeypatch.setattr(shared_metrics, "claim_slot", lambda: None)
    shared.open(shared_metrics)
    assert shared.read().counts[ASKED]["GET",] == (10, 5)
    assert "this one's are missing" in caplog.text


def of_camera(since: float, frames: float, lost: float) -> Figures:
    return Figures(cameras={"door": CameraCounts(since, {"frames": {(): (frames,)}, "lost": {("late",): (lost,)}})})


@pytest.mark.parametrize("turned", [False, True])
def test_of_what_workers_know_of_a_camera_the_newest_is_told(turned):
    total = Figures()
    for figures in [of_camera(1.0, 70, 2), of_camera(1.0, 65, 3)][:: -1 if turned else 1]:
        total.add(figures, living=False)
    assert total.cameras["door"].counts == {"frames": {(): (70,)}, "lost": {("late",): (3,)}}


@pytest.mark.parametrize("turned", [False, True])
def test_a_camera_node_that_was_started_anew_begins_anew(turned):
    total = Figures()
    for figures in [of_camera(1.0, 70, 2), of_camera(2.0, 5, 0)][:: -1 if turned else 1]:
        total.add(figures)
    assert total.cameras["door"].counts["frames"] == {(): (5,)}


def test_what_a_worker_of_another_version_tells_is_left_out_where_it_does_not_fit():
    family = Family("Words", ("method", "status"), "summary")
    metric = family.metric("x_seconds", {("GET",): (1.0, 2.0), ("GET", "200"): (3.0, 4.0)})
    labels = {"method": "GET", "status": "200"}
    assert [(sample.name, sample.labels, sample.value) for sample in metric.samples] == [
        ("x_seconds_count", labels, 3),
        ("x_seconds_sum", labels, 4.0),
    ]
