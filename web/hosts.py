"""Refuses names that are not this server's.

A page of another site can have its own name point to this machine (DNS rebinding); to the browser we are then that
site, and its scripts may read every answer. The name that the browser sends tells. An address cannot be pointed
elsewhere, so any address is let through.
"""

import ipaddress
from collections.abc import Iterable

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from access.exposure import names_of
from settings import Settings
from web.problems import problem


def register(app: Flask, settings: Settings) -> None:
    """Have an application refuse requests for any other name, and believe as many proxies as there are.

    `X-Forwarded-Host` is never believed: proxies pass the name on in `Host`, and scripts of a page can send the former.
    """
    known = names_of(settings)
    if settings.proxies:
        count = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]

    @app.before_request
    def check() -> Response | None:
        name = request.headers.get("Host", "localhost")
        if is_allowed(name, known):
            return None
        told = f"This server is not called {name[:100]!r}. Whoever runs it can say that it is: --hosts NAME"
        return problem(421, "Another server's name", f"{told}, without the port.")


def is_allowed(host: str, names: Iterable[str]) -> bool:
    """Whether a `Host` header, with or without a port, is an address or one of some names."""
    name = _without_port(host).lower().rstrip(".")
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return name in names
    return True


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) and (name.endswith("]") or ":" not in name) else host
