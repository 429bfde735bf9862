"""The view options and frame rate that a request asks for.

`?viewer=` and `?fps=` describe the viewer; `?width=`, `?bars=`, `?privacy=`, `?threshold=`, `?smoothing=` and
`?mirror=` the picture.
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
MAX_IDS = 64
WIDTHS = 16, 7680
RATES = 0.1, 240.0
DECIMAL = r"-?[0-9]{1,3}(\.[0-9]{1,25})?(e[-+]?[0-9]{1,3})?"

ViewQuery = Mapping[str, Any]
"""Text by name, as in a query string, or the values of a JSON object."""


def viewer() -> Viewer:
    """Return the viewer that the request describes; aborts with 400 if a parameter is invalid."""
    return Viewer(next(iter(viewer_ids()), ""), view(), rate())


def viewer_ids() -> list[str]:
    """Return the ids that a page gave its streams, by `?viewer=` for each; aborts with 400 if one is invalid."""
    names = [name for name in request.args.getlist("viewer") if name]
    if len(names) > MAX_IDS or not all(VIEWER_ID.fullmatch(name) for name in names):
        detail = f"A viewer id has up to 64 letters, digits and hyphens, and a request up to {MAX_IDS} of them."
        abort(problem(400, "Bad viewer id", detail))
    return names


def rate() -> float:
    """Return the most frames a second to send, by `?fps=`; 0 for all of the camera's."""
    return _number(request.args, "fps", RATES, "frames a second", "10") or 0.0


def view(query: ViewQuery | None = None) -> ViewOptions:
    """Return the view options that a request asks for, by its query string or `query`, with the server's defaults.

    Thresholds and time constants are rounded to the allowed ones, and privacy is never less than the server's
    setting. Aborts with 400 if a value is invalid.
    """
    query, defaults = request.args if query is None else query, the_server().view
    share = threshold(query)
    seconds = smoothing(query)
    return ViewOptions(
        width=_width(query),
        bars=_choice(query, "bars", ("0", "1"), str(int(defaults.bars))) == "1",
        privacy=_privacy(query),
        threshold=defaults.threshold if share is None else nearest_threshold(share),
        smoothing=defaults.smoothing if seconds is None else seconds,
        mirror=_choice(query, "mirror", ("0", "1"), "0") == "1",
    ).with_privacy(defaults.privacy)


def threshold(query: ViewQuery | None = None) -> float | None:
    """Return the probability below which an expression is unsure, by `?threshold=` and unrounded; None if not given."""
    return _number(request.args if query is None else query, "threshold", (0, 1), "a probability", "0.35")


def smoothing(query: ViewQuery | None = None) -> float | None:
    """Return the time constant in seconds, by `?smoothing=`, rounded to an allowed one; None if not given."""
    query = request.args if query is None else query
    seconds = _number(query, "smoothing", (0, 10), "seconds", "0.4")
    return None if seconds is None else nearest_smoothing(seconds)


def watches() -> bool:
    """Whether listening opens the cameras, by `?watch=`; it does by default."""
    return _choice(request.args, "watch", ("0", "1"), "1") == "1"


def _width(query: ViewQuery) -> int:
    return int(_number(query, "width", WIDTHS, "a whole number of pixels", "640", form="[0-9]{1,5}") or 0)


def _privacy(query: ViewQuery) -> Privacy:
    chosen = _choice(query, "privacy", PRIVACIES, "off")
    return next(known for known in PRIVACIES if known == chosen)


def _text(query: ViewQuery, name: str) -> str:
    """Return a value as a query string would write it."""
    value = query.get(name)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.6f}"
    return "" if value is None else str(int(value)) if isinstance(value, bool) else str(value)


def _choice(query: ViewQuery, name: str, known: tuple[str, ...], default: str) -> str:
    text = _text(query, name)
    if text and text not in known:
        detail = f"{name}: got {text[:40]!r}, expected one of {', '.join(known)}, such as {name}={known[-1]}."
        abort(problem(400, f"Bad {name}", detail))
    return text or default


def _number(
    query: ViewQuery, name: str, bounds: tuple[float, float], expected: str, example: str, form: str = DECIMAL
) -> float | None:
    """Return a number, None if not given; aborts with 400 if its form or size is invalid."""
    text, (low, high) = _text(query, name), bounds
    if not text:
        return None
    if not (re.fullmatch(form, text) and low <= float(text) <= high):
        detail = f"{name}: got {text[:40]!r}, expected {expected} from {low:g} to {high:g}, such as {name}={example}."
        abort(problem(400, f"Bad {name}", detail))
    return float(text)
