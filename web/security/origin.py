"""Keeps other sites' pages from using this server through the browser of somebody who can reach it (CSRF).

Browsers state the origin of a request in `Origin` (RFC 6454) and `Sec-Fetch-Site` (W3C Fetch Metadata); programs send
neither and are allowed. A cookie's SameSite does not protect against another port of the same machine; these do.

Over plain http to another machine browsers omit `Sec-Fetch-Site`, old ones always do, and pictures come without
`Origin`. Requests that switch a camera on are then answered only if `Referer` names a page of this server, which a
page of another site can omit but not forge. A window without it, as after typing the address, gets a page that asks
once more; browsers do not show that within another page.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request

from web.problems import problem

OURS = ("same-origin", "none")
"""Values of `Sec-Fetch-Site` for this server's own pages, and for an address that was typed or bookmarked."""
NO_PAGES = ("/api/", "/video_feed", "/snapshot", "/metrics")
"""Beginnings of addresses that other sites may not link to: they could switch a camera on."""
DOCS = "/api/docs"
"""A page below /api/ that other sites may link to."""


def register(app: Flask) -> None:
    """Make an application refuse such requests before any other check."""
    app.before_request(refuse_cross_site)


def refuse_cross_site() -> Response | None:
    """Refuse what another site's page made a browser send, unless it follows a link to a page of this server."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site and site not in OURS and not _follows_link():
        return _refusal(f"The request comes from another site ({site[:40]})")
    if origin is not None:
        return _refuse_page(origin)
    return None if site else _refuse_unknown_origin()


def _refuse_page(page: str) -> Response | None:
    """Refuse a request from a page, by its address or origin, that is not this server's."""
    if _site(page) == request.host:
        return None
    return _refusal(f"The page is from {page[:200]!r}, this server is {request.host!r}")


def _refuse_unknown_origin() -> Response | None:
    """Refuse a request that may switch a camera on if the browser does not say where it comes from."""
    headers = request.headers
    program = not headers.get("User-Agent", "").startswith("Mozilla/")
    token = headers.get("Authorization", "").lower().startswith("bearer ")  # no page of another site can send that
    if program or token or _is_page():
        return None
    if headers.get("Referer"):
        return _refuse_page(headers["Referer"])
    if request.method == "GET" and "text/html" in headers.get("Accept", ""):
        return Response(render_template("resend.html", address=request.full_path.rstrip("?")), 403)
    detail = "Got a browser's User-Agent, but no Sec-Fetch-Site, Origin or Referer, so that any page may ask"
    return _refusal(f"{detail}; a program sends a User-Agent of its own, or a token")


def _site(page: str) -> str | None:
    try:
        return urlsplit(page).netloc
    except ValueError:  # such as unclosed brackets
        return None


def _follows_link() -> bool:
    """Whether a whole window opens a page of this server, not a frame or a picture within another site's page."""
    headers = request.headers
    navigation = headers.get("Sec-Fetch-Mode") == "navigate" and headers.get("Sec-Fetch-Dest") == "document"
    return navigation and request.method in ("GET", "HEAD") and _is_page()


def _is_page() -> bool:
    return request.path == DOCS or not request.path.startswith(NO_PAGES)


def _refusal(reason: str) -> Response:
    return problem(403, "Another site's page", f"{reason}; open the page from this server itself.")
