"""Tokens and passwords: creating, hashing, and comparing in constant time.

A token is 256 random bits, which cannot be guessed, so a plain SHA-256 is enough and requests stay fast. A password is
chosen by a person, so it is hashed by scrypt (RFC 7914, N = 2^15, r = 8), which makes guessing expensive.
"""

import hashlib
import hmac
import secrets
import threading

from werkzeug.security import check_password_hash, generate_password_hash

from errors import AccessError

PREFIX = "expr"
"""The prefix of tokens, by which people and secret scanners recognise a leaked one."""
SHORTEST, LONGEST = 10, 200
"""Length of a password; the upper bound keeps megabytes out of the hash."""
METHOD = "scrypt:32768:8:1"
_AT_ONCE = threading.BoundedSemaphore(2)  # each scrypt takes 32 MB


def new_token(grant_id: str) -> str:
    """Create a token, which names its grant and holds a secret."""
    return f"{PREFIX}_{grant_id}_{secrets.token_urlsafe(32)}"


def grant_of(token: str) -> str:
    """The id of the grant that a token names; empty if the text is no token."""
    parts = token.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX else ""


def hash_token(token: str) -> str:
    """Hash a token for storage, as hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def verify_token(token: str, kept: str) -> bool:
    """Whether a token matches a hash."""
    return hmac.compare_digest(hash_token(token), kept)


def hash_password(password: str) -> str:
    """Hash a password for storage: scrypt with a random salt, in Werkzeug's format.

    Raises:
        AccessError: the password is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(
            f"a password of {len(password)} letters, expected {SHORTEST} to {LONGEST}; some words in a row do well"
        )
    return generate_password_hash(password, METHOD)


def verify_password(password: str, kept: str | None) -> bool:
    """Whether a password matches a hash; takes as long when there is no hash."""
    with _AT_ONCE:
        fits = check_password_hash(kept or _NOBODYS, password[:LONGEST])
    return fits and kept is not None


_NOBODYS = f"{METHOD}$nobody${'0' * 128}"
