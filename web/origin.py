"""Keeps other sites' pages from handing files in, or deleting, by the browser of somebody who can reach this server."""

from urllib.parse import urlsplit

from flask import Response, request

from web.problems import problem


def refuse_strangers() -> Response | None:
    """A refusal of a request that another site's page has made a browser send; for `before_request`.

    Programs send no `Origin`, and are let through.
    """
    return None if request.method in ("GET", "HEAD", "OPTIONS") else refuse_stranger()


def refuse_stranger() -> Response | None:
    """The same for a request of any method: a WebSocket begins with a GET."""
    origin = request.headers.get("Origin")
    if origin is None or urlsplit(origin).netloc == request.host:
        return None
    told = f"The page is from {origin!r}, this server is {request.host!r}; open the page from this server itself."
    return problem(403, "Another site's page", told)
