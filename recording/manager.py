"""All records of one server: begins them within limits, takes up what an earlier server left, deletes what is old."""

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from config.logs import tell_failure
from config.redaction import told_of
from config.settings import Settings
from delivery.counters import Counts
from delivery.stream import Hub, Outgoing
from delivery.viewers import Viewer
from errors import RecordError
from media.limits.disk import check_room, is_full, is_no_room, telling_no_room
from recording.store import Record, Records

if TYPE_CHECKING:
    from recording.recorder import Recorder

log = logging.getLogger("records")

TIDY = 60.0
"""Seconds between looks for what is old, or left over."""
LOOK = 1.0
"""Seconds between looks whether there is room again for the end of a record, where there was none."""
OUTCOMES = ("closed", "deleted", "limit", "revoked", "stopped", "full", "failed", "lost")
"""How a record ends, in one word each: the first two because somebody asked for it; lost is what a crash left."""
PATIENCE = 3.0
"""Seconds within which records end when the server stops; one that does not is closed at the next start."""


class RecordManager:
    """The records of one server. Building it starts nothing and touches nothing.

    Attributes:
        begun: how many were begun here.
        ended: how many ended here, and their seconds, by one of `OUTCOMES`.
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
        """How many are being made here."""
        return sum(recorder.is_alive() for recorder in self._recorders)

    def _count(self, outcome: str, seconds: float) -> None:
        self.ended.add((outcome,), seconds)

    def open(self) -> None:
        """Take up what an earlier server left; does nothing where nothing was ever recorded."""
        if os.path.isdir(self.records.folder):  # also where the storage may not be entered, which others tell
            self._see_to_tidier()

    def begin(
        self,
        about: Mapping[str, Any],
        labels: Sequence[str],
        hub: Hub[Outgoing],
        viewer: Viewer,
        leave: Callable[[], None],
        welcome: Callable[[], bool],
    ) -> Record:
        """Begin a record of what a viewer sees.

        Args:
            about: what is recorded, and how it looks, in JSON's types.
            labels: of the expressions, in the model's order.
            hub: of the viewer's look.
            viewer: who has been let in.
            leave: lets them out; called at the record's end, not when it was never begun.
            welcome: whether they may still be here; the record ends when not.

        Raises:
            RecordError: as many as may be are going, or it cannot be written.
            StorageError: the disk is full.
        """
        from recording.recorder import Recorder  # FFmpeg's libraries, which many servers never need

        with self._lock:
            self._check()
            try:
                with telling_no_room(), self.records.alone():
                    self._check_number()
                    made, lock = self.records.begin({**about, "labels": list(labels), "limit": self.limit})
            except OSError as error:
                raise RecordError(
                    f"the server's storage cannot be written ({error.strerror}); tell its keeper"
                ) from error
            recorder = Recorder(made, lock, hub, viewer, leave, welcome, self._count)
            recorder.start()
            kept = [known for known in self._recorders if known.is_alive() or known.is_unfinished]
            self._recorders = [*kept, recorder]
            self.begun += 1
        self._see_to_tidier()
        return made

    def _check(self) -> None:
        if self._stop.is_set():
            raise RecordError("the server is being stopped")
        if not self._most:
            raise RecordError("it is turned off")
        check_room(self.records.folder)

    def _check_number(self) -> None:
        if self.records.going() >= self._most:
            raise RecordError(f"{self._most} records are being made already; try again later")

    def tidy(self) -> None:
        """Close what broke off, settle what was left, delete what is old."""
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
                self._tell_unclosed(record, error)
        self.records.sweep()

    def _tell_unclosed(self, record: Record, error: Exception) -> None:
        if is_no_room(error):
            log.warning("the disk is too full to close record %s; trying again", told_of(record.id))
        else:
            tell_failure(log, error, "record %s could not be closed; trying again", told_of(record.id))

    def _see_to_tidier(self) -> None:
        with self._lock:
            if self._tidier is None and not self._stop.is_set():
                self._tidier = threading.Thread(target=self._go_on_tidying, name="records", daemon=True)
                self._tidier.start()

    def _go_on_tidying(self) -> None:
        while not self._stop.is_set():
            try:
                self.tidy()
            except Exception as error:
                tell_failure(log, error, "the records could not be looked after; trying again")
            until = time.monotonic() + TIDY
            while time.monotonic() < until and not self._is_wanted() and not self._stop.wait(LOOK):
                pass

    def _is_wanted(self) -> bool:
        """Whether a record of this server waits for room for its end, and there is some; each is tried once."""
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
            waited = [*self._recorders, *([self._tidier] if self._tidier else [])]
        for recorder in self._recorders:
            recorder.halt()
        until = time.monotonic() + PATIENCE
        for thread in waited:
            thread.join(max(0.0, until - time.monotonic()))
