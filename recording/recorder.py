"""Writes one record: watches a camera like any viewer, and stores what that viewer sees."""

import logging
import threading
import time
from collections.abc import Callable
from typing import IO

from config.logs import log_failure, reason_of
from config.redaction import short_id
from delivery.stream import Ended, Hub, Outgoing, Picture
from delivery.viewers import Viewer
from errors import RecordError, SourceError, StorageError
from media.limits.disk import check_room, is_disk_full_error
from media.sandbox.limits import release_memory
from recording.closing import FULL
from recording.store import Record
from recording.writer import Writer

log = logging.getLogger("recorder")

TICK = 0.25
"""Seconds between checks for a stop while no picture comes."""
REPORT_EVERY = 1.0
"""Seconds between reports of progress, and checks of the disk."""
MAX_AGE = 5.0
"""Most seconds between capture and arrival that are believed; clocks are set now and then."""

LIMIT = "It ended by itself: {minutes:.4g} minutes are the longest that this server records."
STOPPED = "The server was stopped during the recording."
REVOKED = "The person who started it lost access."
FAULT = "The recording broke off by a fault of this program; its log says which."


class Recorder(threading.Thread):
    """Makes one record in a thread of its own; it ends by itself, and always leaves a whole record.

    Args:
        record: where it is written.
        lock: of the record; closed at the end.
        hub: of the stream that is recorded.
        viewer: for whom; with the rate and the view options wanted.
        leave: called when watching ends.
        is_allowed: whether the viewer may still watch; asked every second.
        count: called at the end with one of `manager.OUTCOMES` and the record's length in seconds.
    """

    def __init__(
        self,
        record: Record,
        lock: IO[bytes],
        hub: Hub[Outgoing],
        viewer: Viewer,
        leave: Callable[[], None],
        is_allowed: Callable[[], bool] = lambda: True,
        count: Callable[[str, float], None] = lambda outcome, seconds: None,
    ) -> None:
        super().__init__(name=f"record {short_id(record.id)}", daemon=True)
        self.record = record
        self._lock, self._hub, self._viewer, self._leave, self._is_allowed = lock, hub, viewer, leave, is_allowed
        self._count = count
        self._limit = float(record.about["limit"])
        self._writer = Writer(record, viewer.view)
        self._halt = threading.Event()
        self._began = self._reported = 0.0
        self.is_unfinished = False
        """Whether its end could not be written."""

    @property
    def frames(self) -> int:
        """The number of frames written."""
        return len(self._writer.summary.timeline)

    def halt(self) -> None:
        """Make it end soon, because the server stops."""
        self._halt.set()

    def run(self) -> None:
        """Record until somebody or something ends it, and finish."""
        try:
            message = self._record()
        except (SourceError, StorageError, OSError) as error:
            message = self._message_of(error)
        except RecordError as error:
            message = str(error)
        except Exception as error:
            log_failure(log, error, "record %s broke off", short_id(self.record.id))
            message = FAULT
        finally:
            self._leave()
        finished = self._finish(message)
        self._writer.drop()
        self._lock.close()
        self.is_unfinished = not finished  # from now on another thread may complete it
        self._sweep()
        release_memory()  # some 50 MB of the encoder's

    def _finish(self, message: str) -> bool:
        """Write the end; False if that fails: the record is then completed from its files, as after a crash."""
        try:
            seconds = self._length()
            self.record.release()
            if not self.record.is_discarded:
                self._writer.close(seconds, message, self._halt.is_set)
            self._count(self._outcome(message), seconds)
        except Exception as error:
            if is_disk_full_error(error):
                self.record.mark_cut_short()
            else:
                log_failure(log, error, "record %s could not be finished", short_id(self.record.id))
            return False
        return True

    def _sweep(self) -> None:
        """Delete the record if somebody asked for that; on failure `RecordManager.tidy` tries again."""
        try:
            if self.record.is_discarded:
                self.record.delete()
        except OSError as error:
            log_failure(log, error, "record %s could not be deleted; trying again", short_id(self.record.id))

    def _outcome(self, message: str) -> str:
        """Return which of `manager.OUTCOMES` belongs to a message."""
        if self.record.is_discarded:
            return "deleted"
        limit = LIMIT.format(minutes=self._limit / 60)
        outcomes = {"": "closed", limit: "limit", REVOKED: "revoked", STOPPED: "stopped", FULL: "full"}
        return outcomes.get(message, "failed")

    def _record(self) -> str:
        """Record until the end; returns the reason as a sentence, empty if somebody stopped it."""
        sequence, deadline = 0, time.monotonic() + self._limit
        while not self.record.is_stop_requested:
            if self._halt.is_set():
                return STOPPED
            if time.monotonic() >= deadline:
                return LIMIT.format(minutes=self._limit / 60)
            try:
                sequence, outgoing = self._hub.newest(sequence, TICK)
            except TimeoutError:
                self._report()
                continue
            except Ended:
                self._halt.set()
                return STOPPED
            if self._viewer.should_send(sequence):
                self._write(outgoing.picture)
                self._viewer.record_sent(len(outgoing.picture.jpeg))
            self._report()
        return ""

    def _write(self, picture: Picture) -> None:
        """Write one picture. A notice that replaces the picture of a lost camera counts, but starts no video."""
        if not picture.drawn or self._writer.has_begun:
            self._writer.add(picture, self._seconds_of(picture))

    def _seconds_of(self, picture: Picture) -> float:
        """Return when it was captured, by the monotonic clock, in seconds since the start."""
        age = min(max(time.time() - picture.captured_at, 0.0), MAX_AGE)
        taken = time.monotonic() - age
        if not self._writer.has_begun:
            self._began = taken
        return max(taken - self._began, self._writer.summary.seconds)

    def _report(self) -> None:
        """Once a second, write the progress and check whether recording may continue."""
        if time.monotonic() - self._reported < REPORT_EVERY:
            return
        self._reported = time.monotonic()
        faces = self._writer.summary.faces
        progress = {"duration": round(self._length(), 1), "frames": self.frames, "faces": faces}
        self.record.write("progress.json", progress)
        self._writer.save()
        if not self._is_allowed():
            raise RecordError(REVOKED)
        check_room(self.record.folder)

    def _length(self) -> float:
        return time.monotonic() - self._began if self._writer.has_begun else 0.0

    def _message_of(self, error: Exception) -> str:
        """Return why the record had to end, for the person who started it."""
        if isinstance(error, StorageError) or is_disk_full_error(error):
            return FULL
        log.warning("record %s ended: %s", short_id(self.record.id), reason_of(error))
        return f"The recording could no longer be written ({reason_of(error)})."
