"""What programs ask: the state of the cameras, and whether the server is well."""

from flask import Blueprint, Response, jsonify, request

from errors import BundleError
from web.cameras import the_server, unknown_camera, viewer_id
from web.problems import problem

blueprint = Blueprint("api", __name__)


@blueprint.get("/api/state")
def state() -> Response:
    """Cameras, frames per second, viewers, faces now, latency and model, as JSON."""
    told = the_server().state(viewer_id())
    name = request.args.get("camera")
    if name:
        told["cameras"] = [camera for camera in told["cameras"] if camera["name"] == name]
        if not told["cameras"]:
            return unknown_camera(name)
    response = jsonify(told)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 when the model is loaded, so that a camera can be watched; else 503 and why not."""
    try:
        model = the_server().model
    except BundleError as error:
        return problem(503, "Not ready", str(error))
    return jsonify({"status": "ok", "model": model.name, "cameras": list(the_server().engines)})
