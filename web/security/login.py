"""The log-in page, and the log-out."""

from flask import Blueprint, Response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from access.limits import TooMany
from web.security import cookies
from web.security.authorization import the_guard

blueprint = Blueprint("login", __name__)

MAX_FORM = 4000
"""Largest log-in in bytes."""
UNKNOWN = "This is not known here; look at the name and the password again."


@blueprint.get("/login")
def page() -> Answer:
    """Ask for a name and a password, or for a token; redirects to the live page without access control."""
    if not the_guard().on:
        return redirect(f"{request.script_root}/", 303)
    return Response(_render(""))


@blueprint.post("/login")
def log_in() -> Answer:
    """Check a name and a password, or a token; on success set the cookie and redirect to the page asked for before."""
    request.max_content_length = MAX_FORM
    guard = the_guard()
    if not guard.on:
        return page()
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        identity = guard.log_in(request.remote_addr or "", name, password)
    except TooMany as many:
        return Response(_render(str(many)), 429, {"Retry-After": str(many.wait)})
    if identity is None:
        return Response(_render(UNKNOWN), 403)
    response = redirect(f"{request.script_root}{_local_path(request.form.get('next', ''))}", 303)
    cookies.send(response, cookies.create(identity))
    return response


@blueprint.post("/logout")
def log_out() -> Answer:
    """End the session, also for copies of its cookie, and redirect to the log-in."""
    answer: Answer = redirect(f"{request.script_root}/login", 303)
    if not cookies.end_session():
        answer = Response(_render(cookies.NOT_KEPT), 503)
    cookies.delete(answer)
    return answer


def _render(message: str) -> str:
    return render_template("login.html", message=message, next=_local_path(request.values.get("next", "")))


def _local_path(path: str) -> str:
    """Return an address of this server, else the live page's, so that a log-in redirects nowhere else."""
    is_local = path.startswith("/") and path.isprintable() and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if is_local else "/"
