"""How often somebody may try something: log-ins that fail, and files that are handed in."""

import ipaddress
import math
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

    def give_back(self, client: str, amount: float = 1.0) -> None:
        """Undo a `take`."""
        with self._lock:
            if client in self._left:  # else it was forgotten, and has all again
                self._left[client] = (min(self._burst, self._level(client) + amount), time.monotonic())

    def _set(self, client: str, left: float) -> None:
        self._left[client] = left, time.monotonic()
        self._left.move_to_end(client)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)

    def _level(self, client: str) -> float:
        left, since = self._left.get(client, (self._burst, 0.0))
        return min(self._burst, left + (time.monotonic() - since) * self._rate) if client in self._left else left


class TooMany(Exception):  # noqa: N818 - a limit is no error
    """There were as many attempts as there may be; `wait` whole seconds later there may be another."""

    def __init__(self, wait: float) -> None:
        self.wait = math.ceil(wait)
        super().__init__(f"Too many attempts; try again in {self.wait} s.")


class Attempts:
    """Log-ins: few that fail for each address, not many from all addresses together, few under way at a time.

    Five at once for an address and then one a minute; fifty for all, and then one every two seconds. Each is counted
    before the password is looked at, so that nobody gets more by trying at the same time, and no more where it was
    right. Tokens are not counted: nobody guesses them, and who has one comes in whatever others try.
    """

    EVERYBODY = ""
    UNDER_WAY = 6
    """Attempts at a time: two passwords are hashed, and each of the others keeps a thread waiting for that."""
    MOMENT = 1.0
    """Seconds after which some of those are over."""

    def __init__(self, each: Buckets | None = None, together: Buckets | None = None) -> None:
        self._each = each or Buckets(1 / 60, 5)
        self._together = together or Buckets(1 / 2, 50)
        self._lock = threading.Lock()
        self._under_way = 0

    def begin(self, address: str) -> None:
        """Count an attempt of an address; `end` is to be called when it is known what became of it.

        Raises:
            TooMany: there were as many as there may be; it does not count.
        """
        with self._lock:
            if self._under_way >= self.UNDER_WAY:
                raise TooMany(self.MOMENT)
            self._take(network(address))
            self._under_way += 1

    def _take(self, client: str) -> None:
        """From its own bucket first: one that has used that up takes nothing from the others."""
        wait = self._each.take(client)
        if wait:
            raise TooMany(wait)
        wait = self._together.take(self.EVERYBODY)
        if wait:
            self._each.give_back(client)
            raise TooMany(wait)

    def end(self, address: str, failed: bool) -> None:
        """Take note of how an attempt ended; one that did not fail does not count."""
        with self._lock:
            self._under_way -= 1
            if not failed:
                self._each.give_back(network(address))
                self._together.give_back(self.EVERYBODY)


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
