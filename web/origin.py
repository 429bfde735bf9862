"""Keeps other sites' pages from using this server by the browser of somebody who can reach it.

Browsers say where a request comes from by `Origin` (RFC 6454) and `Sec-Fetch-Site` (W3C Fetch Metadata); programs send
neither and are let through. A cookie's SameSite is no help against another port of the same machine, these are.
"""

from urllib.parse import urlsplit

from flask import Flask, Response, request

from web.problems import problem

SAFE = ("GET", "HEAD", "OPTIONS")
OURS = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of this server's own pages, and of an address that was typed or kept as a bookmark."""
NO_PAGES = ("/api/", "/video_feed", "/snapshot", "/metrics")
"""Where an address begins to which no link of another site leads: it would switch a camera on."""


def register(app: Flask) -> None:
    """Have an application refuse such requests before it looks at anything else of them."""
    app.before_request(refuse_strangers)


def refuse_strangers() -> Response | None:
    """A refusal of what another site's page has made a browser send, but for following a link to a page of ours."""
    site = request.headers.get("Sec-Fetch-Site")
    if site and site not in OURS and not _follows_link():
        return _refusal(f"The request comes from another site ({site[:40]})")
    return None if request.method in SAFE else refuse_stranger()


def refuse_stranger() -> Response | None:
    """The same by `Origin`, for a request of any method: a WebSocket begins with a GET."""
    origin = request.headers.get("Origin")
    if origin is None or _site(origin) == request.host:
        return None
    return _refusal(f"The page is from {origin[:200]!r}, this server is {request.host!r}")


def _site(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:  # such as brackets that are not closed
        return None


def _follows_link() -> bool:
    """Whether a whole window goes to one of our pages, not a frame or a picture within a page of theirs."""
    sent = request.headers
    whole = sent.get("Sec-Fetch-Mode") == "navigate" and sent.get("Sec-Fetch-Dest") == "document"
    return whole and request.method in ("GET", "HEAD") and not request.path.startswith(NO_PAGES)


def _refusal(told: str) -> Response:
    return problem(403, "Another site's page", f"{told}; open the page from this server itself.")
