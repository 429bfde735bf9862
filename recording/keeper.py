"""All records of one server: begins them within limits, takes up what an earlier server left, deletes what is old."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from delivery.stream import Hub, Outgoing
from delivery.viewers import Viewer
from errors import RecordError
from media.uploads import is_full
from recording.store import Record, Records
from settings import Settings

if TYPE_CHECKING:
    from recording.recorder import Recorder

log = logging.getLogger("records")

TIDY = 60.0
"""Seconds between looks for what is old, or left over."""
PATIENCE = 3.0
"""Seconds within which records end when the server stops; one that does not is closed at the next start."""


class Keeper:
    """The records of one server. Building it starts nothing and touches nothing."""

    def __init__(self, settings: Settings) -> None:
        self.records = Records(Path(settings.storage) / "records", settings.keep * 3600)
        self.limit = settings.record_minutes * 60
        self._most = settings.max_records
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._recorders: list[Recorder] = []
        self._tidier: threading.Thread | None = None

    def open(self) -> None:
        """Take up what an earlier server left; does nothing where nothing was ever recorded."""
        if self.records.folder.is_dir():
            self._see_to_tidier()

    def begin(
        self,
        about: Mapping[str, Any],
        labels: Sequence[str],
        hub: Hub[Outgoing],
        viewer: Viewer,
        leave: Callable[[], None],
    ) -> Record:
        """Begin a record of what a viewer sees.

        Args:
            about: what is recorded, and how it looks, in JSON's types.
            labels: of the expressions, in the model's order.
            hub: of the viewer's look.
            viewer: who has been let in.
            leave: lets them out; called at the record's end, not when it was never begun.

        Raises:
            RecordError: as many as may be are going, the disk is full, or it cannot be written.
        """
        from recording.recorder import Recorder  # FFmpeg's libraries, which many servers never need

        with self._lock:
            self._check()
            try:
                made, lock = self.records.begin({**about, "labels": list(labels), "limit": self.limit})
            except OSError as error:
                raise RecordError(
                    f"the server's storage cannot be written ({error.strerror}); tell its keeper"
                ) from error
            recorder = Recorder(made, lock, hub, viewer, leave)
            self._recorders = [known for known in self._recorders if known.is_alive()]
            self._recorders.append(recorder)
            recorder.start()
        self._see_to_tidier()
        return made

    def _check(self) -> None:
        if self._stop.is_set():
            raise RecordError("the server is being stopped")
        if self.records.going() >= self._most:
            told = f"{self._most} records are being made already; try again later" if self._most else "it is turned off"
            raise RecordError(told)
        self.records.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_full(self.records.folder):
            raise RecordError("the server's disk is full; try again later, or tell its keeper")

    def tidy(self) -> None:
        """Close what broke off, settle what was left, delete what is old."""
        from recording.closing import recover

        for record in self.records.all():
            if self._stop.is_set():
                return
            try:
                recover(record, self._stop.is_set)
            except Exception:
                log.exception("record %s could not be closed; trying again", record.id)
        self.records.sweep()

    def _see_to_tidier(self) -> None:
        with self._lock:
            if self._tidier is None and not self._stop.is_set():
                self._tidier = threading.Thread(target=self._go_on_tidying, name="records", daemon=True)
                self._tidier.start()

    def _go_on_tidying(self) -> None:
        while not self._stop.is_set():
            try:
                self.tidy()
            except Exception:
                log.exception("the records could not be looked after; trying again")
            self._stop.wait(TIDY)

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
