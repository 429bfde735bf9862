import threading
import time

import pytest

from stream import OPENING, Ended, Hub, Outgoing, Picture, Viewers, parts


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
    assert hub.newest(sequence, timeout=5)[1] == "new"


def test_no_wait_is_without_a_time_limit():
    hub: Hub[int] = Hub()
    start = time.monotonic()
    with pytest.raises(TimeoutError):
        hub.newest(timeout=0.1)
    assert 0.09 < time.monotonic() - start < 2


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
            hub.newest(timeout=10)
        except Ended:
            ended.append(True)

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.1)
    hub.close()
    for thread in threads:
        thread.join(2)
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
    stream = parts(hub)
    assert next(stream) == OPENING
    assert b"X-Frame: 2" in next(stream)
    hub.close()
    assert list(stream) == []


def test_an_unchanged_picture_is_sent_again_so_that_a_vanished_viewer_is_noticed(monkeypatch):
    monkeypatch.setattr(Hub.newest, "__defaults__", (0, 0.05))
    hub: Hub[Outgoing] = Hub()
    hub.publish(outgoing(1))
    stream = parts(hub)
    next(stream)
    assert next(stream) == next(stream)


def test_viewers_are_counted_and_known_by_their_ids():
    viewers = Viewers()
    viewers.enter("a")
    viewers.enter()
    assert len(viewers) == 2
    assert "a" in viewers
    assert viewers.away == 0
    viewers.leave("a")
    viewers.leave()
    assert "a" not in viewers
    time.sleep(0.02)
    assert 0.01 < viewers.away < 5
