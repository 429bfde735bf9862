import logging
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from delivery import events
from delivery.events import OPENING, Event, Events
from delivery.stream import Ended, Hub
from tests.support.clients.event_streams import parse
from tests.support.waiting import until


class Teller:
    """Tells how often it was asked, and of what."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.fails = False

    def __call__(self, topics: Sequence[str]) -> list[str]:
        if self.fails:
            raise RuntimeError("nothing to tell")
        self.asked.append(list(topics))
        return [f'{{"topic":"{topic}","round":{len(self.asked)}}}' for topic in topics]


@pytest.fixture
def teller() -> Teller:
    return Teller()


@pytest.fixture
def made(teller) -> Iterator[Events[str]]:
    made = Events(teller)
    yield made
    made.close()
    assert not running()


@pytest.fixture
def rarely(monkeypatch) -> None:
    """Events come only when something has changed."""
    monkeypatch.setattr(events, "EVERY", 60.0)


def running() -> bool:
    return "events" in [thread.name for thread in threading.enumerate()]


def following(hub: Hub[Event], count: int) -> list[bytes]:
    sequence, parts = 0, []
    while len(parts) < count:
        sequence, event = hub.newest(sequence, timeout=30)
        parts.append(event.part)
    return parts


def test_an_event_is_made_once_for_all_who_listen_to_the_same(made, teller):
    one, other, apart = made.enter("door"), made.enter("door"), made.enter("desk")
    assert one.hub is other.hub
    assert one.hub is not apart.hub
    following(one.hub, 3)
    assert all(len(topics) == len(set(topics)) for topics in teller.asked)
    for channel in (one, other, apart):
        made.leave(channel)


def test_events_have_the_form_of_the_standard_and_running_numbers(made):
    channel = made.enter("door")
    stream = OPENING + b"".join(following(channel.hub, 4))
    received = list(parse(iter(stream.splitlines(keepends=True))))
    assert stream.startswith(b"retry: 1000\n\n")
    assert [event.kind for event in received] == ["state"] * 4
    assert [event.data["topic"] for event in received] == ["door"] * 4
    assert [event.number for event in received] == list(range(received[0].number, received[0].number + 4))
    made.leave(channel)


def test_they_come_again_and_again_though_nothing_changes(made):
    channel = made.enter("door")
    assert len(set(following(channel.hub, 4))) == 4
    made.leave(channel)


@pytest.mark.usefixtures("rarely")
def test_the_first_of_a_topic_is_told_without_waiting_for_the_next_turn_and_nobody_else_is_disturbed(made, teller):
    first = made.enter("door")
    following(first.hub, 1)
    second = made.enter("desk")
    following(second.hub, 1)
    assert teller.asked == [["door"], ["desk"]]
    for channel in (first, second):
        made.leave(channel)


@pytest.mark.usefixtures("rarely")
def test_a_change_is_told_without_waiting_for_the_next_turn_and_many_at_one_moment_together(made, teller, monkeypatch):
    monkeypatch.setattr(events, "SOONEST", 0.2)
    channel = made.enter("door")
    following(channel.hub, 1)
    began = time.monotonic()
    for _ in range(40):
        made.wake()
        time.sleep(events.SOONEST / 20)
    until(lambda: len(teller.asked) > 1)
    assert len(teller.asked) <= 2 + (time.monotonic() - began) / events.SOONEST
    made.leave(channel)


def test_the_thread_runs_only_while_somebody_listens(made):
    assert not running()
    for _ in range(3):
        channels = [made.enter("door") for _ in range(3)]
        assert running()
        for channel in channels:
            made.leave(channel)
        until(lambda: not running())


def test_closing_ends_all_and_later_ones_at_once(made):
    channel = made.enter("door")
    made.close()
    late = made.enter("desk")
    for hub in (channel.hub, late.hub):
        with pytest.raises(Ended):
            hub.newest()
    assert not running()


def test_a_failure_is_told_and_ends_the_streams_and_who_comes_again_is_served(made, teller, caplog):
    channel = made.enter("door")
    following(channel.hub, 1)
    teller.fails = True
    made.wake()
    with caplog.at_level(logging.ERROR), pytest.raises(Ended):
        following(channel.hub, 10)
    until(lambda: "events could not be made" in caplog.text)
    teller.fails = False
    again = made.enter("door")
    made.leave(channel)  # the old one's leaving must not be counted as the new one's
    following(again.hub, 2)
    made.leave(again)


def test_many_come_and_go_and_nothing_is_left(made):
    def visit(number: int) -> None:
        for turn in range(30):
            channel = made.enter(str((number + turn) % 3))
            following(channel.hub, 1)
            made.leave(channel)

    threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert made._channels == {}
    until(lambda: not running())
