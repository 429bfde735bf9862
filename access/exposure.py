"""Whether a server is exposed to other machines, and the names by which it is called."""

import ipaddress
import socket
from contextlib import suppress
from pathlib import Path

from access.register import Register
from config.settings import Settings
from errors import SettingError


def is_loopback(host: str) -> bool:
    """Whether a host name or address is reachable from this machine only."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_every_address(host: str) -> bool:
    """Whether a host is the unspecified address, such as 0.0.0.0, which stands for all addresses of this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return not host


def names_of(settings: Settings) -> frozenset[str]:
    """The names of a server with these settings, in lower case."""
    names = {"localhost", *settings.hosts}
    if not is_every_address(settings.host):
        names.add(settings.host)
    if not is_loopback(settings.host):  # in the local network a machine is called by its host name
        own = socket.gethostname()
        names |= {own, f"{own}.local"}
    return frozenset(map(_as_sent, names)) - {""}


def _as_sent(name: str) -> str:
    """Normalise a name or URL as browsers send hosts: lower case, no port, other scripts as `xn--`."""
    host = name.rpartition("//")[2].partition("/")[0].lower()
    bare = host.partition(":")[0] if host.count(":") == 1 else host
    with suppress(UnicodeError):
        bare = bare.encode("idna").decode("ascii")
    return bare.rstrip(".")


def check_exposure(host: str, settings: Settings) -> None:
    """Check that a server is not exposed to other machines by oversight.

    Raises:
        SettingError: other machines reach the host, there is no access control, and `insecure_public` is not set.
    """
    if is_loopback(host) or settings.insecure_public or Register(Path(settings.access)).on:
        return
    raise SettingError(
        f"host: {host} can be reached from other machines, and everybody there could watch. Say who may: "
        "python main.py access add NAME --role watch (or analyse, operate); or keep to this machine: --host 127.0.0.1; "
        "or, if everybody may do everything, --insecure-public"
    )
