"""Log-in sessions in signed cookies. A cookie names its grant, so that revoking that ends all its sessions, and its
session, so that a log-out ends all copies of the cookie.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeTimedSerializer

LIFETIME = 7 * 86_400
"""Seconds after which a session expires."""
SALT = "session 2"
"""The salt of signatures, with the version of the signed data, so that cookies of other versions are refused."""
MOST_ENDED = 1000
"""Ended sessions of one grant that are kept one by one; beyond that all sessions of the grant end."""


@dataclass(frozen=True, slots=True)
class Session:
    """One session, which expires at `until`, in seconds since the UTC epoch.

    `generation` counts how often all sessions of its grant had been ended when it began.
    """

    grant: str
    generation: int
    id: str
    until: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The ended sessions of one grant: all of former generations, and `ids`, each until it expires."""

    generation: int = 0
    ids: Mapping[str, float] = field(default_factory=dict)

    def allows(self, session: Session) -> bool:
        """Whether a session is none of them."""
        return session.generation == self.generation and session.id not in self.ids

    def with_session(self, session: Session) -> "Ended":
        """Add a session; expired ones are dropped, since they are refused anyway."""
        ids = {known: until for known, until in self.ids.items() if until > time.time()} | {session.id: session.until}
        return Ended(self.generation, ids) if len(ids) <= MOST_ENDED else self.with_all()

    def with_all(self) -> "Ended":
        """All sessions begun so far."""
        return Ended(self.generation + 1)


def sign(grant_id: str, generation: int, key: str) -> str:
    """Create and sign the cookie value of a new session of a grant."""
    return URLSafeTimedSerializer(key, SALT).dumps([grant_id, generation, secrets.token_urlsafe(12)])


def verify(value: str, key: str) -> Session | None:
    """Verify a cookie value and return its session; None if the signature is invalid or expired."""
    try:
        payload, since = URLSafeTimedSerializer(key, SALT).loads(value, max_age=LIFETIME, return_timestamp=True)
    except BadData:
        return None
    grant_id, generation, session_id = payload
    return Session(grant_id, generation, session_id, since.timestamp() + LIFETIME)
