import threading
import time

import pytest

from delivery.stream import OPENING, Ended, Hub, Outgoing, Picture, parts
from delivery.viewers import Viewer
from tests.support.waiting import Clock, until


def outgoing(number: int, jpeg: bytes = b"jpeg") -> Outgoing:
    picture = Picture(jpeg, number, captured_at=12.5)
    return Outgoing(picture, picture.part())


def test_the_newest_item_wins_and_the_slow_skip():
    hub: Hub[int] = Hub()
    for item in (1, 2, 3):
        hub.publish(item)
    assert hub.newest() == (3, 3)


def test_a_viewer_waits_for_what_it_has_not_seen():
    hub: Hub[str] = Hub()
    hub.publish("old")
    sequence, _ = hub.newest()
    threading.Timer(0.1, hub.publish, ["new"]).start()
    assert hub.newest(sequence, timeout=30)[1] == "new"


def test_no_wait_is_without_a_time_limit():
    hub: Hub[int] = Hub()
    with pytest.raises(TimeoutError):
        hub.newest(timeout=0.1)


def test_a_cleared_hub_shows_nothing_old():
    hub: Hub[int] = Hub()
    hub.publish(1)
    hub.clear()
    with pytest.raises(TimeoutError):
        hub.newest(timeout=0.05)
    hub.publish(2)
    assert hub.newest()[1] == 2


def test_the_end_reaches_every_waiting_viewer():
    hub: Hub[int] = Hub()
    ended = []

    def wait() -> None:
        try:
            hub.newest(timeout=30)
        except Ended:
            ended.append(True)

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    hub.close()
    for thread in threads:
        thread.join(30)
    assert len(ended) == 5


def test_a_part_carries_length_time_and_number_and_is_closed_by_a_boundary():
    part = outgoing(7, b"12345").part
    head, _, body = part.partition(b"\r\n\r\n")
    assert b"Content-Length: 5" in head
    assert b"X-Timestamp: 12.500000" in head
    assert b"X-Frame: 7" in head
    assert body == b"12345\r\n" + OPENING


def test_a_stream_opens_with_a_boundary_gives_the_newest_part_and_ends_with_the_hub():
    hub: Hub[Outgoing] = Hub()
    hub.publish(outgoing(1))
    hub.publish(outgoing(2))
    stream = parts(hub, Viewer())
    assert next(stream) == OPENING
    assert b"X-Frame: 2" in next(stream)
    hub.close()
    assert list(stream) == []


def test_an_unchanged_picture_is_sent_again_so_that_a_vanished_viewer_is_noticed(monkeypatch):
    monkeypatch.setattr(Hub.newest, "__defaults__", (0, 0.05))
    monkeypatch.setattr("delivery.stream.REPEAT_AFTER", 0.05)
    hub: Hub[Outgoing] = Hub()
    hub.publish(outgoing(1))
    stream = parts(hub, Viewer())
    next(stream)
    assert next(stream) == next(stream)


def test_a_viewer_with_a_frame_rate_of_its_own_gets_it_on_average(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("delivery.viewers.time", clock)
    hub: Hub[Outgoing] = Hub()
    viewer = Viewer(fps=20)
    stream = parts(hub, viewer)
    next(stream)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.extend(stream))
    reader.start()
    for number in range(1, 61):
        hub.publish(outgoing(number))
        until(lambda number=number: len(got) + viewer.capped == number)
        clock.sleep(1 / 60)
    hub.close()
    reader.join(30)
    assert (len(got), viewer.capped) == (20, 40)


def test_listeners_are_told_of_each_item_and_of_the_end_until_they_listen_no_more():
    hub: Hub[int] = Hub()
    calls: list[int] = []

    def listener() -> None:
        calls.append(1)

    hub.add_listener(listener)
    hub.publish(1)
    assert hub.peek() == (1, 1)
    hub.close()
    assert len(calls) == 2
    with pytest.raises(Ended):
        hub.peek()
    hub.remove_listener(listener)
    hub.close()
    assert len(calls) == 2


def test_a_glance_waits_for_nothing_and_tells_the_end():
    hub: Hub[int] = Hub()
    assert hub.peek() == (0, None)
    hub.publish(7)
    assert hub.peek() == (1, 7)
    hub.clear()
    assert hub.peek() == (1, None)
    hub.publish(8)
    assert hub.newest(after=1) == (2, 8)
    with pytest.raises(TimeoutError, match=r"nothing new within 0\.01 s"):
        hub.newest(after=2, timeout=0.01)
    hub.close()
    with pytest.raises(Ended):
        hub.peek()


def test_parts_are_counted_by_their_bytes_and_begin_with_the_opening_that_was_asked_for():
    hub: Hub[Outgoing] = Hub()
    viewer, item = Viewer(), outgoing(1)
    stream = parts(hub, viewer, b"retry")
    assert next(stream) == b"retry"
    hub.publish(item)
    assert next(stream) == item.part
    hub.publish(item)
    assert next(stream) == item.part
    assert (viewer.frames, viewer.sent) == (1, len(item.part))
    hub.close()
    assert list(stream) == []
    assert (viewer.frames, viewer.sent) == (2, 2 * len(item.part))
