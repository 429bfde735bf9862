"""Who can reach an address: only this machine, or others too."""

import ipaddress
from pathlib import Path

from errors import SettingError
from settings import Settings


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on a host's name or address."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def check_exposure(host: str, settings: Settings) -> None:
    """See that nobody is let in from elsewhere by oversight.

    Raises:
        SettingError: others reach the host, there is no access control, and nobody said that this is meant.
    """
    if is_loopback(host) or settings.insecure_public or Path(settings.access).exists():
        return
    raise SettingError(
        f"host: {host} can be reached from other machines, and everybody there could watch. Say who may: "
        "python main.py access add NAME --role watch (or analyse, operate); or keep to this machine: --host 127.0.0.1; "
        "or, if everybody may do everything, --insecure-public"
    )
