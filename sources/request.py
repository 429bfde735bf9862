"""HTTP requests to network cameras: log-in, time-out, and the reason in plain words when there is no answer."""

import base64
import ssl
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse, InvalidURL, responses
from urllib.parse import unquote, urlsplit, urlunsplit

from config.redaction import without_password
from errors import SourceError
from sources.source import OPEN_LIMIT


def open_http(url: str) -> HTTPResponse:
    """Request an address and return the response; its user name and password are used for Basic and Digest.

    Raises:
        SourceError: nothing answers, or the camera refuses.
    """
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=place)))
    try:
        return _send(request, login)
    except (OSError, HTTPException, ValueError) as error:
        raise SourceError(f"{without_password(url)}: {_reason(error)}") from None


def _send(request: urllib.request.Request, login: str) -> HTTPResponse:
    """Send a request, and once more with the log-in on 401: cameras lock out clients that fail too often."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy between us and cameras
    try:
        response = opener.open(request, timeout=OPEN_LIMIT)
    except urllib.error.HTTPError as error:
        challenges = error.headers.get_all("WWW-Authenticate", [])
        credentials = _credentials(request, challenges, login) if error.code == 401 else None
        if credentials is None:
            raise
        error.close()
        request.add_unredirected_header("Authorization", credentials)
        response = opener.open(request, timeout=OPEN_LIMIT)
    assert isinstance(response, HTTPResponse)
    return response


def _credentials(request: urllib.request.Request, challenges: list[str], login: str) -> str | None:
    """The credentials for the first supported one of a camera's challenges (RFC 7617 and 7616)."""
    user, _, password = (unquote(part) for part in login.partition(":"))
    for challenge in challenges if login else []:
        kind, _, terms = challenge.partition(" ")
        if kind.lower() == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if kind.lower() == "digest":
            known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            known.add_password(None, request.full_url, user, password)
            challenge_fields = urllib.request.parse_keqv_list(urllib.request.parse_http_list(terms))
            return f"Digest {urllib.request.HTTPDigestAuthHandler(known).get_authorization(request, challenge_fields)}"
    return None


def _reason(error: Exception) -> str:
    """What went wrong, and the remedy."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in (401, 403):
            return f"it refuses ({error.code}); give user name and password as http://name:password@host/..."
        # the camera's own text may name other addresses
        status = f"{error.code} {responses.get(error.code, '')}".strip()
        return f"it answers {status}; check the address"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message}); name a file with it in SSL_CERT_FILE"
    if isinstance(cause, (InvalidURL, ValueError)):  # its message would show the address
        return "it holds what no address may; write a blank as %20, and other signs likewise"
    if isinstance(cause, TimeoutError):
        return f"no answer came within {OPEN_LIMIT:g} s; switch it off and on if that lasts"
    return f"no answer came ({cause}); check the address, and that the camera is on"
