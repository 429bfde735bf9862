"""Refuses a parameter that is given twice where one is expected: whichever were taken, somebody would be surprised."""

from flask import Flask, Response, current_app, request

from web.operations import noted
from web.problems import problem


def register(app: Flask) -> None:
    """Have an application look at the queries of those endpoints that say what they take."""
    app.before_request(check)


def check() -> Response | None:
    """A refusal of the request, or None."""
    if not request.query_string or request.endpoint is None:
        return None
    about = noted(current_app.view_functions[request.endpoint])
    for parameter in about.parameters if about is not None else ():
        given = request.args.getlist(parameter.name)
        if len(given) > 1 and not parameter.repeated:
            told = (
                f"{parameter.name}: got {len(given)} of them, expected one, such as {parameter.name}={given[0][:40]}."
            )
            return problem(400, f"Bad {parameter.name}", told)
    return None
