"""A parser of multipart/x-mixed-replace streams: bytes in as they arrive, whole parts out."""

from errors import SourceError

HEAD_LIMIT = 16_384
PART_LIMIT = 64 << 20
"""The most bytes of a part's head and body; a camera's stream has less."""


class MultipartParser:
    """Parses one stream.

    Cameras disagree on the boundary that they announce and on Content-Length. So the boundary is taken from the line
    that opens the first part, and is searched for when a part has no length (RFC 2046, section 5.1).
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._boundary = b""
        self._in_body = False
        self._length: int | None = None
        self._searched = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Add received bytes; return the bodies of the parts that they complete.

        Raises:
            SourceError: a head or body is longer than any camera's.
        """
        self._buffer += data
        parts: list[bytes] = []
        while self._read_body(parts) if self._in_body else self._read_head():
            pass
        if len(self._buffer) > (PART_LIMIT if self._in_body else HEAD_LIMIT):
            raise SourceError(f"got {len(self._buffer)} bytes without the end of a picture, expected a stream of JPEGs")
        return parts

    def _read_head(self) -> bool:
        """Read a part's head if it is complete; a blank line ends it."""
        del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
        ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := self._buffer.find(mark)) >= 0]
        if not ends:
            return False
        at, width = min(ends)
        lines = bytes(self._buffer[:at]).splitlines()
        del self._buffer[: at + width]
        self._boundary = self._boundary or next((line.strip() for line in lines if line.startswith(b"--")), b"")
        self._length, self._searched, self._in_body = _length(lines), 0, True
        return True

    def _read_body(self, parts: list[bytes]) -> bool:
        end = self._body_end()
        if end is None:
            return False
        parts.append(bytes(self._buffer[:end]))
        del self._buffer[:end]
        self._in_body = False
        return True

    def _body_end(self) -> int | None:
        if self._length is not None:
            return self._length if len(self._buffer) >= self._length else None
        at = self._buffer.find(self._boundary, self._searched) if self._boundary else -1
        if at < 0:
            self._searched = max(0, len(self._buffer) - len(self._boundary))
            return None
        return len(self._buffer[:at].rstrip(b"\r\n"))


def _length(lines: list[bytes]) -> int | None:
    """The Content-Length among a head's lines, if there is a valid one."""
    for line in lines:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    return None
