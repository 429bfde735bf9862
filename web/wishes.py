"""What a request wishes for its own picture: `?viewer=`, `?width=` and `?fps=`."""

import re

from flask import abort, request

from delivery.viewers import Viewer
from web.problems import problem

VIEWER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
MOST_IDS = 64
WIDTHS = 16, 7680
RATES = 0.1, 240.0


def viewer() -> Viewer:
    """The viewer that a request describes; ends the request with 400 where it makes no sense."""
    return Viewer(next(iter(viewer_ids()), ""), width(), rate())


def viewer_ids() -> list[str]:
    """The ids that a page gave its streams, by `?viewer=` for each; ends the request with 400 for another form."""
    names = [name for name in request.args.getlist("viewer") if name]
    if len(names) > MOST_IDS or not all(VIEWER_ID.fullmatch(name) for name in names):
        told = f"A viewer id has up to 64 letters, digits and hyphens, and a request up to {MOST_IDS} of them."
        abort(problem(400, "Bad viewer id", told))
    return names


def width() -> int:
    """The width in pixels to which pictures are reduced, by `?width=`; 0 for the camera's own."""
    return int(_number("width", r"[0-9]{1,5}", WIDTHS, "a whole number of pixels", "640"))


def rate() -> float:
    """The frames a second that are sent at most, by `?fps=`; 0 for all that the camera gives."""
    return _number("fps", r"[0-9]{1,3}(\.[0-9]{1,6})?", RATES, "frames a second", "10")


def _number(name: str, form: str, bounds: tuple[float, float], what: str, example: str) -> float:
    """A number that a request gives, 0 where it does not; ends the request with 400 for another form or size."""
    text, (low, high) = request.args.get(name, ""), bounds
    if text and not (re.fullmatch(form, text) and low <= float(text) <= high):
        told = f"{name}: got {text[:40]!r}, expected {what} from {low:g} to {high:g}, such as {name}={example}."
        abort(problem(400, f"Bad {name}", told))
    return float(text or 0)
