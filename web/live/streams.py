"""The body of an answer that lasts: the items of a hub, as they come."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

from flask import Response, request

from delivery import fanout
from delivery.fanout import Fanout
from delivery.stream import Hub, Sent, parts
from delivery.viewers import Viewer
from web.cameras import the_server

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""nginx is told to pass on each item as it comes."""


def headed(mimetype: str) -> Response:
    """The head of such an answer alone: who asks for no more opens no camera."""
    return Response(mimetype=mimetype, headers=HEADERS)


def streamed(hub: Hub[Sent], viewer: Viewer, opening: bytes, mimetype: str, leave: Callable[[], None]) -> Response:
    """An answer that sends an opening and then a hub's newest items until the viewer leaves or the hub ends.

    `leave` is called when it is over, even where it never began.
    """
    body = _body(the_server().fanout, hub, viewer, opening)
    # On close, not in the generator's own finally: a generator that was never begun would skip it.
    response = Response(body, mimetype=mimetype, headers=HEADERS)
    response.call_on_close(leave)
    return response


def _body(fan: Fanout, hub: Hub[Sent], viewer: Viewer, opening: bytes) -> Iterator[bytes]:
    """Under gunicorn one thread writes to all sockets; elsewhere each viewer's thread writes to its own."""
    connection, protocol = request.environ.get("gunicorn.socket"), request.environ.get("SERVER_PROTOCOL")
    if fanout.POSSIBLE and type(connection) is socket.socket and protocol in ("HTTP/1.0", "HTTP/1.1"):
        return _handed_over(fan, hub, viewer, opening, connection, chunked=protocol == "HTTP/1.1")
    return parts(hub, viewer, opening)


def _handed_over(
    fan: Fanout, hub: Hub[Sent], viewer: Viewer, opening: bytes, connection: socket.socket, chunked: bool
) -> Iterator[bytes]:
    yield opening  # the web server sends its own head with it; after that, the connection is ours
    fan.serve(hub, viewer, connection, chunked)
    with suppress(OSError):  # no further request is read: a server that stops would wait two seconds for one
        connection.shutdown(socket.SHUT_RD)
