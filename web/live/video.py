"""The live picture: as a stream and as a single frame."""

import time

from flask import Blueprint, Response, request

from delivery.cameras import Camera
from delivery.stream import BOUNDARY, OPENING, Ended, Hub, Outgoing, Picture
from delivery.viewers import Viewer
from service.server import Full
from web.cameras import chosen_camera, the_server
from web.description.operations import Answer, operation
from web.description.parameters import CAMERA, LOOK, REFUSED, VIEWER, WISHED
from web.live.streams import headed, streamed
from web.problems import problem
from web.view_query import view, viewer

blueprint = Blueprint("live", __name__)

SNAPSHOT_LIMIT = 5.0
"""Seconds for which a snapshot waits for a camera that is just being opened."""
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/video_feed")
@blueprint.get("/video_feed/<camera>")
@operation(
    "Live",
    {200: Answer("Pictures without end, each a part with its length", ["multipart/x-mixed-replace"])},
    {**REFUSED, 503: "As many watch as may, or in as many looks"},
    [CAMERA, VIEWER, *WISHED],
)
def video_feed(camera: str = "") -> Response:
    """The annotated video as multipart/x-mixed-replace, `Content-Length` on every part."""
    engine, watching = chosen_camera(camera), viewer()
    mimetype = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    if request.method == "HEAD":
        return headed(mimetype)
    try:
        hub = the_server().enter(engine, watching)
    except Full as full:
        return _full(full)
    return streamed(hub, watching, OPENING, mimetype, lambda: engine.leave(watching))


@blueprint.get("/snapshot.jpg")
@blueprint.get("/snapshot/<camera>.jpg")
@operation(
    "Live",
    {200: Answer("The picture", ["image/jpeg"], headers={"X-Timestamp": "When it was taken", "X-Frame": "Its number"})},
    {**REFUSED, 503: "The camera gives no picture, is shown in as many looks as may be, or many wait for one"},
    [CAMERA, *LOOK],
)
def snapshot(camera: str = "") -> Response:
    """The newest annotated frame; opens the camera for it where nobody is watching."""
    engine, watching = chosen_camera(camera), Viewer(view=view())
    try:
        with the_server().enter_snapshot(engine, watching) as hub:
            lost = engine.brief()["status"] == "lost"  # it is being opened again, which may take for ever
            picture = None if lost else _newest_frame(hub, SNAPSHOT_LIMIT)
    except Full as full:
        return _full(full)
    if picture is None:
        return _no_picture(engine)
    headers = {**NO_STORE, "X-Timestamp": f"{picture.captured_at:.6f}", "X-Frame": str(picture.number)}
    return Response(picture.jpeg, mimetype="image/jpeg", headers=headers)


def _full(full: Full) -> Response:
    return problem(503, "Too many viewers", str(full), Retry_After="5")


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


def _no_picture(engine: Camera) -> Response:
    message = engine.state()["message"] or "it gave no frame in time"
    return problem(503, "No picture", f"The camera {engine.name!r} has no picture: {message}.", Retry_After="2")
