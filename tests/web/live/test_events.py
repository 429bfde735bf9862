import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from config.settings import Settings
from main import create_app
from tests.support.clients.event_streams import Told, parse

SMALL = Settings(source=("left=demo", "right=demo"), width=320, height=180, fps=15, idle=0.2)


@pytest.fixture
def client():
    app = create_app(SMALL)
    yield app.test_client()
    app.extensions["server"].close()


def problem(answer, status: int) -> str:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    return answer.json["detail"]


def lines(chunks) -> Iterator[bytes]:
    for chunk in chunks:
        yield from chunk.splitlines(keepends=True)


def events_of(answer) -> Iterator[Told]:
    return parse(lines(answer.response))


def test_events_are_an_uncached_stream_of_all_cameras_that_opens_them(client):
    with closing(client.get("/api/events", buffered=False)) as answer:
        assert answer.mimetype == "text/event-stream"
        assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
        chunks = iter(answer.response)
        assert next(chunks) == b"retry: 1000\n\n"
        events = parse(lines(chunks))
        assert [camera["name"] for camera in next(events).data["cameras"]] == ["left", "right"]
        next(event for event in events if event.camera("left")["faces"] and event.camera("right")["faces"])


def test_what_is_told_is_what_the_state_tells(client):
    state = client.get("/api/state").json
    with closing(client.get("/api/events?watch=0", buffered=False)) as answer:
        data = next(events_of(answer)).data
    common = data.keys() - {"cameras"}
    assert common == {"notice", "threshold", "model", "detector", "viewers", "max_viewers"}
    assert {key: data[key] for key in common} == {key: state[key] for key in common}
    for mine, whole in zip(data["cameras"], state["cameras"], strict=True):
        assert mine.pop("left") == []
        assert mine == {key: whole[key] for key in mine}
        assert mine["status"] == "idle"


def test_the_cameras_asked_for_come_in_the_servers_order(client):
    for query, names in (("camera=right", ["right"]), ("camera=right&camera=left", ["left", "right"])):
        with closing(client.get(f"/api/events?watch=0&{query}", buffered=False)) as answer:
            assert [camera["name"] for camera in next(events_of(answer)).data["cameras"]] == names


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("camera=gone", 404, "There is no camera called 'gone'; there is: left, right."),
        ("camera=left&camera=gone", 404, "no camera called 'gone'"),
        ("smoothing=soft", 400, "smoothing: got 'soft', expected seconds from 0 to 10, such as smoothing=0.4"),
        ("watch=maybe", 400, "watch: got 'maybe', expected one of 0, 1"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(client, query, status, words):
    assert words in problem(client.get(f"/api/events?{query}"), status)
    assert client.get("/api/state").json["listeners"] == 0


def test_one_listener_too_many_is_told_when_to_come_again():
    app = create_app(replace(SMALL, max_listeners=1))
    client = app.test_client()
    with closing(client.get("/api/events", buffered=False)):
        answer = client.get("/api/events")
        assert problem(answer, 503) == "1 are listening already; try again shortly."
        assert answer.headers["Retry-After"] == "5"
        state = client.get("/api/state").json
        assert (state["listeners"], state["viewers"]) == (1, 0)
        assert b"expression_listeners 1.0" in client.get("/metrics").data
    assert client.get("/api/state").json["listeners"] == 0
    app.extensions["server"].close()


def test_a_listener_that_vanishes_before_the_first_byte_or_asks_for_the_head_only_is_not_counted_for_ever(client):
    client.get("/api/events", buffered=False).close()
    client.head("/api/events").close()
    assert client.get("/api/state").json["listeners"] == 0


def test_the_stream_ends_when_the_server_stops(client):
    with closing(client.get("/api/events", buffered=False)) as answer:
        events = events_of(answer)
        next(events)
        stopping = threading.Thread(target=client.application.extensions["server"].close)
        stopping.start()
        assert len(list(events)) < 10
        stopping.join()


def test_words_in_any_script_go_out_in_one_line(client):
    server = client.application.extensions["server"]
    server.cameras["left"].summary = lambda smoothing: {"name": "left", "message": "zerstört\n「壊れた」"}
    with closing(client.get("/api/events?camera=left&watch=0", buffered=False)) as answer:
        assert next(events_of(answer)).camera("left")["message"] == "zerstört\n「壊れた」"
