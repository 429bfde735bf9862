"""The camera that a request asks for."""

from flask import Response, abort, current_app, request

from delivery.cameras import Camera
from service.server import Server
from web.problems import problem


def the_server() -> Server:
    """Return the server of this application."""
    server: Server = current_app.extensions["server"]
    return server


def chosen_camera(name: str = "") -> Camera:
    """Return the camera named by the address or `?camera=`, or the first one; aborts with 404 if it is unknown."""
    engines = the_server().cameras
    name = name or request.args.get("camera") or next(iter(engines), "")
    if name not in engines:
        abort(unknown_camera(name))
    return engines[name]


def chosen_cameras() -> tuple[str, ...]:
    """Return the names given by `?camera=` in the server's order, or all; aborts with 404 if one is unknown."""
    engines = the_server().cameras
    names = [name for name in request.args.getlist("camera") if name]
    for name in names:
        if name not in engines:
            abort(unknown_camera(name))
    return tuple(name for name in engines if name in names or not names)


def unknown_camera(name: str) -> Response:
    """Return a 404 that lists the cameras; a 503 if there are none yet."""
    known = ", ".join(the_server().cameras)
    if not known:
        detail = "No camera is published; start one with: main.py camera --name door --source 0."
        return problem(503, "No camera", detail, Retry_After="5")
    return problem(404, "Unknown camera", f"There is no camera called {name!r}; there is: {known}.")
