"""What stands in addresses: parts that Werkzeug has no converter for, and what stands before them all."""

from flask import Flask, Response, request
from werkzeug.routing import BaseConverter

from web.problems import problem


class FileName(BaseConverter):
    """A file's name with an ending: so that nothing else below an id, such as `stop`, is taken for one."""

    regex = r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+"


def register(app: Flask) -> None:
    """Have an application know `<filename:...>`; before its blueprints, which use it."""
    app.url_map.converters["filename"] = FileName
    app.before_request(refuse_beside)


def refuse_beside() -> Response | None:
    """A refusal of an address that begins like the application's own root and goes on: `/facesevil` is not `/faces`."""
    inside = request.environ.get("PATH_INFO", "")
    if not inside or inside.startswith("/"):
        return None
    told = f"There is nothing at {request.script_root}{inside[:100]}; all addresses begin with {request.script_root}/."
    return problem(404, "Not Found", told)
