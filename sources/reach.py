"""Whether somebody listens at a camera's address, and in plain words what is wrong where nobody does."""

import socket
from urllib.parse import urlsplit

from config.redaction import without_password
from errors import SourceError

REACH_LIMIT = 2.0
"""Seconds after which a machine that does not answer counts as off."""
PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935}


def check_reachable(url: str) -> None:
    """Connect to where an address points, and hang up; what is not reached over TCP passes.

    This costs a millisecond where the camera is there. Where it is not, OpenCV would not say why, and would take
    longer.

    Raises:
        SourceError: the address makes no sense, or nobody answers there.
    """
    shown = without_password(url)
    try:
        parts = urlsplit(url)
        host, port, usual = parts.hostname, parts.port, PORTS.get(parts.scheme.lower())
    except ValueError:  # whose words may hold a part of the password
        told = "this is no address; expected one such as rtsp://10.0.0.7/live, with %2F for a / in a password"
        raise SourceError(f"{shown}: {told}") from None
    if usual is None:
        return
    if not host:
        raise SourceError(f"{shown}: it names no host; expected an address such as rtsp://10.0.0.7/live")
    try:
        socket.create_connection((host, port or usual), REACH_LIMIT).close()
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{shown}: {_reason(error, host, port or usual)}") from None


def _reason(error: OSError | UnicodeError, host: str, port: int) -> str:
    if isinstance(error, (socket.gaierror, UnicodeError)):  # the latter of what can be no name
        return f"no machine called {host} is known; check the address"
    if isinstance(error, ConnectionRefusedError):
        return f"nobody answers at port {port} of {host}; check the address, and that the camera is on"
    if isinstance(error, TimeoutError):
        return f"{host} did not answer within {REACH_LIMIT:g} s; check the address, and that the camera is on"
    return f"{host} cannot be reached ({error.strerror or error}); check the network and that the camera is on"
