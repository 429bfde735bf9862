"""The live picture: as a stream and as a single frame."""

import time

from flask import Blueprint, Response, request

from delivery.cameras import Camera
from delivery.stream import BOUNDARY, OPENING, Ended, Hub, Outgoing, Picture
from delivery.viewers import Viewer
from service.server import Full
from web.cameras import chosen_camera, the_server
from web.description.operations import Answer, operation
from web.description.parameters import CAMERA, REFUSED, VIEW_OPTIONS, VIEW_QUERY, VIEWER
from web.live.streams import headers_only, stream_response
from web.problems import problem
from web.view_query import view, viewer

blueprint = Blueprint("live", __name__)

SNAPSHOT_LIMIT = 5.0
"""Seconds that a snapshot waits for a camera that is being opened."""
NO_STORE = {"Cache-Control": "no-store"}


@blueprint.get("/video_feed")
@blueprint.get("/video_feed/<camera>")
@operation(
    "Live",
    {200: Answer("Endless pictures, each a part with its length", ["multipart/x-mixed-replace"])},
    {**REFUSED, 503: "The most viewers are connected, or the most view options are in use"},
    [CAMERA, VIEWER, *VIEW_QUERY],
)
def video_feed(camera: str = "") -> Response:
    """The annotated video as multipart/x-mixed-replace, with `Content-Length` on every part."""
    engine, client = chosen_camera(camera), viewer()
    mimetype = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    if request.method == "HEAD":
        return headers_only(mimetype)
    try:
        hub = the_server().enter(engine, client)
    except Full as full:
        return _full(full)
    return stream_response(hub, client, OPENING, mimetype, lambda: engine.leave(client))


@blueprint.get("/snapshot.jpg")
@blueprint.get("/snapshot/<camera>.jpg")
@operation(
    "Live",
    {200: Answer("The picture", ["image/jpeg"], headers={"X-Timestamp": "Capture time", "X-Frame": "Frame number"})},
    {**REFUSED, 503: "The camera has no picture, the most view options are in use, or many wait for a snapshot"},
    [CAMERA, *VIEW_OPTIONS],
)
def snapshot(camera: str = "") -> Response:
    """The newest annotated frame; opens the camera for it if nobody is watching."""
    engine, client = chosen_camera(camera), Viewer(view=view())
    try:
        with the_server().enter_snapshot(engine, client) as hub:
            lost = engine.summary()["status"] == "lost"  # it is being reopened, which may take for ever
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
    """Return the newest picture of a camera; None if only drawn notices came within `limit` seconds."""
    deadline, sequence = time.monotonic() + limit, 0
    while (left := deadline - time.monotonic()) > 0:
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
