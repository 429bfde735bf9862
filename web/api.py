"""What programs ask: the state of the cameras, and whether the server is well."""

from flask import Blueprint, Response, jsonify, request, url_for

from engine import Engine
from errors import BundleError
from web.cameras import the_server, unknown_camera
from web.problems import problem
from web.wishes import viewer_ids

blueprint = Blueprint("api", __name__)


@blueprint.get("/api/state")
def state() -> Response:
    """Cameras, faces now, rates, delays, what was dropped and why, viewers, memory and model, as JSON."""
    told = the_server().state(viewer_ids())
    name = request.args.get("camera")
    if name:
        told["cameras"] = [camera for camera in told["cameras"] if camera["name"] == name]
        if not told["cameras"]:
            return unknown_camera(name)
    return _fresh(told)


@blueprint.get("/api/cameras")
def cameras() -> Response:
    """The cameras with their addresses, in their order."""
    return _fresh({"cameras": [_about(engine) for engine in the_server().engines.values()]})


def _about(engine: Engine) -> dict[str, object]:
    told = {key: value for key, value in engine.state().items() if key in ("name", "source", "status", "viewers")}
    addresses = {
        "video_feed": url_for("live.video_feed", camera=engine.name),
        "snapshot": url_for("live.snapshot", camera=engine.name),
        "state": url_for("api.state", camera=engine.name),
    }
    return {**told, **addresses}


def _fresh(told: dict[str, object]) -> Response:
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
