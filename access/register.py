"""The file of grants: names, roles, hashes, and the ended sessions; no tokens, no passwords."""

import fcntl
import json
import os
import re
import secrets
import stat
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from access import credentials
from access.roles import ROLES
from access.sessions import Ended, Session
from errors import AccessError

NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}")
TOKEN, PASSWORD = "token", "password"


@dataclass(frozen=True, slots=True)
class Grant:
    """What one person or program may do, and the hash of its secret. `created` is in seconds since the UTC epoch."""

    id: str
    name: str
    role: str
    kind: str
    kept: str
    created: float


@dataclass(frozen=True, slots=True)
class Contents:
    """The file's contents: grants by id, the key that signs cookies, and the ended sessions by grant."""

    grants: dict[str, Grant]
    key: str
    ended: dict[str, Ended] = field(default_factory=dict)

    def named(self, name: str) -> Grant | None:
        """The grant of a name; None if there is none."""
        return next((grant for grant in self.grants.values() if grant.name == name), None)

    def ended_of(self, grant_id: str) -> Ended:
        """The ended sessions of a grant."""
        return self.ended.get(grant_id, Ended())

    def is_open(self, session: Session) -> bool:
        """Whether a session's grant exists and the session has not ended."""
        return session.grant in self.grants and self.ended_of(session.grant).allows(session)


class Register:
    """The grants of one file, read again whenever it has changed. Thread-safe.

    There is access control as soon as the file exists. Once it was seen, its absence lets nobody in.

    Args:
        path: the file; need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._read_at: tuple[int, ...] | None = None
        self._contents = Contents({}, "")
        self._seen = False

    @property
    def on(self) -> bool:
        """Whether there is access control; also true when the file cannot be checked, so that nobody is let in."""
        try:
            self._seen = self._seen or bool(self.path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return self._seen

    def contents(self) -> Contents:
        """The current contents of the file.

        Raises:
            AccessError: the file is gone, damaged, or readable by others.
        """
        with self._lock:
            try:
                found = self.path.stat()
                version = (found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode)
                if version != self._read_at:
                    self._contents, self._read_at = _read(self.path, found.st_mode), version
            except OSError as error:
                raise AccessError(f"{self.path}: it cannot be read ({error.strerror}); restore it") from None
            self._seen = True
            return self._contents

    def add(self, name: str, role: str, password: str | None = None) -> tuple[Grant, str]:
        """Add a grant with a password or, if none is given, with a new token; return the grant and its secret.

        Raises:
            AccessError: the name is taken or unfit, the role unknown, the password unfit, or the file cannot be used.
        """
        if not NAME.fullmatch(name):
            raise AccessError(f"the name {name!r}; expected up to 64 letters, digits, '.', '_', '-' and '@'")
        if role not in ROLES:
            raise AccessError(f"the role {role!r}; expected one of {', '.join(ROLES)}")
        with self._changing() as contents:
            if contents.named(name):
                raise AccessError(f"{name!r} is there already; revoke it first, or take another name")
            grant_id = secrets.token_hex(6)
            secret = credentials.new_token(grant_id) if password is None else password
            kept = credentials.hash_token(secret) if password is None else credentials.hash_password(secret)
            grant = Grant(grant_id, name, role, TOKEN if password is None else PASSWORD, kept, round(time.time(), 3))
            contents.grants[grant.id] = grant
        return grant, secret

    def revoke(self, name: str) -> Grant:
        """Remove a grant.

        Raises:
            AccessError: there is no grant of that name, or the file cannot be used.
        """
        with self._changing() as contents:
            grant = _known(contents, name)
            del contents.grants[grant.id]
            contents.ended.pop(grant.id, None)
        return grant

    def end(self, session: Session) -> None:
        """End one session, for all copies of its cookie.

        Raises:
            AccessError: the file cannot be used.
        """
        with self._changing() as contents:
            if session.grant in contents.grants:  # else the grant was revoked meanwhile, which has ended it too
                contents.ended[session.grant] = contents.ended_of(session.grant).with_session(session)

    def end_all(self, name: str) -> Grant:
        """End every session of a grant; its token or password still opens new ones.

        Raises:
            AccessError: there is no grant of that name, or the file cannot be used.
        """
        with self._changing() as contents:
            grant = _known(contents, name)
            contents.ended[grant.id] = contents.ended_of(grant.id).with_all()
        return grant

    @contextmanager
    def _changing(self) -> Iterator[Contents]:
        """Yield the contents for a change under a lock; they are written atomically if the block succeeds."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path.with_name(f".{self.path.name}.lock"), "w", opener=_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                before = self.contents() if self.on else Contents({}, secrets.token_hex(32))
                contents = Contents(dict(before.grants), before.key, dict(before.ended))
                yield contents
                _write(self.path, contents)
        except OSError as error:
            raise AccessError(
                f"{self.path}: it cannot be written ({error.strerror}); name another by --access"
            ) from None


def _known(contents: Contents, name: str) -> Grant:
    grant = contents.named(name)
    if grant is None:
        known = ", ".join(sorted(grant.name for grant in contents.grants.values())) or "nobody"
        raise AccessError(f"there is nobody called {name!r}; there is: {known}")
    return grant


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read(path: Path, mode: int) -> Contents:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise AccessError(f"{path}: others can read or write it ({stat.filemode(mode)}); chmod 600 {path}")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        grants = [_grant(entry) for entry in data["grants"]]
        key = data["key"]
        ended = {grant_id: _ended(entry) for grant_id, entry in data.get("ended", {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AccessError(f"{path}: damaged ({error!r}); restore it, or delete it and add everybody again") from None
    if not isinstance(key, str) or len(key) < 32:
        raise AccessError(f"{path}: damaged, its key is too short; delete it and add everybody again")
    return Contents({grant.id: grant for grant in grants}, key, ended)


def _grant(entry: dict[str, Any]) -> Grant:
    grant = Grant(**{field.name: entry[field.name] for field in fields(Grant)})
    if grant.role not in ROLES or grant.kind not in (TOKEN, PASSWORD):
        raise ValueError(f"{grant.name}: role {grant.role!r}, kind {grant.kind!r}")
    return grant


def _ended(entry: Mapping[str, Any]) -> Ended:
    ids = {str(session): float(until) for session, until in entry["ids"].items()}
    return Ended(int(entry["generation"]), ids)


def _write(path: Path, contents: Contents) -> None:
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    data = {
        "key": contents.key,
        "grants": [asdict(grant) for grant in contents.grants.values()],
        "ended": {grant_id: asdict(ended) for grant_id, ended in contents.ended.items()},
    }
    try:
        with open(part, "x", encoding="utf-8", opener=_private) as file:
            json.dump(data, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
