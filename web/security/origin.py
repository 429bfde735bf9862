"""Keeps other sites' pages from using this server by the browser of somebody who can reach it.

Browsers say where a request comes from by `Origin` (RFC 6454) and `Sec-Fetch-Site` (W3C Fetch Metadata); programs send
neither and are let through. A cookie's SameSite is no help against another port of the same machine, these are.

Over plain http to another machine browsers leave `Sec-Fetch-Site` out, old ones always, and pictures come without
`Origin`. What switches a camera on is then answered only where `Referer` tells that a page of ours asks for it, which
a page of another site can leave out, but not forge. A window without it, as where the address was typed, gets a page
that asks once more; within another page no browser shows that.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, render_template, request

from web.problems import problem

OURS = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of this server's own pages, and of an address that was typed or kept as a bookmark."""
NO_PAGES = ("/api/", "/video_feed", "/snapshot", "/metrics")
"""Where an address begins to which no link of another site leads: it would switch a camera on."""
DOCS = "/api/docs"
"""A page all the same."""


def register(app: Flask) -> None:
    """Have an application refuse such requests before it looks at anything else of them."""
    app.before_request(refuse_strangers)


def refuse_strangers() -> Response | None:
    """A refusal of what another site's page has made a browser send, but for following a link to a page of ours."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site and site not in OURS and not _follows_link():
        return _refusal(f"The request comes from another site ({site[:40]})")
    if origin is not None:
        return _refuse_page(origin)
    return None if site else _refuse_unsaid()


def _refuse_page(page: str) -> Response | None:
    """A refusal where a page, by its address or origin, is not ours."""
    if _site(page) == request.host:
        return None
    return _refusal(f"The page is from {page[:200]!r}, this server is {request.host!r}")


def _refuse_unsaid() -> Response | None:
    """The same where the browser does not say from where it sends what may switch a camera on."""
    sent = request.headers
    program = not sent.get("User-Agent", "").startswith("Mozilla/")
    token = sent.get("Authorization", "").lower().startswith("bearer ")  # which no page of another site can send
    if program or token or _is_page():
        return None
    if sent.get("Referer"):
        return _refuse_page(sent["Referer"])
    if request.method == "GET" and "text/html" in sent.get("Accept", ""):
        return Response(render_template("onward.html", address=request.full_path.rstrip("?")), 403)
    told = "Got a browser's User-Agent, but no Sec-Fetch-Site, Origin or Referer, so that any page may ask"
    return _refusal(f"{told}; a program sends a User-Agent of its own, or a token")


def _site(page: str) -> str | None:
    try:
        return urlsplit(page).netloc
    except ValueError:  # such as brackets that are not closed
        return None


def _follows_link() -> bool:
    """Whether a whole window goes to one of our pages, not a frame or a picture within a page of theirs."""
    sent = request.headers
    whole = sent.get("Sec-Fetch-Mode") == "navigate" and sent.get("Sec-Fetch-Dest") == "document"
    return whole and request.method in ("GET", "HEAD") and _is_page()


def _is_page() -> bool:
    return request.path == DOCS or not request.path.startswith(NO_PAGES)


def _refusal(told: str) -> Response:
    return problem(403, "Another site's page", f"{told}; open the page from this server itself.")
