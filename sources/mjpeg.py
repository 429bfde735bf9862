"""A network camera that sends MJPEG over HTTP (multipart/x-mixed-replace)."""

import select
import time
from http.client import HTTPException, HTTPResponse

import cv2
import numpy as np

from config.redaction import without_password
from errors import SourceError
from faces import Image
from sources.multipart import MultipartParser
from sources.source import READ_LIMIT, Source

CHUNK = 1 << 18
"""The most bytes to read from the connection at once."""
DRAIN_LIMIT = 0.1
"""The most seconds to look for a newer picture than the one that has arrived."""


class MjpegCamera(Source):
    """The pictures of a multipart response; of those that have arrived only the newest is decoded.

    It is not read by FFmpeg, which waits for the next boundary before it returns a picture, gives no reason when it
    fails, and returns everything that has piled up.
    """

    live = True

    def __init__(self, url: str, response: HTTPResponse) -> None:
        super().__init__(without_password(url))
        self._response = response
        self._parts = MultipartParser()
        self._received_at = 0.0

    def _grab(self) -> Image:
        until = time.monotonic() + READ_LIMIT
        while True:
            jpeg = self._newest(until)
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
            if image is not None:
                return np.asarray(image, np.uint8)

    def _newest(self, until: float) -> bytes:
        """Wait for a part, and return the last one of those that have arrived."""
        parts: list[bytes] = []
        while not parts:
            if time.monotonic() > until:
                raise SourceError(f"{self.description}: no picture came within {READ_LIMIT:g} s; switch it off and on")
            parts = self._receive()
        enough = time.monotonic() + DRAIN_LIMIT
        while time.monotonic() < enough and select.select([self._response], [], [], 0)[0]:
            parts = self._receive() or parts
        return parts[-1]

    def _receive(self) -> list[bytes]:
        try:
            data = self._response.read1(CHUNK)
            parts = self._parts.feed(data)
        except TimeoutError:
            raise SourceError(f"{self.description}: it sends nothing more; switch it off and on") from None
        except (OSError, HTTPException, ValueError) as error:
            raise SourceError(f"{self.description}: the connection broke off ({error})") from None
        except SourceError as error:
            raise SourceError(f"{self.description}: {error}") from None
        if not data:
            raise SourceError(f"{self.description}: the connection broke off; is the camera still on?")
        if parts:
            self._received_at = time.time()
        return parts

    def _captured_at(self) -> float:
        return self._received_at  # a camera's own clock, which some send, may be wrong by hours

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._response.close()
