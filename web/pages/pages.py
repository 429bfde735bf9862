"""The HTML pages, rendered without any script."""

from pathlib import Path
from typing import Any

from flask import Blueprint, Response, render_template, send_file

from errors import BundleError, DetectorError
from faces import EXPRESSIONS
from model import EmotionModel
from web.cameras import the_server
from web.problems import problem

blueprint = Blueprint("pages", __name__)

DOCS = Path(__file__).resolve().parents[2] / "docs"


@blueprint.get("/")
def index() -> str | Response:
    """The live page; while cameras of other processes are expected and none is known, a page that waits for them."""
    server = the_server()
    cameras = list(server.cameras)
    if not cameras:
        return Response(render_template("no-camera.html"), 503, {"Refresh": "3", "Retry-After": "3"})
    options = {name: getattr(server.view, name) for name in ("bars", "privacy", "threshold", "smoothing")}
    return render_template(
        "index.html", cameras=cameras, notice=server.notice, view_options=options, labels=EXPRESSIONS
    )


@blueprint.get("/pictures")
def pictures() -> str:
    """The page for uploading pictures."""
    settings = the_server().settings
    return render_template("pictures.html", limit=settings.max_picture, threshold=settings.threshold)


@blueprint.get("/videos")
def videos() -> str:
    """The page for uploading videos."""
    settings = the_server().settings
    return render_template(
        "videos.html", limit=settings.max_video, minutes=f"{settings.max_minutes:g}", hours=f"{settings.keep:g}"
    )


@blueprint.get("/about")
def about() -> str:
    """What the network can and cannot recognise, with the figures of its card."""
    common = {"hours": f"{the_server().settings.keep:g}", "detector": _detector()}
    try:
        model = the_server().model
    except BundleError:
        return render_template("about.html", card={}, figures={}, matrix=False, **common)
    context = {"card": model.card, "figures": _figures(model), "matrix": _matrix(model).is_file()}
    return render_template("about.html", **common, **context)


@blueprint.get("/about/confusion.png")
def confusion() -> Response:
    """The confusion matrix of the network as a picture."""
    path = _matrix(the_server().model)
    if not path.is_file():
        return problem(404, "No picture", "There is no confusion matrix of this network; training.evaluate draws one.")
    return send_file(path, max_age=3600)


def _detector() -> str:
    """Return the name of the face detector; empty if it cannot run."""
    try:
        return the_server().detector
    except DetectorError:
        return ""


def _matrix(model: EmotionModel) -> Path:
    name = Path(model.name).name
    return DOCS / f"{name}-confusion.png"


def _figures(model: EmotionModel) -> dict[str, Any]:
    """Return the card's figures for the runtime in use; empty if it has none."""
    figures = model.card.get("figures", {})
    return dict(figures.get(model.runtime, {}).get("validation", {})) if isinstance(figures, dict) else {}
