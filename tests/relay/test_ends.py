"""Both ends of the relay in one process, over a real Redis."""

import time
from dataclasses import replace

import pytest

from delivery.stream import Picture
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from errors import SettingError
from faces import Box, Face
from live.engine import Engine
from live.session import CameraConfig
from relay import messages, renditions
from relay import receiver as receiver_module
from relay.publisher import Publisher
from relay.receiver import Receiver
from tests.support.cameras.scripted import Camera, Nothing, Script
from tests.support.waiting import until

FACE = Face(Box(50, 30, 40, 40), ("calm", "tense"), (0.75, 0.25), 3, "calm", seconds=1.5)


class Ends:
    """A publisher and a receiver in one process."""

    def __init__(self, url: str) -> None:
        self.script, self.pipeline = Script(), Nothing()
        self.pipeline.faces = (FACE,)
        config = CameraConfig(
            "door", "test", lambda: Camera(self.script), lambda: self.pipeline, idle=0.2, privacy="emoji"
        )
        self.engine = Engine(config)
        self.publisher = Publisher(url, {"door": self.engine})
        self.publisher.open()
        self.receiver = Receiver(url, lambda: None, 80)

    def close(self) -> None:
        self.receiver.close()
        self.publisher.close()
        self.engine.close()


@pytest.fixture
def ends(redis_process, redis):
    both = Ends(redis_process.url)
    until(lambda: "door" in both.receiver)
    yield both
    both.close()


def camera_picture(hub) -> Picture:
    sequence = 0
    for _ in range(20):
        sequence, outgoing = hub.newest(sequence, timeout=30)
        if not outgoing.picture.drawn:
            return outgoing.picture
    raise AssertionError("no picture came from the camera")


def test_a_camera_opens_for_the_first_viewer_anywhere_and_closes_after_the_last(ends, redis):
    feed, viewer = ends.receiver["door"], Viewer()
    assert ends.script.opened == 0
    picture = camera_picture(feed.enter(viewer))
    assert picture.faces == (replace(FACE, track=4),), "with the look's smoothing"
    assert picture.size == (160, 90)
    feed.leave(viewer)
    until(lambda: ends.script.closed == 1)
    until(lambda: not redis.keys(f"{messages.PREFIX}:picture:*"))
    assert feed.summary()["status"] in ("live", "idle")


def test_a_new_look_comes_and_is_guarded_by_the_nodes_privacy(ends):
    feed, viewer = ends.receiver["door"], Viewer()
    clear = camera_picture(feed.enter(viewer))
    bold = Viewer(view=ViewOptions(privacy="off", mirror=True))
    picture = camera_picture(feed.enter(bold))
    assert picture.jpeg != clear.jpeg
    until(lambda: feed.views == {viewer.view, bold.view})
    hidden = Viewer(view=ViewOptions(privacy="emoji"))
    assert camera_picture(feed.enter(hidden)).jpeg == clear.jpeg


def test_more_looks_than_may_be_are_not_drawn(ends, monkeypatch):
    monkeypatch.setattr(renditions, "MAX_VIEWS", 2)
    feed = ends.receiver["door"]
    for width in (16, 32, 48):
        feed.enter(Viewer(view=ViewOptions(width=width)))
    until(lambda: len(ends.publisher._cameras["door"].relayed.views) == 2)
    time.sleep(0.3)
    assert len(ends.engine.views) == 2


def test_who_listens_has_the_camera_open_and_faces_but_nothing_is_encoded(ends, redis):
    feed = ends.receiver["door"]
    feed.add_listener()
    until(lambda: [face["track"] for face in feed.summary(0.8)["faces"]] == [8])
    assert ends.engine.views == set()
    assert not redis.keys(f"{messages.PREFIX}:picture:*")
    feed.remove_listener()
    until(lambda: ends.script.closed == 1)


def test_what_viewers_were_sent_is_still_counted_when_their_process_has_ended(ends):
    feed, viewer = ends.receiver["door"], Viewer()
    camera_picture(feed.enter(viewer))
    audience = ends.publisher._cameras["door"].relayed.subscribers
    until(lambda: audience.viewers == 1)
    viewer.record_sent(1000)
    ends.receiver.close()
    until(lambda: audience.viewers == 0)
    assert (audience.counts()["frames"], audience.counts()["sent"]) == (1, 1000)


def test_a_stream_is_told_as_ended_everywhere_when_its_process_is_stopped(ends, redis_process):
    other = Receiver(redis_process.url, lambda: None, 80)
    until(lambda: "door" in other)
    other["door"].enter(Viewer())
    camera_picture(ends.receiver["door"].enter(Viewer(name="x")))
    until(lambda: other["door"].is_streaming("x"))
    ends.receiver.close()
    until(lambda: other["door"].ended_streams == ["x"])
    other.close()


def test_a_camera_that_fails_tells_all_processes_why(ends):
    feed = ends.receiver["door"]
    hub = feed.enter(Viewer())
    camera_picture(hub)
    ends.script.missing = True
    until(lambda: feed.summary()["status"] == "lost")
    assert feed.state()["message"] in ("test camera: it was pulled out", "test camera: it is not there; plug it in")
    until(lambda: hub.peek()[1].picture.drawn)
    late = feed.enter(Viewer(view=ViewOptions(width=80)))
    assert late.newest(timeout=30)[1].picture.drawn, "a notice that stands is shown to who comes later"


def test_names_that_do_not_fit_into_an_address_are_passed_over(ends, redis):
    redis.sadd(messages.CAMERAS, "../etc", "<script>")
    redis.publish(messages.CHANGES, b"")
    time.sleep(0.2)
    assert list(ends.receiver) == ["door"]


def test_the_name_of_a_node_that_was_killed_is_dropped_after_a_while(ends, redis, monkeypatch):
    monkeypatch.setattr(receiver_module, "SUBSCRIBE_EVERY", 0.05)
    redis.sadd(messages.CAMERAS, "killed", "coming")
    redis.set(messages.lock_key("coming"), "a node that has not reported yet")
    until(lambda: set(ends.receiver._silent) == {"killed", "coming"})
    assert redis.smembers(messages.CAMERAS) == {b"door", b"killed", b"coming"}, "for a moment it is only lost"
    monkeypatch.setattr(receiver_module, "FORGET_AFTER", 0.1)
    until(lambda: redis.smembers(messages.CAMERAS) == {b"door", b"coming"})
    redis.delete(messages.lock_key("coming"))
    until(lambda: redis.smembers(messages.CAMERAS) == {b"door"})
    until(lambda: not ends.receiver._silent)


def test_nobody_waits_for_a_redis_that_is_not_there():
    receiver = Receiver("redis://127.0.0.1:1/0", lambda: None, 80)
    assert list(receiver) == []
    assert "door" not in receiver
    receiver.close()


def test_another_address_is_refused():
    with pytest.raises(SettingError, match=r"redis_url: got 'http://x', expected an address such as redis://"):
        Receiver("http://x", lambda: None, 80)
