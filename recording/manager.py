"""All records of one server: starts them within limits, finishes those of an earlier server, deletes old ones."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.logs import log_failure
from config.redaction import short_id
from config.settings import Settings
from delivery.counters import Counts
from delivery.stream import Hub, Outgoing
from delivery.viewers import Viewer
from errors import RecordError
from media.limits.disk import check_room, disk_full_errors, is_disk_full_error, is_full
from recording.store import Record, Records

if TYPE_CHECKING:
    from recording.recorder import Recorder

log = logging.getLogger("records")

TIDY = 60.0
"""Seconds between searches for old and unfinished records."""
POLL = 1.0
"""Seconds between checks whether a full disk has room again for the end of a record."""
OUTCOMES = ("closed", "deleted", "limit", "revoked", "stopped", "full", "failed", "lost")
"""How a record ends: the first two because somebody asked for it; `lost` after a crash."""
STOP_TIMEOUT = 3.0
"""Seconds that records have to end when the server stops; unfinished ones are completed at the next start."""


class RecordManager:
    """The records of one server. Building it starts nothing and touches nothing.

    Attributes:
            begun: number of records started here.
            ended: number of records that ended here, and their seconds, by one of `OUTCOMES`.
    """

    def __init__(self, settings: Settings) -> None:
        self.records = Records(Path(settings.storage) / "records", settings.keep * 3600)
        self.limit = settings.record_minutes * 60
        self._most = settings.max_records
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._recorders: list[Recorder] = []
        self._tidier: threading.Thread | None = None
        self.begun = 0
        self.ended = Counts()

    @property
    def running(self) -> int:
        """The number of records being made here."""
        return sum(recorder.is_alive() for recorder in self._recorders)

    def _count(self, outcome: str, seconds: float) -> None:
        self.ended.add((outcome,), seconds)

    def open(self) -> None:
        """Finish what an earlier server left; does nothing if nothing was ever recorded."""
        if os.path.isdir(self.records.folder):  # False also if the storage is not accessible, which others report
            self._start_tidying()

    def begin(
        self,
        about: Mapping[str, Any],
        labels: Sequence[str],
        hub: Hub[Outgoing],
        viewer: Viewer,
        leave: Callable[[], None],
        is_allowed: Callable[[], bool],
    ) -> Record:
        """Start a record of what a viewer sees.

        Args:
            about: what is recorded, and its view options, in JSON's types.
            labels: of the expressions, in the model's order.
            hub: of the viewer's stream.
            viewer: who was admitted.
            leave: releases the viewer; called at the record's end, not if it was never started.
            is_allowed: whether the viewer may still watch; the record ends when not.

        Raises:
            RecordError: the most records are being made already, or it cannot be written.
            StorageError: the disk is full.
        """
        from recording.recorder import Recorder  # loads FFmpeg's libraries, which many servers never need

        with self._lock:
            self._check()
            try:
                with disk_full_errors(), self.records.exclusive():
                    self._check_number()
                    made, lock = self.records.begin({**about, "labels": list(labels), "limit": self.limit})
            except OSError as error:
                raise RecordError(
                    f"the server's storage cannot be written ({error.strerror}); tell its administrator"
                ) from error
            recorder = Recorder(made, lock, hub, viewer, leave, is_allowed, self._count)
            recorder.start()
            kept = [known for known in self._recorders if known.is_alive() or known.is_unfinished]
            self._recorders = [*kept, recorder]
            self.begun += 1
        self._start_tidying()
        return made

    def _check(self) -> None:
        if self._stop.is_set():
            raise RecordError("the server is being stopped")
        if not self._most:
            raise RecordError("it is turned off")
        check_room(self.records.folder)

    def _check_number(self) -> None:
        if self.records.active() >= self._most:
            raise RecordError(f"{self._most} records are being made already; try again later")

    def tidy(self) -> None:
        """Complete broken records, remux videos, delete old records."""
        from recording.closing import recover

        for record in self.records.all():
            if self._stop.is_set():
                return
            try:
                outcome = "full" if record.is_cut_short else "lost"
                seconds = recover(record, self._stop.is_set)
                if seconds is not None:
                    self._count(outcome, seconds)
            except Exception as error:
                self._log_unclosed(record, error)
        self.records.sweep()

    def _log_unclosed(self, record: Record, error: Exception) -> None:
        if is_disk_full_error(error):
            log.warning("the disk is too full to close record %s; trying again", short_id(record.id))
        else:
            log_failure(log, error, "record %s could not be closed; trying again", short_id(record.id))

    def _start_tidying(self) -> None:
        with self._lock:
            if self._tidier is None and not self._stop.is_set():
                self._tidier = threading.Thread(target=self._tidy_repeatedly, name="records", daemon=True)
                self._tidier.start()

    def _tidy_repeatedly(self) -> None:
        while not self._stop.is_set():
            try:
                self.tidy()
            except Exception as error:
                log_failure(log, error, "the records could not be tidied; trying again")
            deadline = time.monotonic() + TIDY
            while time.monotonic() < deadline and not self._may_finish() and not self._stop.wait(POLL):
                pass

    def _may_finish(self) -> bool:
        """Whether the disk has room again for records that could not be finished; each is tried once."""
        unfinished = [recorder for recorder in self._recorders if recorder.is_unfinished]
        if not unfinished or is_full(self.records.folder):
            return False
        for recorder in unfinished:
            recorder.is_unfinished = False
        return True

    def close(self) -> None:
        """End every record, and the tidying."""
        self._stop.set()
        with self._lock:
            threads = [*self._recorders, *([self._tidier] if self._tidier else [])]
        for recorder in self._recorders:
            recorder.halt()
        deadline = time.monotonic() + STOP_TIMEOUT
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
