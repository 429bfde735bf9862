"""The log-in page, and the log-out."""

from flask import Blueprint, Response, current_app, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from access.limits import TooMany
from access.sessions import LIFETIME
from errors import AccessError
from web.access import cookie_name, the_guard

blueprint = Blueprint("login", __name__)

LONGEST_FORM = 4000
"""Bytes that a log-in may have."""
NOT_KEPT = (
    "You are logged out in this browser, but the server could not take note of it: a copy of your cookie holds on. "
    "Whoever runs this server finds the reason in its log."
)


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
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        identity = guard.log_in(request.remote_addr or "", name.strip(), password) if guard.on else None
    except TooMany as many:
        return Response(_shown(str(many)), 429, {"Retry-After": str(many.wait)})
    if identity is None:
        return Response(_shown("This is not known here; look at the name and the password again."), 403)
    _end_session()  # this browser would forget it, but copies of its cookie would hold on
    inside = redirect(f"{request.script_root}{_inside(request.form.get('next', ''))}", 303)
    inside.set_cookie(
        cookie_name(),
        guard.cookie(identity),
        max_age=LIFETIME,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return inside


@blueprint.post("/logout")
def log_out() -> Answer:
    """End the session, which no copy of its cookie outlasts, and lead to the log-in."""
    answer: Answer = redirect(f"{request.script_root}/login", 303)
    if not _end_session():
        answer = Response(_shown(NOT_KEPT), 503)
    answer.delete_cookie(cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax")
    return answer


def _end_session() -> bool:
    """End the session of the cookie that was sent, if any; False where that could not be kept."""
    guard, cookie = the_guard(), request.cookies.get(cookie_name())
    try:
        if cookie and guard.on:
            guard.log_out(cookie)
    except AccessError as error:
        current_app.logger.error("%s", error)
        return False
    return True


def _shown(told: str) -> str:
    return render_template("login.html", told=told, next=_inside(request.values.get("next", "")))


def _inside(path: str) -> str:
    """An address of this server, or the live page's: nobody is led elsewhere after a log-in."""
    ours = path.startswith("/") and path.isprintable() and not path.startswith(("//", "/\\")) and "\\" not in path
    return path if ours else "/"
