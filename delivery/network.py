"""The listening socket: opened with clear errors, and tuned for streams that must not pile up."""

import errno
import socket
import struct
import threading
from collections.abc import Callable

from errors import SettingError

BACKLOG = 2048
"""Connections that may wait to be accepted, most of them for the client to send something."""
UNSENT_LIMIT = 16 * 1024
"""Unsent bytes that the kernel may hold for one viewer, so that a slow line gets new frames, not old ones."""
STALL_LIMIT = 8.0
"""Seconds after which a viewer that reads nothing any more is disconnected."""
SILENCE_LIMIT = 10
"""Seconds without data after which a client is disconnected that has begun a request. A client that has not begun one
takes no thread."""

MOST_CLOSING = 256
"""Connections at a time that wait for their clients to hang up; further ones are closed at once."""
MAX_DRAIN = 64 << 20
"""Bytes that a refused client may still send: some clients that are cut off while sending never read the response."""


def listen(host: str, port: int) -> socket.socket:
    """Open a tuned, listening TCP socket; port 0 takes any free port.

    Raises:
        SettingError: the port is taken or needs root, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):  # the latter for a name with an empty part, or one of more than 63 letters
        reason = f"{host!r} is no address of this machine; 127.0.0.1 is for this machine only"
        raise SettingError(f"host: {reason}") from None
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise SettingError(_reason(error, host, port)) from None
    tune(listening)
    return listening


def host_and_port(host: str, port: int) -> str:
    """Join host and port as in a URL: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: {port} on {host} is taken by another program; end it, or choose another, as --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port: {port} needs administrator's rights; choose one above 1023, as --port 5000"
    return f"host: cannot listen on {host_and_port(host, port)} ({error.strerror}); 127.0.0.1 is for this machine only"


def tune(listening: socket.socket) -> None:
    """Set the options that accepted connections inherit; skip those that the system lacks (Linux has all)."""
    options = {
        "TCP_NOTSENT_LOWAT": UNSENT_LIMIT,
        "TCP_USER_TIMEOUT": int(STALL_LIMIT * 1000),
        "TCP_DEFER_ACCEPT": SILENCE_LIMIT,
    }
    for name, value in options.items():
        if listening.family in (socket.AF_INET, socket.AF_INET6) and hasattr(socket, name):
            listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", SILENCE_LIMIT, 0))


def close_in_background(close: Callable[..., None]) -> Callable[[socket.socket], None]:
    """Wrap `gunicorn.util.close_graceful`, so that each connection is closed in a thread of its own.

    gunicorn waits up to two seconds for a client to hang up, in the one thread that accepts all connections. When no
    thread can be started the connection is closed at once.
    """
    room = threading.Semaphore(MOST_CLOSING)

    def wait_and_close(connection: socket.socket) -> None:
        try:
            close(connection, max_drain=MAX_DRAIN)
        finally:
            room.release()

    def begin(connection: socket.socket) -> None:
        if not room.acquire(blocking=False):
            close(connection, timeout=0)
            return
        try:
            threading.Thread(target=wait_and_close, args=(connection,), name="closing", daemon=True).start()
        except (RuntimeError, MemoryError):  # if it passed, gunicorn would count the connection as closed twice
            room.release()
            close(connection, timeout=0)

    return begin
