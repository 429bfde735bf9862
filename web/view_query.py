"""What a request wishes for its own picture: `?viewer=` and `?fps=`, and its look.

A look is `?width=`, `?bars=`, `?privacy=`, `?threshold=`, `?smoothing=` and `?mirror=`.
"""

import re
from collections.abc import Mapping
from typing import Any

from flask import abort, request

from delivery.view_options import PRIVACIES, Privacy, ViewOptions, nearest_smoothing, nearest_threshold
from delivery.viewers import Viewer
from web.cameras import the_server
from web.problems import problem

VIEWER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
MOST_IDS = 64
WIDTHS = 16, 7680
RATES = 0.1, 240.0
DECIMAL = r"-?[0-9]{1,3}(\.[0-9]{1,25})?(e[-+]?[0-9]{1,3})?"

ViewQuery = Mapping[str, Any]
"""Texts by name, as a query has them, or the values of a JSON object."""


def viewer() -> Viewer:
    """The viewer that a request describes; ends the request with 400 where it makes no sense."""
    return Viewer(next(iter(viewer_ids()), ""), view(), rate())


def viewer_ids() -> list[str]:
    """The ids that a page gave its streams, by `?viewer=` for each; ends the request with 400 for another form."""
    names = [name for name in request.args.getlist("viewer") if name]
    if len(names) > MOST_IDS or not all(VIEWER_ID.fullmatch(name) for name in names):
        told = f"A viewer id has up to 64 letters, digits and hyphens, and a request up to {MOST_IDS} of them."
        abort(problem(400, "Bad viewer id", told))
    return names


def rate() -> float:
    """The frames a second that are sent at most, by `?fps=`; 0 for all that the camera gives."""
    return _number(request.args, "fps", RATES, "frames a second", "10") or 0.0


def view(wishes: ViewQuery | None = None) -> ViewOptions:
    """The look that a request wishes for, by its query or by other wishes; the server's usual one where it is silent.

    Thresholds and time constants are rounded to those that may be chosen, and there is never less privacy than the
    server's setting. Ends the request with 400 for another form.
    """
    wishes, usual = request.args if wishes is None else wishes, the_server().view
    share = threshold(wishes)
    seconds = smoothing(wishes)
    return ViewOptions(
        width=_width(wishes),
        bars=_choice(wishes, "bars", ("0", "1"), str(int(usual.bars))) == "1",
        privacy=_privacy(wishes),
        threshold=usual.threshold if share is None else nearest_threshold(share),
        smoothing=usual.smoothing if seconds is None else seconds,
        mirror=_choice(wishes, "mirror", ("0", "1"), "0") == "1",
    ).guarded(usual.privacy)


def threshold(wishes: ViewQuery | None = None) -> float | None:
    """The probability below which an expression is unsure, by `?threshold=`, as it was given; None where none is."""
    return _number(request.args if wishes is None else wishes, "threshold", (0, 1), "a probability", "0.35")


def smoothing(wishes: ViewQuery | None = None) -> float | None:
    """The time constant in seconds, by `?smoothing=`, rounded to one that may be chosen; None where none is given."""
    wishes = request.args if wishes is None else wishes
    seconds = _number(wishes, "smoothing", (0, 10), "seconds", "0.4")
    return None if seconds is None else nearest_smoothing(seconds)


def watches() -> bool:
    """Whether the cameras are to be open for who only listens to them, by `?watch=`; they are by default."""
    return _choice(request.args, "watch", ("0", "1"), "1") == "1"


def _width(wishes: ViewQuery) -> int:
    return int(_number(wishes, "width", WIDTHS, "a whole number of pixels", "640", form="[0-9]{1,5}") or 0)


def _privacy(wishes: ViewQuery) -> Privacy:
    chosen = _choice(wishes, "privacy", PRIVACIES, "off")
    return next(known for known in PRIVACIES if known == chosen)


def _text(wishes: ViewQuery, name: str) -> str:
    """A wish as a query would have it."""
    value = wishes.get(name)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.6f}"
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def _choice(wishes: ViewQuery, name: str, known: tuple[str, ...], usual: str) -> str:
    text = _text(wishes, name)
    if text and text not in known:
        told = f"{name}: got {text[:40]!r}, expected one of {', '.join(known)}, such as {name}={known[-1]}."
        abort(problem(400, f"Bad {name}", told))
    return text or usual


def _number(
    wishes: ViewQuery, name: str, bounds: tuple[float, float], what: str, example: str, form: str = DECIMAL
) -> float | None:
    """A number that is wished for, None where none is; ends the request with 400 for another form or size."""
    text, (low, high) = _text(wishes, name), bounds
    if not text:
        return None
    if not (re.fullmatch(form, text) and low <= float(text) <= high):
        told = f"{name}: got {text[:40]!r}, expected {what} from {low:g} to {high:g}, such as {name}={example}."
        abort(problem(400, f"Bad {name}", told))
    return float(text)
