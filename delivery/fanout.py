"""One thread that writes the newest part to many viewers' sockets, where the web server gives access to them.

A thread per viewer would be woken for each frame, and all of them would wait for the interpreter. Here their threads
sleep while this one writes, with epoll(7): a viewer costs one `send` per frame.

The viewer's thread stays the web server's, so that its limits, log and stop apply. Werkzeug's server, HTTP/2 and TLS
are served by `stream.parts` in the viewer's own thread instead.
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
"""Whether this system supports it: Linux does."""
HANG_UP = 0x2000 | 0x8 | 0x10
"""EPOLLRDHUP, EPOLLERR and EPOLLHUP: the viewer has disconnected, or read nothing for too long."""
TICK = 0.25
"""Seconds between checks whether an unchanged picture must be sent again."""
LONGEST_WAIT = 60.0


class Fanout:
    """Serves any number of viewers of any number of hubs. Its thread starts with the first viewer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._waiting: list[tuple[AnyHub, Client]] = []
        self._groups: dict[AnyHub, HubClients] = {}
        self._clients: dict[int, tuple[HubClients, Client]] = {}
        self._repeat_at = 0.0
        self._poll: select.epoll
        self._wakeup_fd = -1

    def serve(self, hub: AnyHub, viewer: Viewer, connection: socket.socket, chunked: bool) -> None:
        """Write a hub's parts to a connection until its viewer disconnects or the hub ends; the caller's thread sleeps.

        Args:
            hub: the hub whose newest parts are sent; the stream's opening must have been written.
            viewer: the viewer who is served.
            connection: a socket in blocking mode that nothing else writes to meanwhile; it is left open.
            chunked: whether each part is to be framed as a chunk (RFC 9112, 7.1).
        """
        client = Client(connection, viewer, chunked)
        with self._lock:
            if self._closed:
                return
            self._start()
            self._waiting.append((hub, client))
        self._wake()
        while not client.done.wait(LONGEST_WAIT):
            pass

    def close(self, timeout: float = 1.0) -> None:
        """End every viewer's stream and the thread for good."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._wake()
            thread.join(timeout)

    def _start(self) -> None:
        if self._thread is None:
            self._poll = select.epoll()
            self._wakeup_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            self._poll.register(self._wakeup_fd, select.EPOLLIN)
            self._thread = threading.Thread(target=self._run, name="fanout", daemon=True)
            self._thread.start()

    def _wake(self) -> None:
        """Wake the thread; may be called from any other."""
        with self._lock:
            if self._wakeup_fd >= 0:
                os.eventfd_write(self._wakeup_fd, 1)

    def _run(self) -> None:
        try:
            while not self._closed:
                self._step()
        except Exception:
            log.exception("the fan-out thread failed; its viewers will reconnect")
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._thread, wakeup_fd, self._wakeup_fd = None, self._wakeup_fd, -1
            waiting, self._waiting = self._waiting, []
        for group, client in list(self._clients.values()):
            self._leave(group, client)
        for _, client in waiting:
            client.done.set()
        self._poll.close()
        os.close(wakeup_fd)

    def _step(self) -> None:
        events = dict(self._poll.poll(TICK if self._clients else LONGEST_WAIT))
        if events.pop(self._wakeup_fd, 0):
            os.eventfd_read(self._wakeup_fd)
        self._add_waiting()
        now = time.monotonic()
        again = now >= self._repeat_at
        if again:
            self._repeat_at = now + TICK
        for group in list(self._groups.values()):
            self._send_new(group, again)
        for number, kind in events.items():  # last, so that sockets writable again get the newest part
            self._handle_event(number, kind)

    def _add_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for hub, client in waiting:
            try:
                self._poll.register(client.number, select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET)
            except (OSError, ValueError):  # closed meanwhile, or the system's limit is reached
                client.done.set()
                continue
            group = self._groups.get(hub)
            if group is None:
                group = self._groups[hub] = HubClients(hub)
                hub.add_listener(self._wake)
            group.clients.add(client)
            self._clients[client.number] = group, client
            if group.sequence:
                self._offer(group, client)

    def _leave(self, group: HubClients, client: Client) -> None:
        with suppress(OSError):  # a closed socket is already unregistered
            self._poll.unregister(client.number)
        del self._clients[client.number]
        group.clients.remove(client)
        if not group.clients:
            group.hub.remove_listener(self._wake)
            del self._groups[group.hub]
        if client.busy:  # a cut part must not look like the end of a stream, nor may anything more be written after it
            with suppress(OSError):  # the connection may be broken already
                client.connection.shutdown(socket.SHUT_RDWR)
        client.done.set()

    def _handle_event(self, number: int, kind: int) -> None:
        """Handle a viewer's socket that was closed, or can take more."""
        if number not in self._clients:
            return
        group, client = self._clients[number]
        if kind & HANG_UP:
            self._leave(group, client)
        elif client.blocked:  # there may be a newer part by now than the one that did not fit
            client.viewer.skip_to(group.sequence)
            self._send(group, client)
        elif client.rest is not None:
            self._write(group, client, client.rest)
            if not client.busy and not client.viewer.was_offered(group.sequence):
                self._offer(group, client)

    def _send_new(self, group: HubClients, again: bool) -> None:
        """Send a hub's clients its new part; with `again`, repeat the old one where nothing was sent for long."""
        try:
            newer = group.refresh()
        except Ended:
            for client in list(group.clients):
                self._leave(group, client)
            return
        for client in list(group.clients) if newer or again else ():
            if client.busy:
                continue
            if newer:
                self._offer(group, client)
            elif group.sequence and client.viewer.idle_for(REPEAT_AFTER):
                self._send(group, client)

    def _offer(self, group: HubClients, client: Client) -> None:
        if client.viewer.should_send(group.sequence):
            self._send(group, client)

    def _send(self, group: HubClients, client: Client) -> None:
        self._write(group, client, group.chunk if client.chunked else group.plain)

    def _write(self, group: HubClients, client: Client, data: bytes | memoryview) -> None:
        try:
            client.write(data)
        except OSError:
            self._leave(group, client)
            return
        if not client.busy:
            client.viewer.record_sent(len(group.plain))
