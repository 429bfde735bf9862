"""A network camera that sends JPEGs one after another over HTTP (multipart/x-mixed-replace)."""

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
"""Bytes taken from the connection at a time."""
DRAIN_LIMIT = 0.1
"""Seconds spent at most on looking for a newer picture than the one that has come."""


class MjpegCamera(Source):
    """The pictures of a multipart answer; of those that have come already only the newest is decoded.

    Read here and not by FFmpeg, because that waits for the next boundary before it gives a picture, tells no reason
    when it fails, and hands out everything that has piled up.
    """

    live = True

    def __init__(self, url: str, answer: HTTPResponse) -> None:
        super().__init__(without_password(url))
        self._answer = answer
        self._parts = MultipartParser()
        self._came_at = 0.0

    def _grab(self) -> Image:
        until = time.monotonic() + READ_LIMIT
        while True:
            jpeg = self._newest(until)
            image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
            if image is not None:
                return np.asarray(image, np.uint8)

    def _newest(self, until: float) -> bytes:
        """Wait for a part, and take the last one of those that have come."""
        parts: list[bytes] = []
        while not parts:
            if time.monotonic() > until:
                raise SourceError(f"{self.description}: no picture came within {READ_LIMIT:g} s; switch it off and on")
            parts = self._receive()
        enough = time.monotonic() + DRAIN_LIMIT
        while time.monotonic() < enough and select.select([self._answer], [], [], 0)[0]:
            parts = self._receive() or parts
        return parts[-1]

    def _receive(self) -> list[bytes]:
        try:
            data = self._answer.read1(CHUNK)
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
            self._came_at = time.time()
        return parts

    def _captured_at(self) -> float:
        return self._came_at  # a camera's own clock, which some send along, may be wrong by hours

    def close(self) -> None:
        """Hang up; a second call does nothing."""
        self._answer.close()
