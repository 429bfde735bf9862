"""Endless answers: the items of a hub, as they come."""

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
"""`X-Accel-Buffering` makes nginx pass on each item as it comes."""


def headers_only(mimetype: str) -> Response:
    """Return the headers of such an answer alone, so that a HEAD request opens no camera."""
    return Response(mimetype=mimetype, headers=HEADERS)


def stream_response(
    hub: Hub[Sent], viewer: Viewer, opening: bytes, mimetype: str, leave: Callable[[], None]
) -> Response:
    """Return an answer that sends `opening` and then a hub's newest items until the viewer leaves or the hub ends.

    `leave` is called when it is over, even if it was never started.
    """
    body = _body(the_server().fanout, hub, viewer, opening)
    # On close, not in the generator's own finally: a generator that was never started would skip it.
    response = Response(body, mimetype=mimetype, headers=HEADERS)
    response.call_on_close(leave)
    return response


def _body(fan: Fanout, hub: Hub[Sent], viewer: Viewer, opening: bytes) -> Iterator[bytes]:
    """Under gunicorn one thread writes to all sockets; with other servers each viewer's thread writes to its own."""
    connection, protocol = request.environ.get("gunicorn.socket"), request.environ.get("SERVER_PROTOCOL")
    if fanout.SUPPORTED and type(connection) is socket.socket and protocol in ("HTTP/1.0", "HTTP/1.1"):
        return _hand_over(fan, hub, viewer, opening, connection, chunked=protocol == "HTTP/1.1")
    return parts(hub, viewer, opening)


def _hand_over(
    fan: Fanout, hub: Hub[Sent], viewer: Viewer, opening: bytes, connection: socket.socket, chunked: bool
) -> Iterator[bytes]:
    yield opening  # the web server sends its headers with it; after that, the fan-out owns the connection
    fan.serve(hub, viewer, connection, chunked)
    with suppress(OSError):  # no further request is read: a stopping server would wait two seconds for one
        connection.shutdown(socket.SHUT_RD)
