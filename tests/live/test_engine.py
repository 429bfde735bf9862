import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest

from delivery.stream import Ended, Hub, Outgoing
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from faces import Box, Face, Frame
from live.delay import HELD_FOR
from live.engine import Engine
from live.session import CameraConfig
from tests.support.cameras.scripted import Camera, Nothing, Script
from tests.support.waiting import Clock, until

FIGURES = ("width", "height", "fps", "capture_fps", "frame", "captured_at", "latency")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def pipeline() -> Nothing:
    return Nothing()


@pytest.fixture
def engine(script, pipeline):
    made = Engine(CameraConfig("door", "test", lambda: Camera(script), lambda: pipeline, idle=0.3))
    yield made
    made.close()


@contextmanager
def watching(engine: Engine, viewer: Viewer | None = None) -> Iterator[Hub[Outgoing]]:
    viewer = viewer or Viewer()
    yield engine.enter(viewer)
    engine.leave(viewer)


def status(engine: Engine) -> str:
    return engine.state()["status"]


def newest(hub: Hub[Outgoing], wanted: Callable[[Outgoing], bool], seconds: float = 30.0) -> Outgoing:
    sequence, end = 0, time.monotonic() + seconds
    while True:
        sequence, item = hub.newest(sequence, timeout=max(0.01, end - time.monotonic()))
        if wanted(item):
            return item


def live(item: Outgoing) -> bool:
    return not item.picture.drawn


def decoded(jpeg: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)


def test_nothing_runs_before_the_first_viewer(engine, script):
    before = threading.active_count()
    assert status(engine) == "idle"
    assert {engine.summary()[name] for name in FIGURES} == {0}
    assert (script.opened, threading.active_count()) == (0, before)


def test_the_first_viewer_opens_the_camera_and_gets_decodable_frames(engine):
    began = time.time()
    with watching(engine) as hub:
        picture = newest(hub, live).picture
        assert decoded(picture.jpeg).shape == (90, 160, 3)
        assert began <= picture.captured_at <= time.time()
        until(lambda: engine.state()["fps"] > 0)
        state = engine.state()
    assert (state["status"], state["width"], state["height"], state["viewers"]) == ("live", 160, 90, 1)
    assert set(state["timings"]) == {"detect", "draw", "encode"}
    assert state["latency"] > 0
    assert state["fps"] == round(state["fps"], 1)


def test_all_viewers_share_one_camera(engine, script):
    hubs = [engine.enter(Viewer()) for _ in range(5)]
    newest(hubs[0], live)
    assert (script.opened, engine.state()["viewers"]) == (1, 5)
    assert len(set(map(id, hubs))) == 1, "a size that is watched twice is encoded twice"


def test_each_size_that_is_watched_is_made_once_and_never_larger_than_the_camera_gives(engine):
    viewers = [Viewer(view=ViewOptions(width)) for width in (0, 80, 80, 4000)]
    hubs = [engine.enter(viewer) for viewer in viewers]
    assert hubs[1] is hubs[2]
    shapes = [decoded(newest(hub, live).picture.jpeg).shape for hub in hubs]
    assert shapes == [(90, 160, 3), (45, 80, 3), (45, 80, 3), (90, 160, 3)]


def test_a_size_that_is_new_is_shown_at_once_even_if_the_picture_stands(engine, script):
    script.missing = True
    with watching(engine):
        until(lambda: status(engine) == "lost")
        with watching(engine, Viewer(view=ViewOptions(320))) as small:
            assert decoded(newest(small, lambda item: item.picture.drawn).picture.jpeg).shape == (180, 320, 3)


def test_frames_that_come_faster_than_they_are_analysed_are_skipped_and_counted(engine, pipeline):
    pipeline.takes = 0.05
    with watching(engine) as hub:
        until(lambda: engine.state()["dropped"]["overtaken"] > 5)
        newest(hub, lambda item: item.picture.number > engine.counters.analysed + 5)
        assert engine.counters.captured > engine.counters.analysed > 0


def test_the_camera_closes_some_time_after_the_last_viewer_and_opens_for_the_next(engine, script):
    with watching(engine):
        until(lambda: status(engine) == "live")
    until(lambda: status(engine) == "idle" and script.closed == 1)
    with watching(engine):
        until(lambda: status(engine) == "live")
    assert script.opened == 2


def test_a_viewer_who_comes_back_in_time_finds_the_camera_open(script, pipeline):
    patient = Engine(CameraConfig("door", "test", lambda: Camera(script), lambda: pipeline, idle=60))
    for _ in range(3):
        with watching(patient):
            until(lambda: status(patient) == "live")
        time.sleep(0.1)
    assert (script.opened, script.closed) == (1, 0)
    patient.close()


def test_viewers_who_come_and_go_all_the_time_are_never_left_without_a_picture(engine):
    for pause in np.linspace(0.2, 0.4, 9):
        with watching(engine) as hub:
            assert newest(hub, live)
        time.sleep(float(pause))


def test_a_camera_that_is_missing_is_told_in_a_drawn_picture_and_taken_up_when_it_comes(engine, script):
    script.missing = True
    with watching(engine) as hub:
        until(lambda: status(engine) == "lost")
        assert "it is not there; plug it in" in engine.state()["message"]
        assert engine.state()["failures"] > 0
        assert newest(hub, lambda item: item.picture.drawn)
        script.missing = False
        until(lambda: status(engine) == "live")
        assert engine.state()["message"] == ""


def test_a_camera_that_is_pulled_out_is_told_and_taken_up_again(engine, script):
    with watching(engine) as hub:
        until(lambda: status(engine) == "live")
        script.missing = True
        until(lambda: status(engine) == "lost")
        picture = newest(hub, lambda item: item.picture.drawn).picture
        assert decoded(picture.jpeg).shape == (90, 160, 3)
        script.missing = False
        until(lambda: status(engine) == "live")


def test_a_camera_that_freezes_is_told_instead_of_a_frozen_picture(engine, script):
    with watching(engine):
        until(lambda: status(engine) == "live")
        script.frozen = True
        until(lambda: status(engine) == "lost")
        assert engine.state()["message"] == "it gives no new frames"
        script.frozen = False
        until(lambda: status(engine) == "live")


def test_the_time_without_frames_counts_from_the_last_one_however_late_it_is_analysed(
    engine, script, pipeline, monkeypatch
):
    clock, analysing, go_on, analyze = Clock(), threading.Event(), threading.Event(), pipeline.analyze
    monkeypatch.setattr("sources.frozen.time", clock)

    def analyze_late(*frame: Frame, **wanted: Collection[float]) -> Frame:
        analysing.set()
        assert go_on.wait(30)
        return analyze(*frame, **wanted)

    with watching(engine):
        until(lambda: status(engine) == "live")
        pipeline.analyze = analyze_late
        assert analysing.wait(30)
        script.frozen = True
        until(lambda: script.stands)
        clock.sleep(1)
        go_on.set()
        until(lambda: status(engine) == "lost")
        script.frozen = False


def test_a_failure_in_the_analysis_is_told_and_outlived(engine, pipeline):
    pipeline.fails = 1
    with watching(engine):
        until(lambda: status(engine) == "lost")
        assert "the detector broke" in engine.state()["message"]
        until(lambda: status(engine) == "live")


def test_closing_ends_viewers_threads_and_camera(engine, script):
    before = threading.active_count()
    hub = engine.enter(Viewer())
    until(lambda: status(engine) == "live")
    engine.close()
    with pytest.raises(Ended):
        hub.newest()
    assert (script.closed, threading.active_count()) == (1, before)


def test_closing_does_not_wait_for_an_analysis_that_hangs(script, pipeline, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def hang(frame, smoothings):
        began.set()
        go_on.wait(60)
        return frame

    monkeypatch.setattr(pipeline, "analyze", hang)
    made = Engine(CameraConfig("door", "test", lambda: Camera(script), lambda: pipeline))
    made.enter(Viewer())
    assert began.wait(30)
    assert not made.close(0.1)
    go_on.set()
    assert made.close(30)


def test_a_viewer_who_looks_now_and_then_sees_fresh_frames_in_their_order(engine):
    with watching(engine) as hub:
        until(lambda: status(engine) == "live")
        seen = []
        for _ in range(5):
            analysed = engine.counters.analysed
            seen.append(newest(hub, live).picture.number)
            assert seen[-1] >= analysed - 1, "an old frame was given"
            until(lambda analysed=analysed: engine.counters.analysed > analysed + 3)
    assert seen == sorted(seen)
    assert seen[-1] - seen[0] > 8, "the frames between were not skipped"


def test_each_viewer_gets_the_look_they_wished_for_and_the_faces_that_go_with_it(engine, pipeline):
    pipeline.faces = (Face(Box(50, 24, 40, 40), ("calm",), (1.0,)),)
    views = [
        ViewOptions(smoothing=0.4),
        ViewOptions(smoothing=1.6, privacy="emoji"),
        ViewOptions(smoothing=1.6, bars=True),
    ]
    hubs = [engine.enter(Viewer(view=view)) for view in views]
    pictures = [
        newest(hub, lambda item: live(item) and item.picture.faces[0].track is not None).picture for hub in hubs
    ]
    assert [picture.faces[0].track for picture in pictures] == [4, 16, 16]
    assert len({picture.jpeg for picture in pictures}) == 3
    assert pictures[0].position > 0


def test_a_label_keeps_its_place_from_frame_to_frame_in_each_look(engine, pipeline):
    def at(top: int) -> tuple[Face, ...]:
        return (Face(Box(50, top, 24, 24), ("calm",), (1.0,)),)

    def is_above(hub: Hub[Outgoing], top: int) -> bool:
        picture = newest(hub, lambda item: live(item) and item.picture.faces[0].box.y == top).picture
        return bool((abs(decoded(picture.jpeg)[top + 34 :].astype(int) - 100) < 20).all())

    pipeline.faces = at(24)
    hubs = [engine.enter(Viewer(view=ViewOptions(mirror=mirror))) for mirror in (False, True)]
    assert [is_above(hub, 24) for hub in hubs] == [True, True]
    pipeline.faces = at(22)
    assert [is_above(hub, 22) for hub in hubs] == [True, True]
    late = engine.enter(Viewer(view=ViewOptions(bars=True)))
    assert not is_above(late, 22), "there it would have gone without the frame before"


def test_a_view_with_privacy_is_shown_late_and_any_other_at_once(engine):
    plain, private = (engine.enter(Viewer(view=ViewOptions(privacy=privacy))) for privacy in ("off", "emoji"))
    late = newest(private, live).picture
    assert newest(plain, live).picture.position - late.position > HELD_FOR - 0.1


def test_a_camera_with_privacy_gives_it_to_every_look(script, pipeline):
    pipeline.faces = (Face(Box(50, 30, 40, 40), ("calm",), (1.0,)),)
    made = Engine(CameraConfig("door", "test", lambda: Camera(script), lambda: pipeline, privacy="emoji"))
    hubs = [made.enter(Viewer(view=ViewOptions(privacy=privacy))) for privacy in ("off", "emoji")]
    assert len({newest(hub, live).picture.jpeg for hub in hubs}) == 1
    made.close()


def test_time_constants_are_reckoned_for_as_long_as_somebody_asks_for_them(engine, pipeline, monkeypatch):
    monkeypatch.setattr("delivery.recent.REMEMBER_FOR", 0.3)
    pipeline.faces = (Face(Box(50, 30, 40, 40), ("calm",), (1.0,)),)
    assert engine.summary(0.8)["faces"] == [], "there is no frame yet"
    with watching(engine, Viewer(view=ViewOptions(smoothing=1.6))):
        until(lambda: [face["track"] for face in engine.summary(0.8)["faces"]] == [8])
        assert pipeline.smoothings == {0.8, 1.6}
        until(lambda: pipeline.smoothings == {1.6})
