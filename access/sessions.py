"""Signed cookies that say who has logged in. They hold a grant's id, so that a revoked grant ends all of them."""

from itsdangerous import BadData, URLSafeTimedSerializer

LIFETIME = 7 * 86_400
"""Seconds for which a log-in holds."""
SALT = "session"


def signed(grant_id: str, key: str) -> str:
    """A cookie's value for a grant, signed now."""
    return URLSafeTimedSerializer(key, SALT).dumps(grant_id)


def opened(value: str, key: str) -> tuple[str, float]:
    """The id of the grant that a cookie was signed for, and when it ends in seconds since the UTC epoch.

    An empty id where the signature is not ours or too old.
    """
    try:
        grant_id, since = URLSafeTimedSerializer(key, SALT).loads(value, max_age=LIFETIME, return_timestamp=True)
    except BadData:
        return "", 0.0
    return str(grant_id), since.timestamp() + LIFETIME
