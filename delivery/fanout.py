"""One thread that writes the newest part to many viewers' sockets, where the web server lets us have them.

A thread for each viewer would have to be woken for each frame, and every one of them would wait for the interpreter.
Here their threads sleep while this one writes, with epoll(7): a viewer costs one `send` a frame.

The viewer's thread stays the web server's, so that its limits, its log and its stop hold. Werkzeug's server, HTTP/2 and
TLS are served by `stream.parts` in the viewer's own thread instead.
"""

import logging
import os
import select
import socket
import threading
import time
from contextlib import suppress

from delivery.clients import AnyHub, Client, HubClients
from delivery.stream import REPEAT_AFTER, Ended
from delivery.viewers import Viewer

log = logging.getLogger("fanout")

SUPPORTED = hasattr(select, "epoll") and hasattr(os, "eventfd")
"""Whether this system can do it: Linux can."""
HANG_UP = 0x2000 | 0x8 | 0x10
"""EPOLLRDHUP, EPOLLERR and EPOLLHUP: the viewer has left, or took nothing for too long."""
TICK = 0.25
"""Seconds after which it is looked whether somebody must be sent an unchanged picture again."""
LONGEST_WAIT = 60.0


class Fanout:
    """Serves any number of viewers of any number of hubs. Its thread starts with the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._waiting: list[tuple[AnyHub, Client]] = []
        self._rows: dict[AnyHub, HubClients] = {}
        self._places: dict[int, tuple[HubClients, Client]] = {}
        self._repeat_at = 0.0
        self._poll: select.epoll
        self._bell = -1

    def serve(self, hub: AnyHub, viewer: Viewer, connection: socket.socket, chunked: bool) -> None:
        """Write a hub's parts to a connection until its viewer leaves or the hub ends; the caller's thread sleeps.

        Args:
            hub: whose newest parts are sent; the stream's opening must have gone out.
            viewer: what is wanted of it.
            connection: a socket in blocking mode that nobody else writes to meanwhile; left open.
            chunked: whether each part is to be framed as a chunk (RFC 9112, 7.1).
        """
        client = Client(connection, viewer, chunked)
        with self._lock:
            if self._closed:
                return
            self._start()
            self._waiting.append((hub, client))
        self._ring()
        while not client.done.wait(LONGEST_WAIT):
            pass

    def close(self, timeout: float = 1.0) -> None:
        """End every viewer's stream and the thread, for good."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._ring()
            thread.join(timeout)

    def _start(self) -> None:
        if self._thread is None:
            self._poll = select.epoll()
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._poll.register(self._bell, select.EPOLLIN)
            self._thread = threading.Thread(target=self._run, name="fanout", daemon=True)
            self._thread.start()

    def _ring(self) -> None:
        """Wake the thread; called from any other."""
        with self._lock:
            if self._bell >= 0:
                os.eventfd_write(self._bell, 1)

    def _run(self) -> None:
        try:
            while not self._closed:
                self._turn()
        except Exception:
            log.exception("the fan-out thread failed; its viewers will come again")
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._thread, bell, self._bell = None, self._bell, -1
            waiting, self._waiting = self._waiting, []
        for row, client in list(self._places.values()):
            self._leave(row, client)
        for _, client in waiting:
            client.done.set()
        self._poll.close()
        os.close(bell)

    def _turn(self) -> None:
        events = dict(self._poll.poll(TICK if self._places else LONGEST_WAIT))
        if events.pop(self._bell, 0):
            os.eventfd_read(self._bell)
        self._admit()
        now = time.monotonic()
        again = now >= self._repeat_at
        if again:
            self._repeat_at = now + TICK
        for row in list(self._rows.values()):
            self._pass_on(row, again)
        for number, kind in events.items():  # last, so that who can take more again gets what is newest
            self._attend(number, kind)

    def _admit(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for hub, client in waiting:
            try:
                self._poll.register(client.number, select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
            except (OSError, ValueError):  # it was closed meanwhile, or the system watches no more; the others stay
                client.done.set()
                continue
            row = self._rows.get(hub)
            if row is None:
                row = self._rows[hub] = HubClients(hub)
                hub.add_listener(self._ring)
            row.clients.add(client)
            self._places[client.number] = row, client
            if row.sequence:
                self._offer(row, client)

    def _leave(self, row: HubClients, client: Client) -> None:
        with suppress(OSError):  # where somebody has closed it, the system has forgotten it
            self._poll.unregister(client.number)
        del self._places[client.number]
        row.clients.remove(client)
        if not row.clients:
            row.hub.remove_listener(self._ring)
            del self._rows[row.hub]
        if client.busy:  # a part cut in two must not look like the end of a stream, nor may the last word to it wait
            with suppress(OSError):  # it may be broken already
                client.connection.shutdown(socket.SHUT_RDWR)
        client.done.set()

    def _attend(self, number: int, kind: int) -> None:
        """A viewer left, or can take more."""
        if number not in self._places:
            return
        row, client = self._places[number]
        if kind & HANG_UP:
            self._leave(row, client)
        elif client.blocked:  # by now there may be a newer part than the one that was to be sent
            client.viewer.skip_to(row.sequence)
            self._send(row, client)
        elif client.rest is not None:
            self._write(row, client, client.rest)
            if not client.busy and not client.viewer.was_offered(row.sequence):
                self._offer(row, client)

    def _pass_on(self, row: HubClients, again: bool) -> None:
        """Offer a row what is newer; with `again`, send the same once more to whom nothing was sent for long."""
        try:
            newer = row.refresh()
        except Ended:
            for client in list(row.clients):
                self._leave(row, client)
            return
        for client in list(row.clients) if newer or again else ():
            if client.busy:
                continue
            if newer:
                self._offer(row, client)
            elif row.sequence and client.viewer.idle_for(REPEAT_AFTER):
                self._send(row, client)

    def _offer(self, row: HubClients, client: Client) -> None:
        if client.viewer.should_send(row.sequence):
            self._send(row, client)

    def _send(self, row: HubClients, client: Client) -> None:
        self._write(row, client, row.chunk if client.chunked else row.plain)

    def _write(self, row: HubClients, client: Client, data: bytes | memoryview) -> None:
        try:
            client.write(data)
        except OSError:
            self._leave(row, client)
            return
        if not client.busy:
            client.viewer.record_sent(len(row.plain))
