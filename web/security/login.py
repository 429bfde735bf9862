"""The log-in page, and the log-out."""

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from access.limits import TooMany
from web.security import cookies
from web.security.authorization import the_guard

blueprint = Blueprint("login", __name__)

LONGEST_FORM = 4000
"""Bytes that a log-in may have."""
UNKNOWN = "This is not known here; look at the name and the password again."


@blueprint.get("/login")
def page() -> Answer:
    """Asks for a name and a password, or for a token; leads to the live page where there is no access control."""
    if not the_guard().on:
        return redirect(f"{request.script_root}/", 303)
    return Response(_shown(""))


@blueprint.post("/login")
def log_in() -> Answer:
    """Take a name and a password, or a token; on success set the cookie and lead to where the visitor came from."""
    request.max_content_length = LONGEST_FORM
    guard = the_guard()
    if not guard.on:
        return page()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        identity = guard.log_in(request.remote_addr or "", name, password)
    except TooMany as many:
        return Response(_shown(str(many)), 429, {"Retry-After": str(many.wait)})
    if identity is None:
        return Response(_shown(UNKNOWN), 403)
    inside = redirect(f"{request.script_root}{_inside(request.form.get('next', ''))}", 303)
    cookies.give(inside, cookies.new(identity))
    return inside


@blueprint.post("/logout")
def log_out() -> Answer:
    """End the session, which no copy of its cookie outlasts, and lead to the log-in."""
    answer: Answer = redirect(f"{request.script_root}/login", 303)
    if not cookies.end():
        answer = Response(_shown(cookies.NOT_KEPT), 503)
    cookies.take(answer)
    return answer


def _shown(told: str) -> str:
    return render_template("login.html", told=told, next=_inside(request.values.get("next", "")))


def _inside(path: str) -> str:
    """An address of this server, or the live page's: nobody is led elsewhere after a log-in."""
    ours = path.startswith("/") and path.isprintable() and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if ours else "/"
