"""Redaction of secrets: passwords in addresses, and ids of records and videos, which give access to them."""

import re

HOST = re.compile(r"(\[[^][/?#]*\]|[^][:/?#]*)(:\d+)?(?=[/?#]|\Z)")
"""The host and port of an address."""
QUERY_VALUE = re.compile(r"([?&;#][^=?&;#]*=|[?&;#]|=)([^?&;#]+)")
"""A query value with the text before it; some cameras take such values in the path, without a `?`."""
CHANNEL = re.compile(r"\d{1,2}")
"""A value that is kept, since it is a camera's channel number and no password."""
HIDDEN = "..."
ID = re.compile(r"((?:records|videos)/[A-Za-z0-9_-]{6})[A-Za-z0-9_-]{10}(?![A-Za-z0-9_-])")
"""The id of a record or video in a path or an address; the id is all that protects it."""


def without_password(source: str) -> str:
    """Remove user name and password from an address, and hide its query values.

    Of an invalid address, such as one with a slash in its password, only the scheme is kept. A text that is no address
    is returned unchanged, unless it looks like one without its scheme.
    """
    scheme, mark, rest = source.partition("://")
    if not mark:
        if not re.search(r":[^@]*@|\?", source):
            return source
        scheme, rest = "", source
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = rest[place.rfind("@") + 1 :]
    host = HOST.match(rest)
    if host is None or re.match(r"[^?#]*:[^@]*@", rest[host.end() :]):
        return f"{scheme}{mark}{HIDDEN}"
    return f"{scheme}{mark}{QUERY_VALUE.sub(_hidden, rest)}"


def _hidden(term: re.Match[str]) -> str:
    before, value = term.groups()
    return before + (value if before.endswith("=") and CHANNEL.fullmatch(value) else HIDDEN)


def short_id(known: str) -> str:
    """The start of the id of a record or video, for logs: the whole id would give access to it."""
    return f"{known[:6]}{HIDDEN}"


def without_ids(text: str) -> str:
    """Shorten the ids in the paths of a text, such as a traceback, as `short_id` does."""
    return ID.sub(rf"\1{HIDDEN}", text)
