"""Refuses a parameter that is repeated, empty, misspelt, or in the wrong place.

Ignoring it would surprise somebody: whoever asks for `privcy=blur` wants no clear face.
"""

import msgspec
from flask import Flask, Response, current_app, request

from config.loader import nearest
from web.description.operations import Operation, Parameter, operation_of
from web.problems import problem


def register(app: Flask) -> None:
    """Make an application check the queries of endpoints with an `operation`; register it after the blueprints."""
    described = filter(None, map(operation_of, app.view_functions.values()))
    app.extensions["parameters"] = {parameter.name for about in described for parameter in about.parameters}
    app.before_request(check)


def check() -> Response | None:
    """Refuse the request if its query is invalid; for `before_request`."""
    if not request.query_string or request.endpoint is None:
        return None
    about = operation_of(current_app.view_functions[request.endpoint])
    if about is None:
        return None
    in_path = set(request.view_args or ())
    known = {each.name: each for each in about.parameters if each.name not in in_path}
    for name, given in request.args.lists():
        if name in known and len(given) > 1 and not known[name].repeated:
            detail = f"{name}: got {len(given)} of them, expected one, such as {name}={given[0][:40]}."
            return problem(400, f"Bad {name}", detail)
        if name in known and "" in given and not _may_be_empty(known[name]):
            detail = (
                f"{name}: got nothing, expected a value, such as {name}={known[name].example}, or no {name} at all."
            )
            return problem(400, f"Bad {name}", detail)
        if name not in known and (reason := _explain(name, list(known), about, in_path)):
            return problem(400, "Unknown parameter", f"Got the parameter {name[:40]!r}, {reason}")
    return None


def _may_be_empty(parameter: Parameter) -> bool:
    try:
        msgspec.convert("", parameter.kind, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _explain(name: str, known: list[str], about: Operation, in_path: set[str]) -> str:
    """Return why an unknown parameter is refused; empty if it resembles no known one, and may be ignored.

    Parameters of other endpoints are ignored except in uploads: one query then serves for picture and stream.
    """
    near = nearest(name, known)
    misplaced = name in in_path or (request.method == "POST" and name in current_app.extensions["parameters"])
    if not (near or misplaced):
        return ""
    place = "; options belong in the JSON body" if about.body is not None and about.body.json is not None else ""
    return f"expected {', '.join(known) or 'none'}{place}{near or '.'}"
