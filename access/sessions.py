"""Log-ins, each by a signed cookie: it names its grant, so that revoking that ends all of them, and itself, so that a
log-out ends it wherever it was copied to.
"""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeTimedSerializer

LIFETIME = 7 * 86_400
"""Seconds for which a log-in holds."""
SALT = "session 2"
"""What a signature is for; another number with another form of what is signed, so that older cookies are refused."""
MOST_ENDED = 1000
"""Ended sessions of one grant that are remembered one by one; beyond that all sessions of that grant end."""


@dataclass(frozen=True, slots=True)
class Session:
    """One log-in, until a time in seconds since the UTC epoch.

    Its `generation` is how often all sessions of its grant had been ended when it began.
    """

    grant: str
    generation: int
    id: str
    until: float


@dataclass(frozen=True, slots=True)
class Ended:
    """Which sessions of one grant have been ended: all of former generations, and `ids`, each until it expires."""

    generation: int = 0
    ids: Mapping[str, float] = field(default_factory=dict)

    def allows(self, session: Session) -> bool:
        """Whether a session is not among them."""
        return session.generation == self.generation and session.id not in self.ids

    def with_session(self, session: Session) -> "Ended":
        """The same with another one; those that have expired by now are forgotten, since nobody takes them."""
        ids = {known: until for known, until in self.ids.items() if until > time.time()} | {session.id: session.until}
        return Ended(self.generation, ids) if len(ids) <= MOST_ENDED else self.with_all()

    def with_all(self) -> "Ended":
        """All that were ever begun."""
        return Ended(self.generation + 1)


def sign(grant_id: str, generation: int, key: str) -> str:
    """The value of a cookie for a new session of a grant, signed now."""
    return URLSafeTimedSerializer(key, SALT).dumps([grant_id, generation, secrets.token_urlsafe(12)])


def verify(value: str, key: str) -> Session | None:
    """The session that a cookie was signed for; None where the signature is not ours or too old."""
    try:
        told, since = URLSafeTimedSerializer(key, SALT).loads(value, max_age=LIFETIME, return_timestamp=True)
    except BadData:
        return None
    grant_id, generation, session_id = told
    return Session(grant_id, generation, session_id, since.timestamp() + LIFETIME)
