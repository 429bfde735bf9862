"""URL converters, and the refusal of addresses outside the application's root."""

from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from web.problems import problem


class FileName(BaseConverter):
    """A file name with an extension, so that no action below an id, such as `stop`, matches."""

    regex = r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+"


def register(app: Flask) -> None:
    """Register `<filename:...>` with an application; call it before its blueprints are registered."""
    app.url_map.converters["filename"] = FileName
    app.before_request(refuse_outside_root)


def refuse_outside_root() -> Response | None:
    """Refuse an address that only begins like the application's root: `/facesevil` is not `/faces`."""
    path = request.environ.get("PATH_INFO", "")
    if not path or path.startswith("/"):
        return None
    detail = f"There is nothing at {request.script_root}{path[:100]}; all addresses begin with {request.script_root}/."
    return problem(404, "Not Found", detail)
