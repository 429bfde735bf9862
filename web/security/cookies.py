"""The session cookie: set, ended for all its copies, and deleted in the browser."""

from flask import current_app, request
from werkzeug.wrappers import Response

from access.connections import Identity
from access.sessions import LIFETIME
from errors import AccessError
from web.security.authorization import cookie_name, the_guard

NOT_KEPT = (
    "You are logged out in this browser, but the server could not store that: a copy of your cookie stays valid. "
    "Whoever runs this server finds the reason in its log."
)


def create(identity: Identity) -> str:
    """Return the value of a new session cookie; the session of the cookie that was sent ends.

    Raises:
        AccessError: the file of grants cannot be used.
    """
    end_session()  # the browser will forget that one, but copies of it would stay valid
    return the_guard().cookie(identity)


def send(response: Response, value: str) -> None:
    """Set the cookie."""
    response.set_cookie(cookie_name(), value, max_age=LIFETIME, secure=request.is_secure, httponly=True, samesite="Lax")


def delete(response: Response) -> None:
    """Delete the cookie in the browser."""
    response.delete_cookie(cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def end_session() -> bool:
    """End the session of the cookie that was sent, if any; False if that could not be stored."""
    guard, cookie = the_guard(), request.cookies.get(cookie_name())
    try:
        if cookie and guard.on:
            guard.log_out(cookie)
    except AccessError as error:
        current_app.logger.error("%s", error)
        return False
    return True
