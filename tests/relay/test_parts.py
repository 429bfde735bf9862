"""The parts of the relay: leases, audiences, what travels, and a camera of another process as viewers see it."""

import threading

import pytest

from delivery.counters import Counters
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from errors import RelayError
from faces import Box, Face
from relay import messages
from relay import name_lock as lease_module
from relay import remote_camera as feed_module
from relay import subscribers as audience_module
from relay.name_lock import NameLock
from relay.remote_camera import RemoteCamera
from relay.subscribers import Subscribers
from tests.support.waiting import Clock

FACE = Face(Box(50, 30, 40, 40), ("calm", "tense"), (0.75, 0.25), 3, "calm", seconds=1.5)


@pytest.fixture
def short_lease(monkeypatch):
    monkeypatch.setattr(lease_module, "EXPIRES_AFTER", 1.5)


@pytest.mark.usefixtures("short_lease")
def test_a_lease_is_refused_while_its_owner_lives(redis):
    first, second, never = NameLock(redis, "door"), NameLock(redis, "door"), threading.Event()
    first.acquire(never)
    stop = threading.Event()

    def refresh():
        while not stop.wait(0.1):
            first.refresh()

    thread = threading.Thread(target=refresh)
    thread.start()
    with pytest.raises(RelayError, match=r"another camera node has the name 'door' .*, process .*; end that one, or"):
        second.acquire(never)
    stop.set()
    thread.join()
    assert first.valid
    assert not second.valid


@pytest.mark.usefixtures("short_lease")
def test_a_dead_owners_lease_is_waited_for(redis):
    first, second, never = NameLock(redis, "door"), NameLock(redis, "door"), threading.Event()
    first.acquire(never)
    second.acquire(never)
    assert second.valid
    assert not first.valid, "an owner who did not refresh it may publish no more"
    with pytest.raises(RelayError, match="another camera node"):
        first.refresh()
    first.release()
    second.refresh()


def test_a_lease_that_redis_has_forgotten_is_taken_again_and_one_that_is_released_is_free(redis):
    first, second, never = NameLock(redis, "door"), NameLock(redis, "door"), threading.Event()
    first.acquire(never)
    redis.flushall()
    first.refresh()
    first.release()
    second.acquire(never)
    assert second.valid


def test_an_audience_is_the_sum_of_all_processes():
    audience = Subscribers()
    small = ViewOptions(width=160)
    audience.update(messages.Subscription("a", (ViewOptions(),), (0.8,), 2, 1, ("x",), ("y", "z"), {"frames": 5}))
    audience.update(
        messages.Subscription("b", (ViewOptions(), small), (1.6,), 3, 0, ("y",), (), {"frames": 7, "slow": 1})
    )
    assert set(audience.views) == {ViewOptions(), small}
    assert (audience.viewers, audience.listeners, audience.smoothings) == (5, 1, {0.8, 1.6})
    assert audience.left == ["z"], "a stream that goes on elsewhere has not ended"
    audience.update(messages.Subscription("a", counts={"frames": 6}, bye=True))
    assert audience.views == [ViewOptions(), small]
    assert audience.counts() == {"frames": 13, "sent": 0, "slow": 1, "capped": 0}


def test_what_is_not_said_again_is_wished_for_no_more_and_its_streams_have_ended(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(audience_module, "time", clock)
    audience = Subscribers()
    audience.update(messages.Subscription("a", (ViewOptions(),), here=("x",), viewers=1))
    audience.pause_expiry()
    clock.sleep(audience_module.EXPIRES_AFTER + 1)
    audience.expire()
    assert audience.views == [ViewOptions()], "it could not be said"
    audience.resume_expiry()
    audience.expire()
    assert audience.views == [ViewOptions()]
    clock.sleep(audience_module.EXPIRES_AFTER + 1)
    audience.expire()
    assert (audience.views, audience.viewers, audience.left) == ([], 0, ["x"])


def test_the_streams_of_a_process_that_ends_have_ended_with_it():
    audience = Subscribers()
    audience.update(messages.Subscription("a", (ViewOptions(),), viewers=2, here=("x", "y"), left=("z",)))
    audience.update(messages.Subscription("b", (ViewOptions(),), viewers=1, here=("y",)))
    audience.update(messages.Subscription("a", bye=True))
    assert (set(audience.left), audience.here, audience.viewers) == ({"x", "z"}, {"y"}, 1)


def test_what_processes_counted_stays_in_the_sum_and_few_are_remembered_one_by_one(monkeypatch):
    monkeypatch.setattr(audience_module, "MAX_PROCESSES", 2)
    audience = Subscribers()
    audience.update(messages.Subscription("unknown", counts={"frames": 1000}, bye=True))
    for number in range(5):
        audience.update(messages.Subscription(f"ended {number}", counts={"frames": 1}))
        audience.update(messages.Subscription(f"ended {number}", counts={"frames": 2}, bye=True))
        audience.update(messages.Subscription(f"killed {number}", counts={"frames": 3}))
    assert audience.counts()["frames"] == 5 * (2 + 3)
    audience.update(messages.Subscription("killed 4", counts={"frames": 4}))
    assert audience.counts()["frames"] == 5 * (2 + 3) + 1, "who lives goes on from where it was"
    assert len(audience._counts) == 2


def test_a_picture_arrives_as_it_was_sent_and_what_is_none_is_told():
    picture = Picture(b"\xff\xd8jpeg", 7, 1234.5, False, (FACE,), 8.25, (160, 90))
    assert messages.picture_of(messages.pack(picture)) == picture
    for data in (b"", b"nonsense", messages.pack(messages.Subscription("a"))):
        with pytest.raises(RelayError, match=r"is no picture .*; do all nodes run one version"):
            messages.picture_of(data)


def some_report(**state) -> messages.Report:
    report = {"name": "door", "viewers": 1, "status": "live", "message": "", "width": 160, "height": 90, "fps": 9.0}
    report |= {"capture_fps": 9.0, "frame": 5, "captured_at": 1.0, "latency": 0.1, "faces": [1], "dropped": {}}
    return messages.Report(
        report | state, {0.8: [2]}, "demo", Counters(), (ViewOptions(),), ("x",), ("y",), {"frames": 3}
    )


def test_a_watched_camera_that_falls_silent_is_drawn_as_lost_until_it_is_heard_again(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(feed_module, "time", clock)
    changes = []
    feed = RemoteCamera("door", some_report(), lambda: None, lambda: changes.append(feed.summary()["status"]), 80)
    feed.check_silence()
    hub = feed.enter(Viewer(view=ViewOptions(width=80)))
    feed.receive_report(some_report())
    assert feed.summary(0.8)["faces"] == [2]
    assert (feed.viewer_count, feed.ended_streams, feed.is_streaming("x")) == (1, ["y"], True)
    clock.sleep(1)
    feed.check_silence()
    assert hub.newest()[1].picture.drawn
    assert (feed.summary()["status"], feed.summary()["faces"]) == ("lost", [])
    assert feed.state()["message"] == "its camera node does not answer"
    picture = Picture(b"jpeg", 8, 1.0)
    feed.receive(messages.picture_key("door", ViewOptions(width=80)), messages.pack(picture))
    assert hub.newest()[1].picture == picture
    feed.receive_report(some_report())
    assert changes == ["live", "lost", "live"]
    feed.close()


def test_a_notice_has_the_size_of_the_camera():
    feed = RemoteCamera("door", some_report(width=320, height=200), lambda: None, lambda: None, 80)
    hub = feed.enter(Viewer())
    feed.mark_lost("gone")
    assert hub.newest()[1].picture.size == (320, 200)
    assert hub.newest()[1].picture.jpeg.startswith(b"\xff\xd8")
