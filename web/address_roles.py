"""The role that each address asks for."""

from access.roles import ANALYSE, OPERATE, WATCH

PUBLIC = ""
"""The role of what everybody may see: nothing there tells of anybody."""
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
"""By where an address begins, whole parts of it only; the longest counts. What is not told of asks for `OPERATE`."""


def role_for(path: str) -> str:
    """The role that an address asks for."""
    parts = path.rstrip("/").split("/")
    for end in range(len(parts), 0, -1):
        known = RULES.get("/".join(parts[:end]) or "/") if end > 1 or len(parts) == 1 else None
        if known is not None:
            return known
    return OPERATE
