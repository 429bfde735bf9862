"""Who can reach a server: only this machine, or others too; and by which names."""

import ipaddress
import socket
from contextlib import suppress
from pathlib import Path

from access.register import Register
from config.settings import Settings
from errors import SettingError


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on a host's name or address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def is_every_address(host: str) -> bool:
    """Whether a host stands for all addresses of a machine, as 0.0.0.0 does, and is none by which it can be called."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return not host


def names_of(settings: Settings) -> frozenset[str]:
    """The names of a server with some settings, in small letters."""
    names = {"localhost", *settings.hosts}
    if not is_every_address(settings.host):
        names.add(settings.host)
    if not is_loopback(settings.host):  # in the local network a machine is called by its own name
        own = socket.gethostname()
        names |= {own, f"{own}.local"}
    return frozenset(map(_as_sent, names)) - {""}


def _as_sent(name: str) -> str:
    """A name, or an address with it, as browsers send it: small letters, no port, other scripts as `xn--`."""
    host = name.rpartition("//")[2].partition("/")[0].lower()
    bare = host.partition(":")[0] if host.count(":") == 1 else host
    with suppress(UnicodeError):
        bare = bare.encode("idna").decode("ascii")
    return bare.rstrip(".")


def check_exposure(host: str, settings: Settings) -> None:
    """See that nobody is let in from elsewhere by oversight.

    Raises:
        SettingError: others reach the host, there is no access control, and nobody said that this is meant.
    """
    if is_loopback(host) or settings.insecure_public or Register(Path(settings.access)).on:
        return
    raise SettingError(
        f"host: {host} can be reached from other machines, and everybody there could watch. Say who may: "
        "python main.py access add NAME --role watch (or analyse, operate); or keep to this machine: --host 127.0.0.1; "
        "or, if everybody may do everything, --insecure-public"
    )
