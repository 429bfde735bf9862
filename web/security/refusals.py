"""What the web server itself answers to invalid HTTP: problem JSON, as everywhere."""

import json
import os
import socket

from web.problems import problem_members
from web.security.headers import HEADERS

TIMEOUT = 0.1
"""Seconds that a client has to take the answer: this may be the thread that accepts all connections."""


def write(connection: socket.socket, status: int, title: str, detail: str) -> None:
    """Answer in place of `gunicorn.util.write_error`; the caller then closes the connection.

    Raises:
        OSError: the client has gone, or does not read.
    """
    root = os.environ.get("SCRIPT_NAME", "")
    if root and "SCRIPT_NAME" in detail:  # gunicorn would answer 500
        status, title, detail = 404, "Not Found", f"There is nothing here: all addresses begin with {root}"
    text = f"{detail[:300]}. Expected HTTP/1.1 as of RFC 9112." if detail else "The server's log tells more."
    body = json.dumps(problem_members(status, title, text)).encode()
    own = {"Connection": "close", "Content-Type": "application/problem+json", "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status} {title}", *(f"{name}: {value}" for name, value in {**own, **HEADERS}.items())]
    connection.settimeout(TIMEOUT)
    connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
