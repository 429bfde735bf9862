"""What the web server itself answers where a request is no valid HTTP: problem JSON, as everything else."""

import json
import os
import socket

from web.problems import described
from web.security.headers import HEADERS

PATIENCE = 0.1
"""Seconds that a client has to take it: this may be the thread that takes all connections in."""


def write(connection: socket.socket, status: int, title: str, detail: str) -> None:
    """Answer, in the place of `gunicorn.util.write_error`; the connection is then closed by the caller.

    Raises:
        OSError: the client has gone, or takes nothing.
    """
    root = os.environ.get("SCRIPT_NAME", "")
    if root and "SCRIPT_NAME" in detail:  # gunicorn calls it a mistake of its own, 500
        status, title, detail = 404, "Not Found", f"There is nothing here: all addresses begin with {root}"
    told = f"{detail[:300]}. Expected HTTP/1.1 as of RFC 9112." if detail else "The server's log tells more."
    body = json.dumps(described(status, title, told)).encode()
    own = {"Connection": "close", "Content-Type": "application/problem+json", "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status} {title}", *(f"{name}: {value}" for name, value in {**own, **HEADERS}.items())]
    connection.settimeout(PATIENCE)
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
