import json
import time
from dataclasses import replace

import pytest

from config.settings import Settings
from delivery import events, renditions
from delivery.listeners import Listener, Topic
from delivery.viewers import Viewer
from service.server import Full, Server

DEMO = Settings(source=("left=demo", "right=demo"), width=320, height=180, idle=0.2, threshold=0.4)


@pytest.fixture
def server():
    made = Server(DEMO)
    yield made
    made.close()


def next_event(listener: Listener, wanted=lambda data: True, seconds: float = 30.0) -> dict:
    sequence, end = 0, time.monotonic() + seconds
    while True:
        sequence, event = listener.hub.newest(sequence, timeout=max(0.01, end - time.monotonic()))
        data = json.loads(event.part.partition(b"data: ")[2])
        if wanted(data):
            return data


def statuses(data: dict) -> list[str]:
    return [camera["status"] for camera in data["cameras"]]


def test_a_listener_opens_its_cameras_and_is_told_their_faces_but_nothing_is_encoded(server, monkeypatch):
    monkeypatch.setattr(renditions, "encode", lambda *_: pytest.fail("a picture was encoded, which nobody watches"))
    began, listener = time.time(), server.listen(Topic(("left",), 0.4), watches=True)
    data = next_event(listener, lambda data: data["cameras"][0]["faces"])
    camera, face = data["cameras"][0], data["cameras"][0]["faces"][0]
    assert (camera["name"], camera["status"], camera["width"], camera["viewers"]) == ("left", "live", 320, 0)
    assert began - 0.001 <= camera["captured_at"] <= time.time() + 0.001
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=0.001)
    assert face["seconds"] >= 0
    assert (data["threshold"], data["max_viewers"], data["model"]["labels"]) == (0.4, 200, list(server.model.labels))
    assert server.cameras["right"].state()["status"] == "idle", "a camera was opened that nobody listens to"
    server.listeners.leave(listener)


def test_the_camera_closes_after_the_last_listener_and_that_is_told_at_once(server, monkeypatch):
    monkeypatch.setattr(events, "EVERY", 60.0)
    looker_on = server.listen(Topic(("left", "right"), 0.4), watches=False)
    assert statuses(next_event(looker_on)) == ["idle", "idle"], "a camera was opened although nobody watches"
    listener = server.listen(Topic(("right",), 0.4), watches=True)
    next_event(looker_on, lambda data: statuses(data) == ["idle", "starting"])
    next_event(looker_on, lambda data: statuses(data) == ["idle", "live"])
    server.listeners.leave(listener)
    next_event(looker_on, lambda data: statuses(data) == ["idle", "idle"])
    server.listeners.leave(looker_on)


def test_each_smoothing_has_its_own_probabilities(server):
    topics = [Topic(("left",), smoothing) for smoothing in (0.0, 3.0)]
    quick, slow = (server.listen(topic, watches=True) for topic in topics)
    next_event(quick, lambda data: data["cameras"][0]["faces"])
    differing, end = False, time.monotonic() + 30
    while not differing and time.monotonic() < end:
        faces = [next_event(one)["cameras"][0]["faces"] for one in (quick, slow)]
        both = [{face["track"]: face["probabilities"] for face in some} for some in faces]
        differing = any(both[0][track] != both[1][track] for track in both[0].keys() & both[1].keys())
    assert differing
    for one in (quick, slow):
        server.listeners.leave(one)


def test_streams_that_ended_are_named_for_a_while_unless_they_came_back(server, monkeypatch):
    listener, left = server.listen(Topic(("left",), 0.4), watches=False), server.cameras["left"]
    gone, back, nameless = Viewer("gone"), Viewer("back"), Viewer()
    for viewer in (gone, back, nameless):
        left.enter(viewer)
        left.leave(viewer)
    again = Viewer("back")
    left.enter(again)
    next_event(listener, lambda data: data["cameras"][0]["left"] == ["gone"])
    monkeypatch.setattr("delivery.viewers.REMEMBER_FOR", 0.05)
    next_event(listener, lambda data: data["cameras"][0]["left"] == [])
    left.leave(again)
    server.listeners.leave(listener)


def test_there_are_only_so_many_listeners_and_none_is_left_behind(server):
    server.settings = replace(DEMO, max_listeners=2)
    here = [server.listen(Topic(("left",), 0.4), watches=False) for _ in range(2)]
    with pytest.raises(Full, match="2 are listening already"):
        server.listen(Topic(("right",), 0.4), watches=True)
    assert server.cameras["right"].state()["listeners"] == 0
    server.listeners.leave(here.pop())
    here.append(server.listen(Topic(("right",), 0.4), watches=True))
    state = server.state()
    assert (state["listeners"], state["max_listeners"]) == (2, 2)
    assert [camera["listeners"] for camera in state["cameras"]] == [0, 1]
    for listener in here:
        server.listeners.leave(listener)
    assert len(server.listeners) == 0
    assert [camera["listeners"] for camera in server.state()["cameras"]] == [0, 0]
