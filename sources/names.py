"""Camera names: each source has one, which is part of addresses."""

import re
from collections.abc import Sequence

from config.redaction import without_password
from errors import SettingError

NAMED_SOURCE = re.compile(r"([^/:?.=]*)=(.*)")
"""A name, `=`, and a source. A bare address or path has one of the excluded characters before its first `=`."""
CAMERA_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def named_sources(sources: Sequence[str]) -> dict[str, str]:
    """Return sources by camera name, from `NAME=SOURCE` or bare sources, which are named camera, camera-2, and so on.

    Raises:
        SettingError: no source, a name that is unfit for addresses, or one name or webcam given twice.
    """
    named: dict[str, str] = {}
    for position, text in enumerate(sources, 1):
        name, source = _name_and_source(text, position)
        if name in named:
            raise SettingError(f"source: two cameras are called {name!r}; give each its own name, as NAME=SOURCE")
        for other, taken in named.items():
            if _device(source) and _device(source) == _device(taken):
                raise SettingError(
                    f"source: {other!r} and {name!r} are both {source!r}, and a webcam has room for one; to show it "
                    f"twice, open /video_feed/{other} twice"
                )
        named[name] = source
    if not named:
        raise SettingError("source: got none, expected at least one, such as auto, 0 or demo")
    return named


def _name_and_source(text: str, position: int) -> tuple[str, str]:
    match = NAMED_SOURCE.fullmatch(text)
    if not match:
        return "camera" if position == 1 else f"camera-{position}", text
    name, source = (part.strip() for part in match.groups())
    if not CAMERA_NAME.fullmatch(name):
        raise SettingError(
            f"source: {name!r} cannot name a camera, since it stands in addresses; take up to 32 letters, digits, "
            f"'-' and '_', as in front-door={without_password(source) or '0'}"
        )
    if not source:
        raise SettingError(f"source: {text!r} names a camera but no source, expected such as {name}=0 or {name}=demo")
    return name, source


def _device(source: str) -> str:
    """The path of the webcam that a source names; empty for sources that any number of readers may open."""
    if source == "auto":
        return source
    return f"/dev/video{int(source)}" if source.isdigit() else source if source.startswith("/dev/") else ""
