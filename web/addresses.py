"""What stands in addresses: parts that Werkzeug has no converter for."""

from flask import Flask
from werkzeug.routing import BaseConverter


class FileName(BaseConverter):
    """A file's name with an ending: so that nothing else below an id, such as `stop`, is taken for one."""

    regex = r"[A-Za-z0-9_-]+\.[A-Za-z0-9]+"


def register(app: Flask) -> None:
    """Have an application know `<filename:...>`; before its blueprints, which use it."""
    app.url_map.converters["filename"] = FileName
