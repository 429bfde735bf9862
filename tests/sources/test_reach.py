import re
import socket

import pytest

from errors import SourceError
from sources.reach import REACH_LIMIT, check_reachable
from tests.support.servers.servers import free_port


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://joe:secret@127.0.0.1:{port}/cam", "nobody answers at port {port} of 127.0.0.1; check the address"),
        ("rtsp://joe:secret@no-such-camera.invalid/1", "no machine called no-such-camera.invalid is known"),
        ("rtsp://joe:secret@", "it names no host"),
        ("rtsp://joe:secret@a..b/1", "no machine called a..b is known; check the address"),
        (f"http://joe:secret@{'a' * 70}/1", "is known; check the address"),
        ("rtsp://joe:secret@cam:port/1", "this is no address"),
        ("http://joe:secret@[::1/1", "this is no address"),
        (
            "rtsp://joe:secret/1@cam/1",
            "rtsp://...: this is no address; expected one such as rtsp://10.0.0.7/live, with %2F",
        ),
    ],
)
def test_what_is_wrong_with_an_address_is_told_without_its_password(url, message):
    port = free_port()
    with pytest.raises(SourceError, match=re.escape(message.format(port=port))) as error:
        check_reachable(url.format(port=port))
    assert "secret" not in str(error.value)


def test_a_machine_that_does_not_answer_is_told(monkeypatch):
    monkeypatch.setattr("sources.reach.REACH_LIMIT", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for client in waiting:  # the kernel takes no more than one or two for it
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        with pytest.raises(SourceError, match=r"did not answer within 0.3 s; check the address, and that the camera"):
            check_reachable(f"rtsp://127.0.0.1:{port}/live")
        for client in waiting:
            client.close()


def test_a_camera_that_listens_passes():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        check_reachable(f"rtsp://127.0.0.1:{listening.getsockname()[1]}/live")


def test_what_is_not_reached_over_tcp_is_left_to_be_tried():
    check_reachable("udp://239.0.0.1:1234")


@pytest.mark.parametrize(
    ("scheme", "port"), [("http", 80), ("https", 443), ("rtsp", 554), ("RTSP", 554), ("rtsps", 322), ("rtmp", 1935)]
)
def test_an_address_without_a_port_is_reached_at_its_usual_one(monkeypatch, scheme, port):
    asked = []

    def connect(address, limit):
        asked.append((address, limit))
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", connect)
    check_reachable(f"{scheme}://camera/live")
    check_reachable(f"{scheme}://camera:99/live")
    assert asked == [(("camera", port), REACH_LIMIT), (("camera", 99), REACH_LIMIT)]


@pytest.mark.parametrize("error", [OSError(113, "No route to host"), OSError("odd")])
def test_a_network_that_leads_nowhere_is_told(monkeypatch, error):
    def refuse(*_):
        raise error

    monkeypatch.setattr(socket, "create_connection", refuse)
    message = "camera cannot be reached (" + (error.strerror or "odd") + "); check the network"
    with pytest.raises(SourceError, match=re.escape(message)):
        check_reachable("rtsp://camera/live")
