import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from delivery.fanout import SUPPORTED, Fanout
from delivery.stream import OPENING, Hub, Outgoing, Picture
from delivery.viewers import Viewer
from tests.support.waiting import Clock, until

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="epoll(7) is Linux's; elsewhere each viewer has a thread")


def outgoing(number: int, jpeg: bytes = b"jpeg") -> Outgoing:
    picture = Picture(jpeg, number, captured_at=12.5)
    return Outgoing(picture, picture.part())


class Served:
    """A viewer that a fan-out serves in a thread of its own, as a web server's would be."""

    def __init__(self, fanout: Fanout, hub: Hub[Outgoing], viewer: Viewer | None = None, chunked: bool = False) -> None:
        self.viewer = viewer or Viewer()
        self.client, self.server = socket.socketpair()
        self.client.settimeout(30)
        self.thread = threading.Thread(target=fanout.serve, args=(hub, self.viewer, self.server, chunked))
        self.thread.start()

    def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self.client.recv(size - len(data))):
            data += more
        return data

    def close(self) -> None:
        self.client.close()
        self.thread.join(30)
        assert not self.thread.is_alive(), "the thread of a viewer who left is kept"
        self.server.close()


@pytest.fixture
def fanout() -> Iterator[Fanout]:
    made = Fanout()
    yield made
    made.close()
    for thread in threading.enumerate():  # one that has failed may still be putting its things away
        if thread.name == "fanout":
            thread.join(30)
            assert not thread.is_alive()


@pytest.fixture
def hub() -> Hub[Outgoing]:
    return Hub()


@contextmanager
def served(*args, **kwargs) -> Iterator[Served]:
    made = Served(*args, **kwargs)
    try:
        yield made
    finally:
        made.close()


def test_every_viewer_gets_every_part_as_it_is(fanout, hub):
    with served(fanout, hub) as one, served(fanout, hub) as other:
        for number in range(1, 6):
            item = outgoing(number)
            hub.publish(item)
            assert one.read(len(item.part)) == other.read(len(item.part)) == item.part
        until(lambda: one.viewer.frames == 5 and one.viewer.sent == 5 * len(outgoing(1).part))


def test_parts_are_framed_as_chunks_where_the_answer_is_chunked(fanout, hub):
    with served(fanout, hub, chunked=True) as viewer:
        item = outgoing(1)
        hub.publish(item)
        framed = f"{len(item.part):X}\r\n".encode() + item.part + b"\r\n"
        assert viewer.read(len(framed)) == framed


def test_who_comes_late_gets_the_newest_part_without_waiting_for_a_repeat(fanout, hub, monkeypatch):
    monkeypatch.setattr("delivery.fanout.REPEAT_AFTER", 3600)
    hub.publish(outgoing(1))
    for _ in range(3):
        with served(fanout, hub) as viewer:
            assert b"X-Frame: 1" in viewer.read(len(outgoing(1).part))


def test_a_stuck_viewer_holds_nobody_up_and_goes_on_with_whole_parts(fanout, hub):
    size = 1 << 20
    with served(fanout, hub) as stuck, served(fanout, hub) as steady:
        for number in range(1, 21):
            part = outgoing(number, bytes([number]) * size).part
            hub.publish(outgoing(number, bytes([number]) * size))
            assert steady.read(len(part)) == part
        first = outgoing(1, b"\1" * size).part
        assert stuck.read(len(first)) == first
        last = outgoing(20, bytes([20]) * size).part
        assert stuck.read(len(last)) == last, "what was missed is skipped, and no part is cut"
        until(lambda: stuck.viewer.slow == 18)
        assert steady.viewer.slow == 0


def test_a_viewer_who_can_take_more_again_is_sent_what_is_newest_then(fanout, hub):
    size, first = len(outgoing(1000, bytes(2000)).part), 1000
    with served(fanout, hub) as viewer:

        def offered(number: int) -> bool:
            hub.publish(outgoing(number, bytes(2000)))
            end = time.monotonic() + 2  # nothing tells that the kernel takes no more
            while viewer.viewer.frames < number - first + 1 and time.monotonic() < end:
                time.sleep(0.0005)
            return viewer.viewer.frames == number - first + 1

        blocked = next(number for number in range(first, 9000) if not offered(number))
        newest = blocked + 10
        for number in range(blocked + 1, newest + 1):
            hub.publish(outgoing(number, bytes(2000)))
        read = viewer.read((blocked - first + 1) * size)
        numbers = [int(line.split(b":")[1]) for line in read.split(b"\r\n") if line.startswith(b"X-Frame")]
        assert numbers == [*range(first, blocked), newest]
        until(lambda: viewer.viewer.slow == 10)


def test_a_viewer_who_leaves_is_noticed_without_a_frame(fanout, hub):
    with served(fanout, hub) as viewer:
        viewer.client.close()
        viewer.thread.join(30)
        assert not viewer.thread.is_alive()


def test_the_end_of_the_hub_ends_its_viewers_and_no_others(fanout, hub):
    other: Hub[Outgoing] = Hub()
    with served(fanout, hub) as ending, served(fanout, other) as staying:
        hub.publish(outgoing(1))
        ending.read(len(outgoing(1).part))
        hub.close()
        ending.thread.join(30)
        assert not ending.thread.is_alive()
        other.publish(outgoing(2))
        assert b"X-Frame: 2" in staying.read(len(outgoing(2).part))


def test_a_part_cut_in_two_by_the_end_breaks_the_connection(fanout, hub):
    with served(fanout, hub) as viewer:
        hub.publish(outgoing(1, bytes(8 << 20)))
        viewer.read(1000)
        hub.close()
        viewer.thread.join(30)
        assert not viewer.thread.is_alive()
        with pytest.raises(OSError, match="Broken pipe"):
            viewer.server.send(b"0\r\n\r\n")


def test_closing_ends_all_and_later_ones_at_once(hub):
    fanout = Fanout()
    with served(fanout, hub) as viewer:
        hub.publish(outgoing(1))
        viewer.read(10)
        fanout.close()
        viewer.thread.join(30)
        assert not viewer.thread.is_alive()
    with served(fanout, hub) as late:
        late.thread.join(30)
        assert not late.thread.is_alive()


def test_an_unchanged_picture_is_sent_again(fanout, hub, monkeypatch):
    monkeypatch.setattr("delivery.fanout.REPEAT_AFTER", 0.05)
    monkeypatch.setattr("delivery.fanout.TICK", 0.02)
    hub.publish(outgoing(1))
    with served(fanout, hub) as viewer:
        assert viewer.read(3 * len(outgoing(1).part)) == 3 * outgoing(1).part


def test_a_frame_rate_of_ones_own_is_kept(fanout, hub, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("delivery.viewers.time", clock)
    with served(fanout, hub, Viewer(fps=10)) as served_one:
        viewer = served_one.viewer
        for number in range(1, 61):
            hub.publish(outgoing(number))
            until(lambda number=number: viewer.frames + viewer.capped == number)
            clock.sleep(1 / 60)
        assert viewer.frames == 10


def test_a_failure_ends_the_viewers_who_may_come_again(fanout, hub, monkeypatch, caplog):
    with served(fanout, hub) as viewer:
        hub.publish(outgoing(1))
        viewer.read(10)
        monkeypatch.setattr(hub, "peek", lambda: 1 / 0)
        viewer.thread.join(30)
        assert not viewer.thread.is_alive()
    assert "the fan-out thread failed" in caplog.text
    monkeypatch.undo()
    with served(fanout, hub) as again:
        assert again.read(len(outgoing(1).part)) == outgoing(1).part


def test_a_socket_that_is_closed_ends_its_own_viewer_and_no_other(fanout, hub):
    with served(fanout, hub) as viewer:
        hub.publish(outgoing(1))
        viewer.read(10)
        closed = socket.socket()
        closed.close()
        late = threading.Thread(target=fanout.serve, args=(hub, Viewer(), closed, False), daemon=True)
        late.start()
        late.join(30)
        assert not late.is_alive(), "before it was served"
        with served(fanout, hub) as other:
            other.read(10)
            other.server.close()
            hub.publish(outgoing(2, b"newer"))
            other.thread.join(30)
            assert not other.thread.is_alive(), "while it was served"
        assert viewer.read(len(outgoing(1).part) + len(outgoing(2, b"newer").part) - 10).endswith(
            outgoing(2, b"newer").part
        )


def test_many_come_and_go_while_frames_run_and_nothing_is_left(fanout, hub):
    stop = threading.Event()

    def produce() -> None:
        number = 0
        while not stop.wait(0.002):
            number += 1
            hub.publish(outgoing(number, bytes(5000)))

    producer = threading.Thread(target=produce)
    producer.start()
    for _ in range(20):
        crowd = [Served(fanout, hub) for _ in range(10)]
        for viewer in crowd:
            assert viewer.read(20_000).count(OPENING) >= 3
        for viewer in crowd:
            viewer.close()
    stop.set()
    producer.join()
    assert not fanout._clients
    assert not fanout._groups
    assert hub._listeners == ()
