"""Who may ask for what: every address has a role, and whoever asks has one too.

While there is no access control, whoever comes from this machine may do everything, and nobody else anything.
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
"""What proxies tell of whom they pass on: without the setting `proxies` all of them would seem to be this machine's."""
LOG_IN = "/login"
KNOWN = (LOG_IN, "/api/access")
"""Where an address begins that everybody may see, but that tells who asks."""
COOKIE = "expression_session"


def register(app: Flask, settings: Settings) -> None:
    """Have an application ask who is there; its guard is `app.extensions["guard"]`."""
    app.extensions["guard"] = Guard(settings.access, app.extensions["limiter"])
    app.before_request(check)
    app.register_error_handler(AccessError, _closed)
    app.context_processor(lambda: {"may": may, "identity": the_identity()})


def the_guard() -> Guard:
    """The guard of this application."""
    guard: Guard = current_app.extensions["guard"]
    return guard


def welcome_still() -> Callable[[], bool]:
    """Tells later, from any thread, whether who asks now may still come in; to have logged out changes nothing."""
    guard = the_guard()
    lasting = replace(the_identity() or ANYBODY, session=None)
    return lambda: guard.is_welcome(lasting)


def the_identity() -> Identity | None:
    """Who asks; None where there is no access control, or where they have not logged in."""
    identity: Identity | None = g.get("identity")
    return identity


def may(path: str) -> bool:
    """Whether who asks may see an address."""
    identity, needed = the_identity(), role_for(path)
    return not the_guard().on or needed == PUBLIC or (identity is not None and allows(identity.role, needed))


def check() -> Answer | None:
    """A refusal, or a way to the log-in, for who may not see what they ask for; for `before_request`."""
    guard = the_guard()
    if not guard.on:
        _note_connection(guard, ANYBODY)
        return _from_elsewhere()
    needed = role_for(request.path)
    g.identity = _known(guard) if needed != PUBLIC or request.path.startswith(KNOWN) else None
    identity = the_identity()
    _note_connection(guard, identity)
    if needed == PUBLIC or (identity and allows(identity.role, needed)):
        return None
    return _forbidden(identity, needed) if identity else _unknown()


def _closed(error: AccessError) -> Response:
    current_app.logger.error("%s", error)
    return problem(503, "Closed", "Nobody can be let in at the moment; the server's log tells why.", Retry_After="30")


def _from_elsewhere() -> Response | None:
    """Without access control, only this machine is answered: a web server may have been told to listen elsewhere."""
    settings: Settings = current_app.extensions["server"].settings
    before = request.environ.get("werkzeug.proxy_fix.orig", request.environ).get("REMOTE_ADDR")
    peers = {before, request.remote_addr} - {None, ""}  # the proxy, and whom it answers
    by_proxy = "" if settings.proxies else next(filter(request.headers.__contains__, BY_PROXY), "")
    if settings.insecure_public or (all(map(is_loopback, peers)) and not by_proxy):
        return None
    if by_proxy:
        told = f"The request came by a proxy (it has {by_proxy}), so it may be anybody's. Whoever runs this server can "
        return problem(403, "By a proxy", f"{told}say how many there are, --proxies 1, and who may come in.")
    told = "This server answers its own machine only. Whoever runs it can let others in: main.py access add NAME"
    return problem(403, "Not from here", f"{told} --role watch.")


def _known(guard: Guard) -> Identity | None:
    """Who asks, by the token of the header `Authorization`, which programs send, or by the cookie."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return guard.by_token(token.strip())
    cookie = request.cookies.get(cookie_name())
    return guard.by_cookie(cookie) if cookie else None


def cookie_name() -> str:
    """The cookie's name; under TLS one that browsers take from this very host and over TLS only (RFC 6265bis)."""
    return f"__Host-{COOKIE}" if request.is_secure else COOKIE


def _note_connection(guard: Guard, identity: Identity | None) -> None:
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        guard.connections.serves(connection, identity)


def _unknown() -> Answer:
    if wants_page():
        return redirect(f"{request.script_root}{LOG_IN}?{urlencode({'next': request.full_path.rstrip('?')})}", 303)
    kind, challenge, got = request.headers.get("Authorization", "").split(" ", 1)[0], "Bearer", ""
    if kind.lower() == "bearer":
        challenge, got = 'Bearer error="invalid_token"', "This token is not known here, or is so no more. "
    elif kind:
        got = f"Got {kind[:20]!r}, which is not known here. "
    told = "Log in at /login, or send a token: 'Authorization: Bearer TOKEN'. Whoever runs this server gives them out."
    return problem(401, "Who are you?", got + told, WWW_Authenticate=challenge)


def _forbidden(identity: Identity, needed: str) -> Answer:
    told = f"{identity.name} may {identity.role}; this asks for {needed}. Whoever runs this server can change that."
    if request.url_rule is None:
        told = f"There is nothing at {request.path} that {identity.name}, who may {identity.role}, could see."
    if wants_page():
        return Response(render_template("login.html", told=told, next="/"), 403)
    return problem(403, "Not allowed", told)
