"""A request to a network camera: log-in, time-out, and in plain words why there is no answer."""

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
    """The answer to a request for an address; user name and password in it serve for Basic and Digest.

    Raises:
        SourceError: nobody answers, or what answers refuses.
    """
    parts = urlsplit(url)
    login, _, place = parts.netloc.rpartition("@")
    request = urllib.request.Request(urlunsplit(parts._replace(netloc=place)))
    try:
        return _ask(request, login)
    except (OSError, HTTPException, ValueError) as error:
        raise SourceError(f"{without_password(url)}: {_reason(error)}") from None


def _ask(request: urllib.request.Request, login: str) -> HTTPResponse:
    """Ask, and once again with the log-in where that is asked for: cameras lock out whoever errs too often."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # cameras are asked directly
    try:
        answer = opener.open(request, timeout=OPEN_LIMIT)
    except urllib.error.HTTPError as error:
        proof = _proof(request, error.headers.get_all("WWW-Authenticate", []), login) if error.code == 401 else None
        if proof is None:
            raise
        error.close()
        request.add_unredirected_header("Authorization", proof)
        answer = opener.open(request, timeout=OPEN_LIMIT)
    assert isinstance(answer, HTTPResponse)
    return answer


def _proof(request: urllib.request.Request, challenges: list[str], login: str) -> str | None:
    """What answers the first of a camera's challenges that can be answered (RFC 7617 and 7616)."""
    user, _, password = (unquote(part) for part in login.partition(":"))
    for challenge in challenges if login else []:
        kind, _, terms = challenge.partition(" ")
        if kind.lower() == "basic":
            return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        if kind.lower() == "digest":
            known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            known.add_password(None, request.full_url, user, password)
            told = urllib.request.parse_keqv_list(urllib.request.parse_http_list(terms))
            return f"Digest {urllib.request.HTTPDigestAuthHandler(known).get_authorization(request, told)}"
    return None


def _reason(error: Exception) -> str:
    """What went wrong, and what to do."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in (401, 403):
            return f"it refuses ({error.code}); give user name and password as http://name:password@host/..."
        told = f"{error.code} {responses.get(error.code, '')}".strip()  # its own words may name where it leads to
        return f"it answers {told}; check the address"
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({cause.verify_message}); name a file with it in SSL_CERT_FILE"
    if isinstance(cause, (InvalidURL, ValueError)):  # whose words would show it
        return "it holds what no address may; write a blank as %20, and other signs likewise"
    if isinstance(cause, TimeoutError):
        return f"no answer came within {OPEN_LIMIT:g} s; switch it off and on if that lasts"
    return f"no answer came ({cause}); check the address, and that the camera is on"
