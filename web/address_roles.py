"""The role that each address requires."""

from access.roles import ANALYSE, OPERATE, WATCH

PUBLIC = ""
"""The role of what everybody may see: it contains nothing about anybody."""
RULES = {
    "/healthz": PUBLIC,
    "/readyz": PUBLIC,
    "/login": PUBLIC,
    "/logout": PUBLIC,
    "/static": PUBLIC,
    "/": WATCH,
    "/about": WATCH,
    "/video_feed": WATCH,
    "/snapshot": WATCH,
    "/snapshot.jpg": WATCH,
    "/openapi.json": WATCH,
    "/api/openapi.json": WATCH,
    "/api/docs": WATCH,
    "/api/state": WATCH,
    "/api/events": WATCH,
    "/api/access": PUBLIC,
    "/api/cameras": WATCH,
    "/api/models": WATCH,
    "/camera": ANALYSE,
    "/pictures": ANALYSE,
    "/videos": ANALYSE,
    "/records": ANALYSE,
    "/api/own-camera": ANALYSE,
    "/api/analyze": ANALYSE,
    "/api/videos": ANALYSE,
    "/api/records": ANALYSE,
    "/metrics": OPERATE,
}
"""Roles by the beginning of an address, in whole parts; the longest match counts. Other addresses require `OPERATE`."""


def role_for(path: str) -> str:
    """Return the role that an address requires."""
    parts = path.rstrip("/").split("/")
    for end in range(len(parts), 0, -1):
        role = RULES.get("/".join(parts[:end]) or "/") if end > 1 or len(parts) == 1 else None
        if role is not None:
            return role
    return OPERATE
