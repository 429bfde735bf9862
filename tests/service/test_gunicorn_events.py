"""Events of `gunicorn main:app`: real clients, status changes, listeners that stop reading, a quick stop."""

import signal
import socket
from contextlib import ExitStack

import pytest

from tests.service.test_gunicorn import read_chunk, state, until
from tests.support.clients.event_streams import listening
from tests.support.clients.streams import Viewer
from tests.support.clients.visits import visit
from tests.support.servers.gunicorns import gunicorn as own_gunicorn


@pytest.fixture
def port(gunicorn):
    _, number = gunicorn
    return number


def request(port: int, version: str = "1.1", buffer: int = 0) -> socket.socket:
    client = socket.socket()
    client.settimeout(30)
    if buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    client.connect(("127.0.0.1", port))
    client.sendall(f"GET /api/events HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
    return client


def test_all_listeners_are_sent_the_same_and_what_they_hear_is_live(port):
    with ExitStack() as stack:
        streams = [stack.enter_context(listening(port)) for _ in range(3)]
        heard = [{event.number: event for event in (next(stream) for _ in range(12))} for stream in streams]
    shared = set(heard[0]) & set(heard[1]) & set(heard[2])
    assert len(shared) >= 8
    for number in shared:
        assert heard[0][number].data == heard[1][number].data == heard[2][number].data
    last = heard[0][max(shared)]
    assert [face["track"] for face in last.camera()["faces"]]
    until(lambda: state(port)["listeners"] == 0)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_the_stream_is_framed_as_the_version_of_http_asks(port, version):
    with request(port, version) as client, client.makefile("rb") as reader:
        head = b""
        while line := reader.readline().strip():
            head += line + b"\n"
        assert b" 200 OK" in head
        assert (b"Transfer-Encoding: chunked" in head) == (version == "1.1")
        if version == "1.0":
            assert reader.readline() + reader.readline() == b"retry: 1000\n\n"
            assert reader.readline().startswith(b"id: ")
            return
        assert read_chunk(reader) == b"retry: 1000\n\n"
        for _ in range(3):
            part = read_chunk(reader)
            assert part.startswith(b"id: ")
            assert part.endswith(b"}\n\n")


def test_a_listener_that_stops_reading_disturbs_nobody_and_is_let_go(port):
    with request(port, buffer=2048), listening(port) as events:
        assert len([next(events) for _ in range(12)]) == 12
        until(lambda: state(port)["listeners"] == 1, seconds=60)


def test_with_many_viewers_and_listeners_it_stops_and_leaves_nobody_hanging(tmp_path):
    with ExitStack() as stack:
        process, port = stack.enter_context(own_gunicorn(tmp_path))
        viewers = [Viewer(port) for _ in range(30)]
        streams = [stack.enter_context(listening(port)) for _ in range(30)]
        for stream in streams:
            next(stream)
        for viewer in viewers:
            viewer.await_frames(1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for stream in streams:
            assert len(list(stream)) < 40, "a listener was left hanging"
    for viewer in viewers:
        viewer.join(30)
        assert viewer.ended


def test_a_browser_hears_of_its_own_stream_and_of_its_end(browser, port):
    listen = """() => new Promise((resolve) => {
      const heard = []
      const source = new EventSource("/api/events?camera=camera")
      source.addEventListener("state", (event) => {
        heard.push({ id: event.lastEventId, ...JSON.parse(event.data) })
        const image = document.querySelector("#probe") ?? document.body.appendChild(new Image())
        if (heard.length === 2) Object.assign(image, { id: "probe", src: "/video_feed?viewer=probe&width=64" })
        if (heard.length === 6) image.removeAttribute("src")
        if (heard.length > 6 && heard.at(-1).cameras[0].left.includes("probe")) (source.close(), resolve(heard))
      })
    })"""
    with visit(browser, f"http://127.0.0.1:{port}/about") as page:
        heard = page.evaluate(listen)
    numbers = [int(event["id"]) for event in heard]
    assert numbers == sorted(set(numbers))
    assert 1 in [event["viewers"] for event in heard]
    assert heard[-1]["viewers"] == 0
