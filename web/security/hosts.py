"""Refuses host names that are not this server's.

Another site can point its own name to this machine (DNS rebinding); for the browser this server is then that site,
and that site's scripts may read every answer. The `Host` header reveals it. An address cannot be pointed elsewhere, so
any address of a single machine is allowed. 0.0.0.0 and the like are not: they reach this machine as 127.0.0.1 does,
but browsers do not know that, and then do not say where requests come from.
"""

import ipaddress
import re
from collections.abc import Iterable

from flask import Flask, Response, request
from werkzeug.middleware.proxy_fix import ProxyFix

from access.exposure import names_of
from config.settings import Settings
from web.problems import problem

HOST = re.compile(r"(\[[0-9a-f.]*:[0-9a-f:.]*\]|[^:\[\]]*)(?::[0-9]*)?|[0-9a-f:.]+", re.IGNORECASE)
"""A name or an IPv4 address, or an IPv6 address in brackets, with an optional port; or a bare IPv6 address."""


def register(app: Flask, settings: Settings) -> None:
    """Make an application refuse requests for other names, and trust the configured number of proxies.

    `X-Forwarded-Host` is never trusted: proxies pass the name on in `Host`, and scripts of a page can send the former.
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
        detail = (
            f"This server is not called {name[:100]!r}. Open it by its own address; or whoever runs it adds a name:"
        )
        return problem(421, "Another server's name", f"{detail} --hosts NAME, without the port.")


def is_allowed(host: str, names: Iterable[str]) -> bool:
    """Whether a `Host` header, with or without a port, is a machine's address or one of `names`."""
    match = HOST.fullmatch(host)
    if match is None:
        return False
    name = (host if match[1] is None else match[1]).lower().rstrip(".")
    try:
        return _is_specific(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return name in names


def _is_specific(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return not address.is_unspecified and getattr(address, "ipv4_mapped", None) is None
