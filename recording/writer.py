"""What a record is made of, written picture by picture: video, rows, moments, and the sums for its summary."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import cv2
import numpy as np

from config.logs import reason_of
from config.redaction import told_of
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from errors import SourceError, StorageError
from faces import Face, Image
from recording.closing import complete
from recording.moments import Moments
from recording.rows import RowWriter
from recording.store import RATE, VIDEO, Record
from recording.summary import Summary
from recording.video import RecordVideo, fitted

log = logging.getLogger("recorder")

HELD = 1.0
"""Seconds for which the last picture may stand before it is written once more, so that the video is as long."""


class Writer:
    """Writes one record. Nothing is made before the first picture, whose size the video has."""

    def __init__(self, record: Record, view: ViewOptions) -> None:
        self._record = record
        self._about = record.about
        self._look = view
        self._film: RecordVideo | None = None
        self._ledger: RowWriter | None = None
        self._moments = Moments(record.folder, self._about["labels"])
        self._last: Image | None = None
        self.summary = Summary(self._about["labels"], view.threshold)

    @property
    def has_begun(self) -> bool:
        """Whether there was a picture."""
        return self._ledger is not None

    def add(self, picture: Picture, seconds: float) -> None:
        """Write a picture that was taken so many seconds after the first one; an unreadable one is passed over.

        Raises:
            SourceError: the video cannot be written.
            StorageError: the disk is too full for it.
            OSError: something else cannot be written.
        """
        image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return
        film, ledger = self._begun(image.shape[1], image.shape[0])
        # Another camera of the same name may give another size.
        fit, faces = fitted(np.asarray(image, np.uint8), self._faces(picture), picture.size, film.size)
        film.write(fit, seconds)
        self.summary.add(seconds, faces)  # first: what a full disk does not take now is written at the end
        ledger.add((picture.captured_at, seconds, faces))
        self._moments.see(fit, seconds, faces, self._look.threshold)
        self._last = fit

    def _faces(self, picture: Picture) -> tuple[Face, ...]:
        """The faces where the visitor sees them."""
        if not self._look.mirror:
            return picture.faces
        return tuple(replace(face, box=face.box.mirrored(picture.size[0])) for face in picture.faces)

    def _begun(self, width: int, height: int) -> tuple[RecordVideo, RowWriter]:
        if self._film is None or self._ledger is None:
            self._film = RecordVideo(self._record.folder / VIDEO, width, height, RATE)
            width, height = self._film.size
            head = {"record": self._record.id, **self._about, "width": width, "height": height}
            self._ledger = RowWriter(self._record.folder, head, self._about["labels"])
        return self._film, self._ledger

    def save(self) -> None:
        """Write what is not written with each picture.

        Raises:
            OSError: it cannot be.
        """
        self._moments.save()

    def close(self, seconds: float, message: str, stop: Callable[[], bool]) -> None:
        """End all files and make the summary: milliseconds, but for the video's settling, which `stop` has left.

        Args:
            seconds: the length of the record.
            message: why it ended, as `closing.complete` wants it.
            stop: says that time presses.

        Raises:
            OSError: something cannot be written.
        """
        size = self._film.size if self._film else (0, 0)
        self._close_film(seconds)
        self.save()
        complete(self._record, self.summary, message, self._ledger, size, stop)

    def drop(self) -> None:
        """Close what is still open, as it is."""
        self._close_film(0)
        if self._ledger is not None:
            self._ledger.drop()

    def _close_film(self, seconds: float) -> None:
        """End the video; what was written before plays, whatever comes."""
        if self._film is None:
            return
        try:
            if self._last is not None and seconds - self.summary.seconds > HELD:
                self._film.write(self._last, seconds)
                self.summary.reach(seconds)
        except (SourceError, StorageError) as error:
            log.warning("the video of record %s could not be ended: %s", told_of(self._record.id), reason_of(error))
        finally:
            with suppress(SourceError, StorageError):
                self._film.close()
            self._film = None
