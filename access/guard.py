"""Authentication by token, password or cookie, and whether an identity still has access."""

import logging
from pathlib import Path

from access import credentials, sessions
from access.connections import Connections, Identity
from access.limits import Attempts, RateLimiter
from access.register import PASSWORD, TOKEN, Grant, Register
from access.roles import OPERATE
from access.sessions import Session
from errors import AccessError

log = logging.getLogger("access")

ANYBODY = Identity("none", "anybody", OPERATE)
"""The identity of everybody without access control; it has no access once there is."""


class Guard:
    """Authenticates by a file of grants. The constructor opens and starts nothing.

    Args:
        path: the file of grants; while there is none, everybody may do everything.
        limiter: what counts log-ins; by default this process alone.
    """

    def __init__(self, path: Path | str, limiter: RateLimiter | None = None) -> None:
        self.register = Register(Path(path))
        self.attempts = Attempts(limiter or RateLimiter())
        self.connections = Connections(self.is_allowed)

    @property
    def on(self) -> bool:
        """Whether there is access control."""
        return self.register.on

    def by_token(self, token: str) -> Identity | None:
        """The identity of a token's bearer; None for an unknown token.

        Raises:
            AccessError: the file cannot be used.
        """
        grant = self.register.contents().grants.get(credentials.grant_of(token))
        if grant is None or grant.kind != TOKEN or not credentials.verify_token(token, grant.kept):
            return None
        return _identity(grant)

    def by_password(self, name: str, password: str) -> Identity | None:
        """The identity with a name and password, or a token in the password's place; None if there is none.

        Hashing takes a tenth of a second.

        Raises:
            AccessError: the file cannot be used.
        """
        if credentials.grant_of(password.strip()):
            return self.by_token(password.strip())
        grant = self.register.contents().named(name.strip())
        kept = grant.kept if grant and grant.kind == PASSWORD else None
        return _identity(grant) if credentials.verify_password(password, kept) and grant else None

    def log_in(self, address: str, name: str, password: str) -> Identity | None:
        """As `by_password`, but password attempts are counted by address.

        Raises:
            TooMany: there were too many attempts from the address.
            AccessError: the file cannot be used.
        """
        if credentials.grant_of(password.strip()):
            return self.by_token(password.strip())
        with self.attempts.begin(address) as attempt:  # where the file cannot be used, nobody has learned anything
            identity = self.by_password(name, password)
            attempt.failed = identity is None
        return identity

    def by_cookie(self, value: str) -> Identity | None:
        """The identity of a session cookie; None if its session is invalid or has ended.

        Raises:
            AccessError: the file cannot be used.
        """
        contents = self.register.contents()
        session = sessions.verify(value, contents.key)
        if session is None or not contents.is_open(session):
            return None
        return _identity(contents.grants[session.grant], session)

    def cookie(self, identity: Identity) -> str:
        """Create the value of a session cookie.

        Raises:
            AccessError: the file cannot be used.
        """
        contents = self.register.contents()
        return sessions.sign(identity.grant, contents.ended_of(identity.grant).generation, contents.key)

    def log_out(self, value: str) -> None:
        """End the session of a cookie, for all copies of it; do nothing if it has ended or never existed.

        Raises:
            AccessError: the file cannot be used, so that copies of the cookie stay valid.
        """
        identity = self.by_cookie(value)
        if identity is not None and identity.session is not None:
            self.register.end(identity.session)

    def is_allowed(self, identity: Identity) -> bool:
        """Whether an identity still has access; none has while the file cannot be used."""
        if identity == ANYBODY:
            return not self.on
        try:
            contents = self.register.contents()
            session = identity.session
            return identity.grant in contents.grants if session is None else contents.is_open(session)
        except AccessError as error:
            log.error("%s", error)
            return False

    def close(self) -> None:
        """End the thread that closes connections."""
        self.connections.close()


def _identity(grant: Grant, session: Session | None = None) -> Identity:
    return Identity(grant.id, grant.name, grant.role, session)
