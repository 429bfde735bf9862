"""The state of the cameras as JSON."""

from flask import Blueprint, Response, jsonify, request, url_for

from delivery.cameras import Camera
from web.cameras import the_server, unknown_camera
from web.description.live_answers import Cameras, ServerState
from web.description.operations import Answer, operation
from web.description.parameters import CAMERA, VIEWER
from web.view_query import viewer_ids

blueprint = Blueprint("api", __name__)


@blueprint.get("/api/state")
@operation(
    "Live",
    {200: Answer("The state of all cameras, or of the named one", kind=ServerState)},
    {400: "A viewer id has another form", 404: "There is no such camera"},
    (CAMERA, VIEWER),
)
def state() -> Response:
    """Cameras, faces now, rates, delays, dropped frames and why, viewers, memory and model, as JSON."""
    server_state = the_server().state(viewer_ids())
    name = request.args.get("camera")
    if name:
        server_state["cameras"] = [camera for camera in server_state["cameras"] if camera["name"] == name]
        if not server_state["cameras"]:
            return unknown_camera(name)
    return _fresh(server_state)


@blueprint.get("/api/cameras")
@operation("Live", {200: Answer("The cameras", kind=Cameras)})
def cameras() -> Response:
    """The cameras with their addresses, in their order."""
    return _fresh({"cameras": [_about(engine) for engine in the_server().cameras.values()]})


def _about(engine: Camera) -> dict[str, object]:
    state = {key: value for key, value in engine.state().items() if key in ("name", "source", "status", "viewers")}
    addresses = {
        "video_feed": url_for("live.video_feed", camera=engine.name),
        "snapshot": url_for("live.snapshot", camera=engine.name),
        "state": url_for("api.state", camera=engine.name),
    }
    return {**state, **addresses}


def _fresh(content: dict[str, object]) -> Response:
    response = jsonify(content)
    response.headers["Cache-Control"] = "no-store"
    return response
