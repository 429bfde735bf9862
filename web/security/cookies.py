"""The cookie by which a browser is known: given to it, ended wherever it was copied to, taken from it."""

from flask import current_app, request
from werkzeug.wrappers import Response

from access.connections import Identity
from access.sessions import LIFETIME
from errors import AccessError
from web.security.authorization import cookie_name, the_guard

NOT_KEPT = (
    "You are logged out in this browser, but the server could not take note of it: a copy of your cookie holds on. "
    "Whoever runs this server finds the reason in its log."
)


def new(identity: Identity) -> str:
    """The value of a cookie by which somebody is known from now on; the session of the one that was sent ends.

    Raises:
        AccessError: the file of grants cannot be used.
    """
    end()  # the browser will forget that one, but copies of it would hold on
    return the_guard().cookie(identity)


def give(response: Response, value: str) -> None:
    """Have a browser keep a cookie."""
    response.set_cookie(cookie_name(), value, max_age=LIFETIME, secure=request.is_secure, httponly=True, samesite="Lax")


def take(response: Response) -> None:
    """Have a browser forget its cookie."""
    response.delete_cookie(cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def end() -> bool:
    """End the session of the cookie that was sent, if any; False where that could not be kept."""
    guard, cookie = the_guard(), request.cookies.get(cookie_name())
    try:
        if cookie and guard.on:
            guard.log_out(cookie)
    except AccessError as error:
        current_app.logger.error("%s", error)
        return False
    return True
