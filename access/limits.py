"""How often somebody may try something: log-ins that fail, and files that are handed in."""

import ipaddress
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from access.counters import Counter

log = logging.getLogger("access")


class Limit(NamedTuple):
    """Each client may try `most` times in any `seconds`; the name tells one limit from another."""

    name: str
    most: int
    seconds: int


class TooMany(Exception):  # noqa: N818 - a limit is no error
    """There were as many attempts as there may be; `wait` whole seconds later there may be another."""

    def __init__(self, wait: float) -> None:
        self.wait = math.ceil(wait)
        super().__init__(f"Too many attempts; try again in {self.wait} s.")


class RateLimiter:
    """Counts what clients try: in Redis for all servers together where there is one, else in this process.

    While Redis is away each process counts for itself: nobody is kept out by that, and no process lets more pass than
    the limits say. Building one opens and starts nothing.

    Args:
        redis_url: address of the Redis server; empty for none.
    """

    PAUSE = 2.0
    """Seconds for which a Redis that was away is not asked; then one request tries it, and no other waits for that."""

    def __init__(self, redis_url: str = "") -> None:
        self._url = redis_url
        self._lock = threading.Lock()
        self._own: Counter | None = None
        self._shared: Counter | None = None
        self._unreachable: tuple[type[Exception], ...] = ()
        self._away = False
        self._asked_from = 0.0

    def take(self, limit: Limit, client: str) -> Callable[[], None]:
        """Count one attempt; returns what undoes that.

        Raises:
            TooMany: the client has had as many as it may.
        """
        key = f"{limit.name}:{client}"
        counter = self._count(lambda counter: counter.take(key, limit.most, limit.seconds))
        return lambda: self._give_back(counter, key)

    def take_whole(self, limit: Limit, client: str, amount: int) -> None:
        """Count several at one stroke, even more than there may be; what is too much is owed, and delays the next.

        Raises:
            TooMany: the client owes for some already.
        """
        key = f"{limit.name}:{client}"
        self._count(lambda counter: counter.take_whole(key, limit.most, limit.seconds, amount))

    def _count(self, how: "Callable[[Counter], float]") -> "Counter":
        """Let a counter decide, that of this process where Redis does not answer; returns which it was."""
        own, counter = self._counters()
        try:
            wait = how(counter)
        except self._unreachable as error:
            self._set_away(True, error)
            counter, wait = own, how(own)
        else:
            if counter is not own:
                self._set_away(False)
        if wait:
            raise TooMany(wait)
        return counter

    def _counters(self) -> "tuple[Counter, Counter]":
        """That of this process, and the one to be asked now."""
        with self._lock:
            if self._own is None:
                from access import counters
                from config import redis_client  # with the next a tenth of a second, which no start is to wait for

                self._own, self._unreachable = counters.InMemory(), redis_client.UNREACHABLE
                self._shared = counters.InRedis(self._url) if self._url else None
            if self._shared is None or time.monotonic() < self._asked_from:
                return self._own, self._own
            if self._away:
                self._asked_from = time.monotonic() + self.PAUSE
            return self._own, self._shared

    def _set_away(self, away: bool, error: Exception | None = None) -> None:
        with self._lock:
            changed, self._away = away != self._away, away
            self._asked_from = time.monotonic() + self.PAUSE if away else 0.0
        if changed and away:
            log.warning("Redis does not answer (%s); until it does, each process counts log-ins and files alone", error)
        elif changed:
            log.warning("Redis answers again; log-ins and files are counted for all processes together")

    def _give_back(self, counter: "Counter", key: str) -> None:
        if counter is self._shared and self._away:
            return  # it counts, which keeps out nobody but its own client
        try:
            counter.give_back(key)
        except self._unreachable as error:
            self._set_away(True, error)


class Attempt:
    """One log-in under way; whoever looks at it says whether it `failed`."""

    failed = False


class Attempts:
    """Log-ins: few that fail for each address, not many from all addresses together, few under way at a time.

    Five in five minutes for an address, and fifty in a hundred seconds for all. Each is counted before the password is
    looked at, so that nobody gets more by trying at the same time, and no more where it was right. Tokens are not
    counted: nobody guesses them, and who has one comes in whatever others try.
    """

    EACH = Limit("log-in", 5, 300)
    ALL = Limit("log-ins", 50, 100)
    UNDER_WAY = 6
    """Attempts at a time in one process: two passwords are hashed, and each of the others keeps a thread waiting."""
    MOMENT = 1.0
    """Seconds after which some of those are over."""

    def __init__(self, limiter: RateLimiter) -> None:
        self._limiter = limiter
        self._lock = threading.Lock()
        self._under_way = 0

    @contextmanager
    def begin(self, address: str) -> Iterator[Attempt]:
        """Count an attempt of an address; one that does not turn out as failed counts no more afterwards.

        Raises:
            TooMany: there were as many as there may be; it does not count.
        """
        attempt = Attempt()
        with self._place(), ExitStack() as given_back:
            # the address' own first: one that has used that up takes nothing from the others
            given_back.callback(self._limiter.take(self.EACH, network(address)))
            given_back.callback(self._limiter.take(self.ALL, "all"))
            yield attempt
            if attempt.failed:
                given_back.pop_all()

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._lock:
            if self._under_way >= self.UNDER_WAY:
                raise TooMany(self.MOMENT)
            self._under_way += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1


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
