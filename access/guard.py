"""Who somebody is, by their token, password or cookie; and who is welcome no more."""

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
"""Who was let in while there was no access control; nobody knows who that is when there is."""


class Guard:
    """Knows those who may come in, by a file. Building one opens and starts nothing.

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
        """Who bears a token; None for nobody.

        Raises:
            AccessError: the file cannot be used.
        """
        grant = self.register.contents().grants.get(credentials.grant_of(token))
        if grant is None or grant.kind != TOKEN or not credentials.verify_token(token, grant.kept):
            return None
        return _identity(grant)

    def by_password(self, name: str, password: str) -> Identity | None:
        """Who has a name and a password, or a token in its place; None for nobody. Takes a tenth of a second.

        Raises:
            AccessError: the file cannot be used.
        """
        if credentials.grant_of(password.strip()):
            return self.by_token(password.strip())
        grant = self.register.contents().named(name.strip())
        kept = grant.kept if grant and grant.kind == PASSWORD else None
        return _identity(grant) if credentials.verify_password(password, kept) and grant else None

    def log_in(self, address: str, name: str, password: str) -> Identity | None:
        """Who has a name and a password, or a token; None for nobody. Attempts from an address with passwords count.

        Raises:
            TooMany: there were too many attempts.
            AccessError: the file cannot be used.
        """
        if credentials.grant_of(password.strip()):
            return self.by_token(password.strip())
        with self.attempts.begin(address) as attempt:  # where the file cannot be used, nobody has learned anything
            identity = self.by_password(name, password)
            attempt.failed = identity is None
        return identity

    def by_cookie(self, value: str) -> Identity | None:
        """Who has logged in; None for nobody.

        Raises:
            AccessError: the file cannot be used.
        """
        contents = self.register.contents()
        session = sessions.verify(value, contents.key)
        if session is None or not contents.is_open(session):
            return None
        return _identity(contents.grants[session.grant], session)

    def cookie(self, identity: Identity) -> str:
        """The value of a cookie by which somebody is known from now on.

        Raises:
            AccessError: the file cannot be used.
        """
        contents = self.register.contents()
        return sessions.sign(identity.grant, contents.ended_of(identity.grant).generation, contents.key)

    def log_out(self, value: str) -> None:
        """End the session of a cookie, for all copies of it; does nothing where it has ended, or never was.

        Raises:
            AccessError: the file cannot be used, so that copies of the cookie hold on.
        """
        identity = self.by_cookie(value)
        if identity is not None and identity.session is not None:
            self.register.end(identity.session)

    def is_allowed(self, identity: Identity) -> bool:
        """Whether somebody who was let in may still be here; nobody may while the file cannot be used."""
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
        """End the thread that ends connections."""
        self.connections.close()


def _identity(grant: Grant, session: Session | None = None) -> Identity:
    return Identity(grant.id, grant.name, grant.role, session)
