"""Tokens and passwords: made, hashed, compared in constant time.

A token is 256 random bits, which nobody guesses, so that a plain SHA-256 keeps it and a request costs no time. A
password is chosen by a person, so that it is kept by scrypt (RFC 7914, N = 2^15, r = 8), which makes a guess expensive.
"""

import hashlib
import hmac
import secrets
import threading

from werkzeug.security import check_password_hash, generate_password_hash

from errors import AccessError

PREFIX = "expr"
"""What tokens begin with, so that people and scanners know one that has got into the wrong place."""
SHORTEST, LONGEST = 10, 200
"""Letters of a password; the upper bound keeps a log-in from being fed megabytes."""
METHOD = "scrypt:32768:8:1"
_AT_ONCE = threading.BoundedSemaphore(2)  # each scrypt takes 32 MB


def new_token(grant_id: str) -> str:
    """A token that names its grant and proves that its bearer holds it."""
    return f"{PREFIX}_{grant_id}_{secrets.token_urlsafe(32)}"


def grant_of(token: str) -> str:
    """The id of the grant that a token names; empty where it is no token."""
    parts = token.split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX else ""


def hash_token(token: str) -> str:
    """What is kept of a token, as hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def verify_token(token: str, kept: str) -> bool:
    """Whether a token is the one that a hash was made of."""
    return hmac.compare_digest(hash_token(token), kept)


def hash_password(password: str) -> str:
    """What is kept of a password: scrypt with a salt of its own, as Werkzeug writes it.

    Raises:
        AccessError: a password that is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise AccessError(
            f"a password of {len(password)} letters, expected {SHORTEST} to {LONGEST}; some words in a row do well"
        )
    return generate_password_hash(password, METHOD)


def verify_password(password: str, kept: str | None) -> bool:
    """Whether a password is the one that a hash was made of; takes as long where there is no hash."""
    with _AT_ONCE:
        fits = check_password_hash(kept or _NOBODYS, password[:LONGEST])
    return fits and kept is not None


_NOBODYS = f"{METHOD}$nobody${'0' * 128}"
