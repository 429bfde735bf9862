"""The live picture: as a stream and as a single frame."""

import socket
import time
from collections.abc import Iterator

from flask import Blueprint, Response, request

from delivery import fanout
from delivery.fanout import Fanout
from delivery.stream import BOUNDARY, OPENING, Ended, Hub, Outgoing, Picture, parts
from delivery.viewers import Viewer
from engine import Engine
from server import Full
from web.cameras import chosen_camera, the_server
from web.problems import problem
from web.wishes import viewer, width

blueprint = Blueprint("live", __name__)

SNAPSHOT_LIMIT = 5.0
"""Seconds for which a snapshot waits for a camera that is just being opened."""
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/video_feed")
@blueprint.get("/video_feed/<camera>")
def video_feed(camera: str = "") -> Response:
    """The annotated video as multipart/x-mixed-replace, `Content-Length` on every part."""
    engine, watching = chosen_camera(camera), viewer()
    try:
        hub = the_server().enter(engine, watching)
    except Full as full:
        return problem(503, "Too many viewers", str(full), Retry_After="5")
    body = _body(the_server().fanout, hub, watching)
    # On close, not in the generator's own finally: a generator that was never begun would skip it.
    response = Response(body, mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}", headers=NO_STORE)
    response.call_on_close(lambda: engine.leave(watching))
    return response


def _body(fan: Fanout, hub: Hub[Outgoing], watching: Viewer) -> Iterator[bytes]:
    """Under gunicorn one thread writes to all sockets; elsewhere each viewer's thread writes to its own."""
    connection, protocol = request.environ.get("gunicorn.socket"), request.environ.get("SERVER_PROTOCOL")
    if fanout.POSSIBLE and type(connection) is socket.socket and protocol in ("HTTP/1.0", "HTTP/1.1"):
        return _handed_over(fan, hub, watching, connection, chunked=protocol == "HTTP/1.1")
    return parts(hub, watching)


def _handed_over(
    fan: Fanout, hub: Hub[Outgoing], watching: Viewer, connection: socket.socket, chunked: bool
) -> Iterator[bytes]:
    yield OPENING  # the web server sends its own head with it; after that, the connection is ours
    fan.serve(hub, watching, connection, chunked)


@blueprint.get("/snapshot.jpg")
@blueprint.get("/snapshot/<camera>.jpg")
def snapshot(camera: str = "") -> Response:
    """The newest annotated frame; opens the camera for it where nobody is watching."""
    engine, watching = chosen_camera(camera), Viewer(width=width())
    hub = engine.enter(watching)  # not held to the limit: it is over at once, and who is watching may want one
    try:
        picture = _newest_frame(hub, SNAPSHOT_LIMIT)
    finally:
        engine.leave(watching)
    if picture is None:
        return _no_picture(engine)
    headers = {**NO_STORE, "X-Timestamp": f"{picture.captured_at:.6f}", "X-Frame": str(picture.number)}
    return Response(picture.jpeg, mimetype="image/jpeg", headers=headers)


def _newest_frame(hub: Hub[Outgoing], limit: float) -> Picture | None:
    """The newest picture that a camera took; None where only drawn notices came within `limit` seconds."""
    until, sequence = time.monotonic() + limit, 0
    while (left := until - time.monotonic()) > 0:
        try:
            sequence, outgoing = hub.newest(sequence, timeout=left)
        except (TimeoutError, Ended):
            break
        if not outgoing.picture.drawn:
            return outgoing.picture
    return None


def _no_picture(engine: Engine) -> Response:
    message = engine.state()["message"] or "it gave no frame in time"
    return problem(503, "No picture", f"The camera {engine.name!r} has no picture: {message}.", Retry_After="2")
