"""Writes the parts of a record picture by picture: video, rows, moments, and the sums for its summary."""

import logging
from collections.abc import Callable
from contextlib import suppress

import cv2
import numpy as np

from config.logs import reason_of
from config.redaction import short_id
from delivery.stream import Picture
from delivery.view_options import ViewOptions
from errors import SourceError, StorageError
from faces import Face, Image
from recording.closing import complete
from recording.moments import Moments
from recording.rows import RowWriter
from recording.store import MAX_FPS, VIDEO, Record
from recording.summary import Summary
from recording.video import RecordVideo, fit_picture

log = logging.getLogger("recorder")

HELD = 1.0
"""Seconds after which the last picture is written once more, so that the video is as long as the record."""


class Writer:
    """Writes one record. Nothing is created before the first picture, whose size the video has."""

    def __init__(self, record: Record, view: ViewOptions) -> None:
        self._record = record
        self._about = record.about
        self._view = view
        self._video: RecordVideo | None = None
        self._rows: RowWriter | None = None
        self._moments = Moments(record.folder, self._about["labels"])
        self._last: Image | None = None
        self.summary = Summary(self._about["labels"], view.threshold)

    @property
    def has_begun(self) -> bool:
        """Whether there was a picture."""
        return self._rows is not None

    def add(self, picture: Picture, seconds: float) -> None:
        """Write a picture that was taken `seconds` after the first one; an unreadable one is skipped.

        Raises:
            SourceError: the video cannot be written.
            StorageError: the disk is too full for it.
            OSError: something else cannot be written.
        """
        image = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return
        video, rows = self._open(image.shape[1], image.shape[0])
        # Another camera of the same name may give another size.
        fitted, faces = fit_picture(np.asarray(image, np.uint8), self._faces(picture), picture.size, video.size)
        video.write(fitted, seconds)
        self.summary.add(seconds, faces)  # first: what a full disk refuses now is written at the end
        rows.add((picture.captured_at, seconds, faces))
        self._moments.update(fitted, seconds, faces, self._view.threshold)
        self._last = fitted

    def _faces(self, picture: Picture) -> tuple[Face, ...]:
        """Return the faces where the visitor sees them."""
        if not self._view.mirror:
            return picture.faces
        return tuple(face.mirrored(picture.size[0]) for face in picture.faces)

    def _open(self, width: int, height: int) -> tuple[RecordVideo, RowWriter]:
        if self._video is None or self._rows is None:
            self._video = RecordVideo(self._record.folder / VIDEO, width, height, MAX_FPS)
            width, height = self._video.size
            head = {"record": self._record.id, **self._about, "width": width, "height": height}
            self._rows = RowWriter(self._record.folder, head, self._about["labels"])
        return self._video, self._rows

    def save(self) -> None:
        """Write what is not written with each picture.

        Raises:
            OSError: it cannot be written.
        """
        self._moments.save()

    def close(self, seconds: float, message: str, stop: Callable[[], bool]) -> None:
        """Close all files and write the summary: milliseconds, apart from remuxing the video, which `stop` skips.

        Args:
            seconds: the length of the record.
            message: why it ended, as `closing.complete` takes it.
            stop: whether to hurry.

        Raises:
            OSError: something cannot be written.
        """
        size = self._video.size if self._video else (0, 0)
        self._close_video(seconds)
        self.save()
        complete(self._record, self.summary, message, self._rows, size, stop)

    def drop(self) -> None:
        """Close what is still open, as it is."""
        self._close_video(0)
        if self._rows is not None:
            self._rows.drop()

    def _close_video(self, seconds: float) -> None:
        """End the video; the part written before plays in any case."""
        if self._video is None:
            return
        try:
            if self._last is not None and seconds - self.summary.seconds > HELD:
                self._video.write(self._last, seconds)
                self.summary.advance(seconds)
        except (SourceError, StorageError) as error:
            log.warning("the video of record %s could not be ended: %s", short_id(self._record.id), reason_of(error))
        finally:
            with suppress(SourceError, StorageError):
                self._video.close()
            self._video = None
