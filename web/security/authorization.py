"""Who may do what: every address requires a role, and every client has one.

Without access control, clients on this machine may do everything, and others nothing.
"""

import socket
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlencode

from flask import Flask, Response, current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from access.connections import Identity
from access.exposure import is_loopback
from access.guard import ANYBODY, Guard
from access.roles import allows
from config.settings import Settings
from errors import AccessError
from web.address_roles import PUBLIC, role_for
from web.problems import problem, wants_page

BY_PROXY = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
"""Headers of proxies: unless the setting `proxies` counts them, all clients behind one would seem to be local."""
LOG_IN = "/login"
KNOWN = (LOG_IN, "/api/access")
"""Beginnings of addresses that everybody may see, and that identify the client all the same."""
COOKIE = "expression_session"


def register(app: Flask, settings: Settings) -> None:
    """Make an application control access; its guard is `app.extensions["guard"]`."""
    app.extensions["guard"] = Guard(settings.access, app.extensions["limiter"])
    app.before_request(check)
    app.register_error_handler(AccessError, _closed)
    app.context_processor(lambda: {"may": may, "identity": the_identity()})


def the_guard() -> Guard:
    """Return the guard of this application."""
    guard: Guard = current_app.extensions["guard"]
    return guard


def access_check() -> Callable[[], bool]:
    """Return a function that says later, from any thread, whether this client still has access, even logged out."""
    guard = the_guard()
    identity = replace(the_identity() or ANYBODY, session=None)
    return lambda: guard.is_allowed(identity)


def the_identity() -> Identity | None:
    """Return the client's identity; None without access control, or without a login."""
    identity: Identity | None = g.get("identity")
    return identity


def may(path: str) -> bool:
    """Whether the client may see an address."""
    identity, role = the_identity(), role_for(path)
    return not the_guard().on or role == PUBLIC or (identity is not None and allows(identity.role, role))


def check() -> Answer | None:
    """Refuse a client that may not see the address, or redirect to the login; for `before_request`."""
    guard = the_guard()
    if not guard.on:
        _register_connection(guard, ANYBODY)
        return _refuse_remote()
    role = role_for(request.path)
    g.identity = _identify(guard) if role != PUBLIC or request.path.startswith(KNOWN) else None
    identity = the_identity()
    _register_connection(guard, identity)
    if role == PUBLIC or (identity and allows(identity.role, role)):
        return None
    return _forbidden(identity, role) if identity else _unauthorized()


def _closed(error: AccessError) -> Response:
    current_app.logger.error("%s", error)
    return problem(503, "Closed", "Nobody can be let in at the moment; the server's log tells why.", Retry_After="30")


def _refuse_remote() -> Response | None:
    """Refuse other machines if there is no access control: a web server may be configured to listen to them."""
    settings: Settings = current_app.extensions["server"].settings
    peer = request.environ.get("werkzeug.proxy_fix.orig", request.environ).get("REMOTE_ADDR")
    peers = {peer, request.remote_addr} - {None, ""}  # the proxy, and its client
    by_proxy = "" if settings.proxies else next(filter(request.headers.__contains__, BY_PROXY), "")
    if settings.insecure_public or (all(map(is_loopback, peers)) and not by_proxy):
        return None
    if by_proxy:
        detail = f"The request came by a proxy (it has {by_proxy}), so it may be anybody's. Whoever runs it can "
        return problem(403, "By a proxy", f"{detail}say how many there are, --proxies 1, and who may come in.")
    detail = "This server answers its own machine only. Whoever runs it can let others in: main.py access add NAME"
    return problem(403, "Not from here", f"{detail} --role watch.")


def _identify(guard: Guard) -> Identity | None:
    """Return the client's identity by the token in the header `Authorization`, or by the cookie."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return guard.by_token(token.strip())
    cookie = request.cookies.get(cookie_name())
    return guard.by_cookie(cookie) if cookie else None


def cookie_name() -> str:
    """Return the cookie's name; under TLS one that browsers accept from this host over TLS only (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if request.is_secure else COOKIE


def _register_connection(guard: Guard, identity: Identity | None) -> None:
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        guard.connections.register(connection, identity)


def _unauthorized() -> Answer:
    if wants_page():
        return redirect(f"{request.script_root}{LOG_IN}?{urlencode({'next': request.full_path.rstrip('?')})}", 303)
    kind, challenge, got = request.headers.get("Authorization", "").split(" ", 1)[0], "Bearer", ""
    if kind.lower() == "bearer":
        challenge, got = 'Bearer error="invalid_token"', "This token is not known here, or is so no more. "
    elif kind:
        got = f"Got {kind[:20]!r}, which is not known here. "
    hint = "Log in at /login, or send a token: 'Authorization: Bearer TOKEN'. Whoever runs this server gives them out."
    return problem(401, "Who are you?", got + hint, WWW_Authenticate=challenge)


def _forbidden(identity: Identity, role: str) -> Answer:
    detail = f"{identity.name} may {identity.role}; this asks for {role}. Whoever runs this server can change that."
    if request.url_rule is None:
        detail = f"There is nothing at {request.path} that {identity.name}, who may {identity.role}, could see."
    if wants_page():
        return Response(render_template("login.html", message=detail, next="/"), 403)
    return problem(403, "Not allowed", detail)
