"""The camera that a request means."""

from flask import Response, abort, current_app, request

from engine import Engine
from server import Server
from web.problems import problem


def the_server() -> Server:
    """The server that this application was made for."""
    server: Server = current_app.extensions["server"]
    return server


def chosen_camera(name: str = "") -> Engine:
    """The camera named by the address or by `?camera=`, or the first one; ends the request with 404 for an unknown."""
    engines = the_server().engines
    name = name or request.args.get("camera") or next(iter(engines))
    if name not in engines:
        abort(unknown_camera(name))
    return engines[name]


def unknown_camera(name: str) -> Response:
    """A 404 that names the cameras there are."""
    known = ", ".join(the_server().engines)
    return problem(404, "Unknown camera", f"There is no camera called {name!r}; there is: {known}.")
