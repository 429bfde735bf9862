"""What may be told of what lets its reader in: an address with a password in it, the id of a record or a video."""

import re

HOST = re.compile(r"(\[[^][/?#]*\]|[^][:/?#]*)(:\d+)?(?=[/?#]|\Z)")
"""The host and port of an address, and no more."""
QUERY_VALUE = re.compile(r"([?&;#][^=?&;#]*=|[?&;#]|=)([^?&;#]+)")
"""A value of an address, after what stands before it; some cameras take them in the path, without a `?`."""
CHANNEL = re.compile(r"\d{1,2}")
"""A value that stays, since it tells the channels of a camera apart; it would be no password."""
HIDDEN = "..."
ID = re.compile(r"((?:records|videos)/[A-Za-z0-9_-]{6})[A-Za-z0-9_-]{10}(?![A-Za-z0-9_-])")
"""An id in a path or an address: of a record or a video, which nothing else guards."""


def without_password(source: str) -> str:
    """An address without user name and password, and with the values of its query hidden.

    Of an address that makes no sense, as one with a slash in its password, only the beginning is told. What is no
    address stays as it is, unless it looks like one that lacks its beginning.
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
    """As much of the id of a record or a video as may stand in a log: who knows all of it may see what it names."""
    return f"{known[:6]}{HIDDEN}"


def without_ids(text: str) -> str:
    """A text, such as a traceback, with no more than `told_of` tells of the ids in its paths."""
    return ID.sub(rf"\1{HIDDEN}", text)
