"""Writes one record: watches a camera as any viewer does, and keeps what that viewer sees."""

import logging
import threading
import time
from collections.abc import Callable
from typing import IO

from config.logs import reason_of, tell_failure
from config.redaction import told_of
from delivery.stream import Ended, Hub, Outgoing, Picture
from delivery.viewers import Viewer
from errors import RecordError, SourceError, StorageError
from media.limits.disk import check_room, is_no_room
from media.sandbox.limits import give_memory_back
from recording.closing import FULL
from recording.store import Record
from recording.writer import Writer

log = logging.getLogger("recorder")

TICK = 0.25
"""Seconds after which it is looked for a stop while no picture comes."""
TELL = 1.0
"""Seconds between words on how far it is, and looks at the disk."""
OLDEST = 5.0
"""Seconds between capture and arrival that are believed; clocks are set now and then."""

LIMIT = "It ended by itself: {minutes:.4g} minutes are the longest that this server records."
ENDED = "The server was stopped while it was recorded."
UNWELCOME = "Who had it recorded may come in no more."
FAULT = "The recording broke off by a fault of this program; its log tells which."


class Recorder(threading.Thread):
    """One record in the making, in a thread of its own; it ends by itself, and always leaves a whole record.

    Args:
        record: where it is written.
        lock: of the record; closed at the end.
        hub: what is watched.
        viewer: for whom; of the rate and the look that are wanted.
        leave: called when nothing is watched any more.
        welcome: whether who has begun it may still watch; asked every second.
        count: told at the end which of `keeper.OUTCOMES` it was, and the record's length in seconds.
    """

    def __init__(
        self,
        record: Record,
        lock: IO[bytes],
        hub: Hub[Outgoing],
        viewer: Viewer,
        leave: Callable[[], None],
        welcome: Callable[[], bool] = lambda: True,
        count: Callable[[str, float], None] = lambda outcome, seconds: None,
    ) -> None:
        super().__init__(name=f"record {told_of(record.id)}", daemon=True)
        self.record = record
        self._lock, self._hub, self._viewer, self._leave, self._welcome = lock, hub, viewer, leave, welcome
        self._count = count
        self._limit = float(record.about["limit"])
        self._writer = Writer(record, viewer.view)
        self._halt = threading.Event()
        self._began = self._told = 0.0
        self.is_unfinished = False
        """Whether its end could not be written."""

    @property
    def frames(self) -> int:
        """How many are written."""
        return len(self._writer.summary.course)

    def halt(self) -> None:
        """Have it end, soon: the server stops."""
        self._halt.set()

    def run(self) -> None:
        """Record until somebody or something ends it, and finish."""
        try:
            message = self._follow()
        except (SourceError, StorageError, OSError) as error:
            message = self._sentence(error)
        except RecordError as error:
            message = str(error)
        except Exception as error:
            tell_failure(log, error, "record %s broke off", told_of(self.record.id))
            message = FAULT
        finally:
            self._leave()
        finished = self._finish(message)
        self._writer.drop()
        self._lock.close()
        self.is_unfinished = not finished  # from now on somebody else may see to it
        self._sweep()
        give_memory_back()  # some 50 MB of the encoder's

    def _finish(self, message: str) -> bool:
        """Write the end; False where that cannot be: it is closed from what stands on the disk, as after a crash."""
        try:
            seconds = self._length()
            self.record.release()
            if not self.record.is_discarded:
                self._writer.close(seconds, message, self._halt.is_set)
            self._count(self._outcome(message), seconds)
        except Exception as error:
            if is_no_room(error):
                self.record.cut_short()
            else:
                tell_failure(log, error, "record %s could not be finished", told_of(self.record.id))
            return False
        return True

    def _sweep(self) -> None:
        """Delete it where somebody has asked for that; where it cannot be, `RecordManager.tidy` tries again."""
        try:
            if self.record.is_discarded:
                self.record.delete()
        except OSError as error:
            tell_failure(log, error, "record %s could not be deleted; trying again", told_of(self.record.id))

    def _outcome(self, message: str) -> str:
        """Which of `keeper.OUTCOMES` an end is that is told in these words."""
        if self.record.is_discarded:
            return "deleted"
        limit = LIMIT.format(minutes=self._limit / 60)
        words = {"": "closed", limit: "limit", UNWELCOME: "revoked", ENDED: "stopped", FULL: "full"}
        return words.get(message, "failed")

    def _follow(self) -> str:
        """Take what comes until the end; returns its reason as a sentence, empty where somebody has asked for it."""
        sequence, until = 0, time.monotonic() + self._limit
        while not self.record.is_told_to_stop:
            if self._halt.is_set():
                return ENDED
            if time.monotonic() >= until:
                return LIMIT.format(minutes=self._limit / 60)
            try:
                sequence, outgoing = self._hub.newest(sequence, TICK)
            except TimeoutError:
                self._tell()
                continue
            except Ended:
                self._halt.set()
                return ENDED
            if self._viewer.takes(sequence):
                self._take(outgoing.picture)
                self._viewer.got(len(outgoing.picture.jpeg))
            self._tell()
        return ""

    def _take(self, picture: Picture) -> None:
        """Write one picture. The notice that stands in for one while the camera is lost counts, but begins nothing."""
        if not picture.drawn or self._writer.has_begun:
            self._writer.add(picture, self._seconds_of(picture))

    def _seconds_of(self, picture: Picture) -> float:
        """When it was captured, by the clock that is never set."""
        age = min(max(time.time() - picture.captured_at, 0.0), OLDEST)
        taken = time.monotonic() - age
        if not self._writer.has_begun:
            self._began = taken
        return max(taken - self._began, self._writer.summary.seconds)

    def _tell(self) -> None:
        """Once a second: write how far it is, and see whether it may go on."""
        if time.monotonic() - self._told < TELL:
            return
        self._told = time.monotonic()
        faces = self._writer.summary.faces
        told = {"duration": round(self._length(), 1), "frames": self.frames, "faces": faces}
        self.record.write("progress.json", told)
        self._writer.save()
        if not self._welcome():
            raise RecordError(UNWELCOME)
        check_room(self.record.folder)

    def _length(self) -> float:
        return time.monotonic() - self._began if self._writer.has_begun else 0.0

    def _sentence(self, error: Exception) -> str:
        """Why it had to end, for who has begun it."""
        if isinstance(error, StorageError) or is_no_room(error):
            return FULL
        log.warning("record %s ended: %s", told_of(self.record.id), reason_of(error))
        return f"What was seen could no longer be written ({reason_of(error)})."
