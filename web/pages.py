"""The live page."""

from flask import Blueprint, render_template

from web.cameras import the_server

blueprint = Blueprint("pages", __name__)

TITLE = "Facial Expressions Live"


@blueprint.get("/")
def index() -> str:
    """The live page."""
    return render_template("index.html", cameras=list(the_server().engines), title=TITLE, notice=the_server().notice)
