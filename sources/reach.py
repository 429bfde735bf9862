"""A check that a camera's address can be reached, with the reason in plain words when it cannot."""

import socket
from urllib.parse import urlsplit

from config.redaction import without_password
from errors import SourceError

REACH_LIMIT = 2.0
"""Seconds after which a machine that does not answer counts as unreachable."""
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935}


def check_reachable(url: str) -> None:
    """Connect to an address' host and port, and close the connection; addresses without TCP pass.

    This costs a millisecond when the camera answers. When it does not, OpenCV would give no reason and take longer.

    Raises:
        SourceError: the address is invalid, or nothing answers there.
    """
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        host, port, usual = parts.hostname, parts.port, PORTS.get(parts.scheme.lower())
    except ValueError:  # its message may hold a part of the password
        reason = "this is no address; expected one such as rtsp://10.0.0.7/live, with %2F for a / in a password"
        raise SourceError(f"{shown}: {reason}") from None
    if usual is None:
        return
    if not host:
        raise SourceError(f"{shown}: it names no host; expected an address such as rtsp://10.0.0.7/live")
    try:
        socket.create_connection((host, port or usual), REACH_LIMIT).close()
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{shown}: {_reason(error, host, port or usual)}") from None


def _reason(error: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(error, (socket.gaierror, UnicodeError)):  # the latter for an invalid host name
        return f"no machine called {host} is known; check the address"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody answers at port {port} of {host}; check the address, and that the camera is on"
    if isinstance(error, TimeoutError):
        return f"{host} did not answer within {REACH_LIMIT:g} s; check the address, and that the camera is on"
    return f"{host} cannot be reached ({error.strerror or error}); check the network and that the camera is on"
