"""Liveness and readiness, for supervisors and load balancers."""

from flask import Blueprint, Response, jsonify

from errors import BundleError, DetectorError
from web.cameras import the_server
from web.description.answers import Health, Ready
from web.description.operations import Answer, operation
from web.problems import not_ready, problem

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@operation("Server", {200: Answer("The process is alive", kind=Health)})
def healthz() -> Response:
    """200 as long as the process answers; it checks nothing else, since a restart would not help."""
    return _fresh(jsonify({"status": "ok"}))


@blueprint.get("/readyz")
@operation("Server", {200: Answer("A camera can be watched", kind=Ready)}, {503: "Not yet, or no longer"})
def readyz() -> Response:
    """200 when a camera can be watched: its networks are loaded, and the server is not stopping; else 503 and why."""
    server = the_server()
    if server.visitors.closing:
        return _fresh(problem(503, "Not ready", "The server is stopping.", Retry_After="5"))
    try:
        server.load()
    except (BundleError, DetectorError) as error:
        return _fresh(not_ready(error))
    return _fresh(jsonify({"status": "ready", "model": server.model.name, "detector": server.detector}))


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
