"""The listening socket: opened with clear errors, and tuned for streams that must not pile up."""

import errno
import socket
import struct
import threading
from collections.abc import Callable

from errors import SettingError

BACKLOG = 2048
"""Connections that may wait, most of them for the client to say something."""
UNSENT_LIMIT = 16 * 1024
"""Bytes that may wait unsent in the kernel for one viewer, so that a slow line gets new frames, not old ones."""
STALL_LIMIT = 8.0
"""Seconds after which a viewer that takes nothing any more is let go."""
SILENCE_LIMIT = 10
"""Seconds after which a client is let go that has begun a request and sends no more of it. Who has not begun one takes
no thread at all."""

MOST_CLOSING = 256
"""Connections for which it is waited that their clients hang up; further ones are closed at once."""
MAX_DRAIN = 64 << 20
"""Bytes that a client may still be sending when it has been refused: cut off in the middle, some never read why."""


def listen(host: str, port: int) -> socket.socket:
    """A tuned TCP socket that listens; port 0 takes any free one.

    Raises:
        SettingError: the port is taken, needs rights, or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (socket.gaierror, UnicodeError):  # of a name with an empty part, or one of more than 63 letters
        told = f"{host!r} is no address of this machine; 127.0.0.1 is for this machine only"
        raise SettingError(f"host: {told}") from None
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
    """Host and port as in an address: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port: {port} on {host} is taken by another program; end it, or choose another, as --port {port + 1}"
    if error.errno == errno.EACCES:
        return f"port: {port} needs administrator's rights; choose one above 1023, as --port 5000"
    return f"host: cannot listen on {host_and_port(host, port)} ({error.strerror}); 127.0.0.1 is for this machine only"


def tune(listening: socket.socket) -> None:
    """Set what accepted connections inherit; passes over what the system does not know (Linux knows all)."""
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
    """The same way to close a connection, `gunicorn.util.close_graceful`, in a thread of its own.

    gunicorn waits up to two seconds for a client to hang up, in the one thread that takes all connections in. Where no
    thread can be had the connection is closed at once.
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
        except (RuntimeError, MemoryError):  # raised on, gunicorn would count the connection as gone a second time
            room.release()
            close(connection, timeout=0)

    return begin
