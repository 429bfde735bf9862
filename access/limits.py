"""How often somebody may try something: log-ins that fail, and files that are handed in."""

import ipaddress
import threading
import time
from collections import OrderedDict

MOST_CLIENTS = 10_000
"""Clients that are remembered; the one who came longest ago is forgotten, so that memory stays bounded."""


class Buckets:
    """A token bucket for each client: so many at once, and then so many a second.

    Args:
        rate: what is given back a second.
        burst: what a client has that has not been here for long.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str, amount: float = 1.0) -> float:
        """Take something for a client; returns 0, or the seconds after which there will be enough."""
        with self._lock:
            left = self._level(client)
            enough = left >= amount
            self._set(client, left - amount if enough else left)
        return 0.0 if enough else (amount - left) / self._rate

    def owe(self, client: str, amount: float) -> float:
        """Take even more than there is, unless something is owed already; returns 0, or the seconds until one is left.

        So what comes at one stroke is taken whole, and paid for by the time after it.
        """
        with self._lock:
            left = self._level(client)
            if left < 0:
                return (1 - left) / self._rate
            self._set(client, left - amount)
        return 0.0

    def wait(self, client: str) -> float:
        """Seconds after which a client may take one; takes nothing."""
        with self._lock:
            return max(0.0, (1 - self._level(client)) / self._rate)

    def _set(self, client: str, left: float) -> None:
        self._left[client] = left, time.monotonic()
        self._left.move_to_end(client)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)

    def _level(self, client: str) -> float:
        left, since = self._left.get(client, (self._burst, 0.0))
        return min(self._burst, left + (time.monotonic() - since) * self._rate) if client in self._left else left


class Attempts:
    """Log-ins that failed: few for each address, and not many from all addresses together.

    Five at once for an address and then one a minute; fifty for all, and then one every two seconds. Tokens are not
    counted: nobody guesses them.
    """

    EVERYBODY = ""

    def __init__(self, each: Buckets | None = None, together: Buckets | None = None) -> None:
        self._each = each or Buckets(1 / 60, 5)
        self._together = together or Buckets(1 / 2, 50)

    def wait(self, address: str) -> float:
        """Seconds for which an address must wait before it may try; 0 where it may."""
        return max(self._each.wait(network(address)), self._together.wait(self.EVERYBODY))

    def failed(self, address: str) -> None:
        """Take note of a failure."""
        self._each.take(network(address))
        self._together.take(self.EVERYBODY)


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the 64 bits of an IPv6 address that one household has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    mapped = known.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((known, 64), strict=False))
