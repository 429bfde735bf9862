"""The camera that a request means."""

import re

from flask import Response, abort, current_app, request

from engine import Engine
from server import Server
from web.problems import problem

VIEWER_ID = re.compile(r"[A-Za-z0-9-]{0,64}")


def the_server() -> Server:
    """The server that this application was made for."""
    server: Server = current_app.extensions["server"]
    return server


def chosen_camera() -> Engine:
    """The camera named by `?camera=`, or the first one; ends the request with 404 where there is none of that name."""
    engines = the_server().engines
    name = request.args.get("camera") or next(iter(engines))
    if name not in engines:
        abort(unknown_camera(name))
    return engines[name]


def unknown_camera(name: str) -> Response:
    """A 404 that names the cameras there are."""
    known = ", ".join(the_server().engines)
    return problem(404, "Unknown camera", f"There is no camera called {name!r}; there is: {known}.")


def viewer_id() -> str:
    """The id that a page gave its stream by `?viewer=`, or an empty one; ends the request with 400 for another form."""
    viewer = request.args.get("viewer", "")
    if not VIEWER_ID.fullmatch(viewer):
        abort(problem(400, "Bad viewer id", "A viewer id has up to 64 letters, digits and hyphens."))
    return viewer
