import errno
import os
import re
import socket
import struct
import threading

import pytest
from gunicorn.util import parse_address

from delivery import network
from delivery.network import MAX_DRAIN, SILENCE_LIMIT, STALL_LIMIT, UNSENT_LIMIT, host_and_port, listen
from errors import SettingError


def asking(address: tuple[str, int]) -> socket.socket:
    """A client that has begun a request; others are not let in."""
    client = socket.create_connection(address, timeout=30)
    client.sendall(b"GET")
    return client


def test_any_free_port_is_taken_for_zero():
    with listen("127.0.0.1", 0) as listening, asking(listening.getsockname()):
        accepted, _ = listening.accept()
        accepted.close()


def test_accepted_connections_inherit_the_limits_for_slow_viewers():
    with listen("127.0.0.1", 0) as listening, asking(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            unsent = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            stall = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert (unsent, stall) == (UNSENT_LIMIT, STALL_LIMIT * 1000)


def test_a_port_that_is_taken_is_told_and_the_next_one_proposed():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(SettingError, match=f"port: {port} on 127.0.0.1 is taken.*--port {port + 1}"):
            listen("127.0.0.1", port)


def test_a_port_can_be_used_again_at_once():
    with listen("127.0.0.1", 0) as listening:
        port = listening.getsockname()[1]
        with asking(("127.0.0.1", port)):
            listening.accept()[0].close()
    listen("127.0.0.1", port).close()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_told(host):
    with pytest.raises(SettingError, match=r"host: .*127.0.0.1 is for this machine only"):
        listen(host, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "camera.example.org"])
def test_gunicorn_reads_what_it_is_told_to_listen_on(host):
    assert parse_address(host_and_port(host, 5000)) == (host, 5000)


class Closing:
    """Stands in for gunicorn's way to close a connection; waits until `go` is set, unless it may take no time."""

    def __init__(self) -> None:
        self.go, self.at_once, self.waited = threading.Event(), [], threading.Semaphore(0)

    def __call__(self, connection: int, timeout: float = 2.0, max_drain: int = 0) -> None:
        if timeout == 0:
            self.at_once.append(connection)
            return
        assert max_drain == MAX_DRAIN
        self.go.wait(10)
        self.waited.release()


def test_a_client_that_does_not_hang_up_is_waited_for_aside_and_of_many_only_for_some(monkeypatch):
    monkeypatch.setattr(network, "MOST_CLOSING", 2)
    closing = Closing()
    close = network.close_in_background(closing)
    for number in range(4):
        close(number)
    assert closing.at_once == [2, 3]
    closing.go.set()
    for thread in threading.enumerate():
        if thread.name == "closing":
            thread.join(30)
    assert all(closing.waited.acquire(timeout=30) for _ in range(2))
    close(4)
    assert closing.waited.acquire(timeout=30), "there is room again"


def test_a_connection_is_closed_at_once_where_no_thread_can_be_started(monkeypatch):
    def no_room(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(network, "MOST_CLOSING", 1)
    closing = Closing()
    close = network.close_in_background(closing)
    with monkeypatch.context() as starting:
        starting.setattr(threading.Thread, "start", no_room)
        for number in range(3):
            close(number)
    assert closing.at_once == [0, 1, 2]
    closing.go.set()
    close(3)
    assert closing.waited.acquire(timeout=30)


@pytest.mark.parametrize("host", ["a..b", "a" * 70, "no-such-machine.invalid"])
def test_what_can_be_no_name_of_a_machine_is_told(host):
    with pytest.raises(SettingError, match=f"host: '{host}' is no address of this machine; 127.0.0.1 is for this"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (errno.EADDRINUSE, "port: 80 on ::1 is taken by another program; end it, or choose another, as --port 81"),
        (errno.EACCES, "port: 80 needs administrator's rights; choose one above 1023"),
        (errno.EADDRNOTAVAIL, "host: cannot listen on [::1]:80 (Cannot assign requested address); 127.0.0.1 is for"),
    ],
)
def test_why_a_port_cannot_be_had_is_told(monkeypatch, number, message):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(SettingError, match=re.escape(message)):
        listen("::1", 80)


def test_who_says_nothing_is_not_let_in_and_who_stops_talking_is_let_go_by_the_kernel():
    with listen("127.0.0.1", 0) as listening:
        deferred = listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT)
        seconds, _ = struct.unpack("ll", listening.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    assert deferred >= SILENCE_LIMIT
    assert seconds == SILENCE_LIMIT


def test_a_socket_that_is_no_network_has_its_time_limit_too():
    with socket.socket(socket.AF_UNIX) as local:
        network.tune(local)
        assert struct.unpack("ll", local.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))[0] == SILENCE_LIMIT


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.7", "10.0.0.7:80"), ("localhost", "localhost:80"), ("::1", "[::1]:80")]
)
def test_only_an_ipv6_address_stands_in_brackets(host, address):
    assert host_and_port(host, 80) == address
