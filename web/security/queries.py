"""Refuses a parameter that is given twice where one is expected, is empty or misspelt, or stands in the wrong place.

Whatever were taken instead, somebody would be surprised: one who asks for `privcy=blur` wants no clear face.
"""

import msgspec
from flask import Flask, Response, current_app, request

from config.loader import nearest
from web.description.operations import Operation, Parameter, noted
from web.problems import problem


def register(app: Flask) -> None:
    """Have an application look at the queries of those endpoints that say what they take; after its blueprints."""
    described = filter(None, map(noted, app.view_functions.values()))
    app.extensions["parameters"] = {parameter.name for about in described for parameter in about.parameters}
    app.before_request(check)


def check() -> Response | None:
    """A refusal of the request, or None."""
    if not request.query_string or request.endpoint is None:
        return None
    about = noted(current_app.view_functions[request.endpoint])
    if about is None:
        return None
    in_path = set(request.view_args or ())
    known = {each.name: each for each in about.parameters if each.name not in in_path}
    for name, given in request.args.lists():
        if name in known and len(given) > 1 and not known[name].repeated:
            told = f"{name}: got {len(given)} of them, expected one, such as {name}={given[0][:40]}."
            return problem(400, f"Bad {name}", told)
        if name in known and "" in given and not _may_be_empty(known[name]):
            told = f"{name}: got nothing, expected a value, such as {name}={known[name].example}, or no {name} at all."
            return problem(400, f"Bad {name}", told)
        if name not in known and (meant := _meant(name, list(known), about, in_path)):
            return problem(400, "Unknown parameter", f"Got the parameter {name[:40]!r}, {meant}")
    return None


def _may_be_empty(parameter: Parameter) -> bool:
    try:
        msgspec.convert("", parameter.kind, strict=False)
    except msgspec.ValidationError:
        return False
    return True


def _meant(name: str, known: list[str], about: Operation, in_path: set[str]) -> str:
    """Why a parameter that is not known here is refused; empty for one that means nothing to anybody, which may pass.

    What other endpoints take may pass, too, where nothing is handed in: one query then serves for picture and stream.
    """
    near = nearest(name, known)
    misplaced = name in in_path or (request.method == "POST" and name in current_app.extensions["parameters"])
    if not (near or misplaced):
        return ""
    place = "; wishes stand in the JSON body" if about.body is not None and about.body.json is not None else ""
    return f"expected {', '.join(known) or 'none'}{place}{near or '.'}"
