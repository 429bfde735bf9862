import socket
from collections.abc import Iterator

import pytest

from delivery.clients import Client, HubClients
from delivery.events import Event
from delivery.stream import Ended, Hub
from delivery.viewers import Viewer


@pytest.fixture
def pair() -> Iterator[tuple[Client, socket.socket]]:
    server, peer = socket.socketpair()
    peer.settimeout(5)
    yield Client(server, Viewer(), chunked=False), peer
    for end in (server, peer):
        end.close()


def test_a_part_that_the_kernel_takes_whole_leaves_nothing(pair):
    client, peer = pair
    assert (client.number, client.busy) == (client.connection.fileno(), False)
    client.write(b"whole")
    assert peer.recv(9) == b"whole"
    assert (client.busy, client.blocked, client.rest) == (False, False, None)


def test_a_part_that_the_kernel_takes_in_part_is_kept_from_there_on(pair):
    client, peer = pair
    part = bytes(range(256)) * 8192
    client.write(part)
    assert client.busy
    assert not client.blocked
    begun = len(part) - len(client.rest)
    assert 0 < begun < len(part)
    assert bytes(client.rest) == part[begun:]
    before = bytes(client.rest)
    client.write(client.rest)
    assert bytes(client.rest) == before, "the kernel took nothing, and the part was begun"
    assert not client.blocked
    read = b""
    while len(read) < len(part):
        read += peer.recv(1 << 20)
        if client.rest is not None:
            client.write(client.rest)
    assert read == part
    assert not client.busy


def test_a_part_that_was_not_begun_is_not_kept(pair):
    client, peer = pair
    filling = bytes(4096)
    while not client.busy:
        client.write(filling)
    if client.rest is not None:  # the last one was cut
        peer.recv(len(filling) - len(client.rest))
        while client.rest is not None:
            client.write(client.rest)
            peer.recv(1)
        while not client.blocked:
            client.write(b"x")
    assert (client.busy, client.rest) == (True, None)


def test_a_viewer_who_is_gone_is_told(pair):
    client, peer = pair
    peer.close()
    with pytest.raises(OSError, match="Broken pipe"):
        client.write(b"part")


def test_the_clients_of_a_hub_take_each_part_once_in_both_forms_until_the_end():
    hub: Hub[Event] = Hub()
    group = HubClients(hub)
    assert group.refresh() is False
    hub.publish(Event(b"x" * 31))
    assert group.refresh() is True
    assert (group.sequence, group.plain, group.chunk) == (
        1,
        b"x" * 31,
        b"1F\r\n" + b"x" * 31 + b"\r\n",
    )
    assert group.refresh() is False
    hub.publish(Event(b"y"))
    assert group.refresh() is True
    assert (group.sequence, group.chunk) == (2, b"1\r\ny\r\n")
    hub.clear()
    assert group.refresh() is False
    hub.close()
    with pytest.raises(Ended):
        group.refresh()
