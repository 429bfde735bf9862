import threading
import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from camera import Source
from engine import Engine, Plan, Rate
from errors import SourceError
from pipeline import Pipeline
from searching import Search
from stream import Ended, Outgoing
from tracking import Tracker


class Camera(Source):
    """A source of grey frames under the test's control."""

    def __init__(self, script: "Script") -> None:
        super().__init__("test camera")
        self.script = script
        if script.missing:
            raise SourceError("test camera: it is not there; plug it in")
        script.opened += 1

    def _grab(self):
        time.sleep(0.01)
        if self.script.missing:
            raise SourceError("test camera: it was pulled out")
        while self.script.frozen and not self.script.missing:
            time.sleep(0.01)
        return np.full((90, 160, 3), 100, np.uint8)

    def close(self) -> None:
        self.script.closed += 1


class Script:
    """What the test camera does, and what was done to it."""

    def __init__(self) -> None:
        self.opened = self.closed = 0
        self.missing = self.frozen = False


class Nothing:
    """Finds no face, unless it is told to fail."""

    labels = ("calm", "tense")
    fails = 0

    def detect(self, image):
        if self.fails:
            self.fails -= 1
            raise RuntimeError("the detector broke")
        return []

    def detect_near(self, image, known):
        return []

    def classify(self, image, boxes):
        return np.zeros((0, 2), np.float32)


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def detector() -> Nothing:
    return Nothing()


@pytest.fixture
def engine(script, detector):
    def make_pipeline() -> Pipeline:
        return Pipeline(detector, Search(detector, every=0), detector, Tracker())

    made = Engine(Plan("door", "test", lambda: Camera(script), make_pipeline, idle=0.3))
    yield made
    made.close()


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"did not happen within {seconds:g} s"
        time.sleep(0.01)


def status(engine: Engine) -> str:
    return engine.state()["status"]


def newest(engine: Engine, wanted: Callable[[Outgoing], bool], seconds: float = 5.0) -> Outgoing:
    sequence, end = 0, time.monotonic() + seconds
    while True:
        sequence, item = engine.hub.newest(sequence, timeout=max(0.01, end - time.monotonic()))
        if wanted(item):
            return item


def test_nothing_runs_before_the_first_viewer(engine, script):
    before = threading.active_count()
    assert status(engine) == "idle"
    assert (script.opened, threading.active_count()) == (0, before)


def test_the_first_viewer_opens_the_camera_and_gets_decodable_frames(engine, script):
    engine.enter()
    picture = newest(engine, lambda item: not item.picture.drawn).picture
    image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image.shape == (90, 160, 3)
    assert abs(picture.captured_at - time.time()) < 2
    until(lambda: engine.state()["fps"] > 10)
    state = engine.state()
    assert (state["status"], state["width"], state["height"], state["viewers"]) == ("live", 160, 90, 1)
    assert set(state["timings"]) == {"detect", "classify", "draw", "encode"}
    assert 0 < state["latency"] < 1


def test_all_viewers_share_one_camera(engine, script):
    for _ in range(5):
        engine.enter()
    newest(engine, lambda item: not item.picture.drawn)
    assert (script.opened, engine.state()["viewers"]) == (1, 5)


def test_the_camera_closes_some_time_after_the_last_viewer_and_opens_for_the_next(engine, script):
    engine.enter()
    until(lambda: status(engine) == "live")
    engine.leave()
    time.sleep(0.1)
    assert status(engine) == "live", "closed at once, although viewers often come back"
    until(lambda: status(engine) == "idle" and script.closed == 1)
    engine.enter()
    until(lambda: status(engine) == "live")
    assert script.opened == 2


def test_a_viewer_who_comes_back_in_time_finds_the_camera_open(engine, script):
    engine.enter()
    until(lambda: status(engine) == "live")
    for _ in range(4):
        engine.leave()
        time.sleep(0.15)
        engine.enter()
    assert (script.opened, script.closed) == (1, 0)


def test_viewers_who_come_and_go_all_the_time_are_never_left_without_a_picture(engine):
    for pause in np.linspace(0.2, 0.4, 9):
        engine.enter()
        assert newest(engine, lambda item: not item.picture.drawn)
        engine.leave()
        time.sleep(float(pause))


def test_a_camera_that_is_missing_is_told_in_a_drawn_picture_and_taken_up_when_it_comes(engine, script):
    script.missing = True
    engine.enter()
    until(lambda: status(engine) == "lost")
    assert "it is not there; plug it in" in engine.state()["message"]
    assert newest(engine, lambda item: item.picture.drawn)
    script.missing = False
    until(lambda: status(engine) == "live")
    assert engine.state()["message"] == ""


def test_a_camera_that_is_pulled_out_is_told_within_a_second_and_taken_up_again(engine, script):
    engine.enter()
    until(lambda: status(engine) == "live")
    script.missing = True
    until(lambda: status(engine) == "lost", seconds=1.0)
    picture = newest(engine, lambda item: item.picture.drawn).picture
    assert cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR).shape == (90, 160, 3)
    script.missing = False
    until(lambda: status(engine) == "live", seconds=3.0)


def test_a_camera_that_freezes_is_told_instead_of_a_frozen_picture(engine, script):
    engine.enter()
    until(lambda: status(engine) == "live")
    script.frozen = True
    until(lambda: status(engine) == "lost", seconds=2.0)
    assert engine.state()["message"] == "it gives no new frames"
    script.frozen = False
    until(lambda: status(engine) == "live", seconds=1.0)


def test_a_failure_in_the_analysis_is_told_and_outlived(engine, detector):
    detector.fails = 1
    engine.enter()
    until(lambda: status(engine) == "lost")
    assert "the detector broke" in engine.state()["message"]
    until(lambda: status(engine) == "live")


def test_closing_ends_viewers_threads_and_camera_at_once(engine, script):
    before = threading.active_count()
    engine.enter()
    until(lambda: status(engine) == "live")
    start = time.monotonic()
    engine.close()
    assert time.monotonic() - start < 1.5
    with pytest.raises(Ended):
        engine.hub.newest()
    assert (script.closed, threading.active_count()) == (1, before)


def test_a_rate_counts_events_a_second_and_forgets(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("engine.time.monotonic", lambda: now[0])
    rate = Rate(window=2)
    assert rate.value == 0
    for _ in range(21):
        rate.count()
        now[0] += 0.1
    assert rate.value == pytest.approx(10)
    now[0] += 10
    assert rate.value == 0


def test_a_viewer_who_looks_now_and_then_sees_fresh_frames_in_their_order(engine):
    engine.enter()
    until(lambda: status(engine) == "live")
    seen = []
    for _ in range(5):
        picture = newest(engine, lambda item: not item.picture.drawn).picture
        assert time.time() - picture.captured_at < 0.5
        seen.append(picture.number)
        time.sleep(0.1)
    assert seen == sorted(set(seen))
    assert seen[-1] - seen[0] > 8, "the frames between were not skipped"
