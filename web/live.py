"""The live picture: as a stream and as a single frame."""

import time

from flask import Blueprint, Response

from engine import Engine
from server import Full
from stream import BOUNDARY, Ended, Hub, Outgoing, Picture, parts
from web.cameras import chosen_camera, the_server, viewer_id
from web.problems import problem

blueprint = Blueprint("live", __name__)

SNAPSHOT_LIMIT = 5.0
"""Seconds for which a snapshot waits for a camera that is just being opened."""
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/video_feed")
def video_feed() -> Response:
    """The annotated video as multipart/x-mixed-replace, `Content-Length` on every part."""
    engine, viewer = chosen_camera(), viewer_id()
    try:
        the_server().enter(engine, viewer)
    except Full:
        return _full()
    # On close, not in the generator's own finally: a generator that was never begun would skip it.
    response = Response(parts(engine.hub), mimetype=f"multipart/x-mixed-replace; boundary={BOUNDARY}", headers=NO_STORE)
    response.call_on_close(lambda: engine.leave(viewer))
    return response


@blueprint.get("/snapshot.jpg")
def snapshot() -> Response:
    """The newest annotated frame; opens the camera for it where nobody is watching."""
    engine = chosen_camera()
    engine.enter()  # not held to the limit: it is over at once, and who is watching already may want one
    try:
        picture = _newest_frame(engine.hub, SNAPSHOT_LIMIT)
    finally:
        engine.leave()
    if picture is None:
        return _no_picture(engine)
    return Response(
        picture.jpeg, mimetype="image/jpeg", headers={**NO_STORE, "X-Timestamp": f"{picture.captured_at:.6f}"}
    )


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


def _full() -> Response:
    limit = the_server().settings.max_viewers
    return problem(503, "Too many viewers", f"{limit} are watching already; try again shortly.", Retry_After="5")


def _no_picture(engine: Engine) -> Response:
    message = engine.state()["message"] or "it gave no frame in time"
    return problem(503, "No picture", f"The camera {engine.name!r} has no picture: {message}.", Retry_After="2")
