"""Records are counted by how they ended, once each, with their seconds."""

import errno
import time
from dataclasses import asdict

import pytest

from config.settings import Settings
from delivery.stream import Hub
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from errors import SourceError
from recording.manager import OUTCOMES, RecordManager
from tests.support.servers.recorded import LABELS, a_face, a_picture, about, show
from tests.support.waiting import until


@pytest.fixture
def record_manager(tmp_path, monkeypatch):
    monkeypatch.setattr("recording.recorder.REPORT_EVERY", 0.02)
    monkeypatch.setattr("recording.recorder.TICK", 0.02)
    made = RecordManager(Settings(storage=str(tmp_path)))
    yield made
    made.close()


class Recording:
    """A record that was begun, with a picture in it."""

    def __init__(self, record_manager: RecordManager) -> None:
        self.hub: Hub = Hub()
        self.record_manager, self.is_welcome = record_manager, True
        header = {"camera": "door", "look": asdict(ViewOptions())}
        self.record = record_manager.begin(header, LABELS, self.hub, Viewer(), lambda: None, lambda: self.is_welcome)
        show(self.hub, a_picture(0, [a_face()]))
        self.recorder = record_manager._recorders[-1]
        until(lambda: self.recorder.frames)

    def ended(self) -> tuple[str, float]:
        """How it is counted that it ended, and its seconds."""
        self.recorder.join(30)
        (((outcome,), (count, seconds)),) = self.record_manager.ended.read().items()
        assert count == 1
        assert self.record_manager.running == 0
        assert outcome in OUTCOMES
        return outcome, seconds


def test_one_that_is_stopped_is_closed(record_manager):
    recording = Recording(record_manager)
    assert (record_manager.begun, record_manager.running) == (1, 1)
    time.sleep(0.1)
    recording.record.stop()
    outcome, seconds = recording.ended()
    assert outcome == "closed"
    assert seconds > 0.1


def test_one_that_is_deleted_while_it_goes_on(record_manager):
    recording = Recording(record_manager)
    recording.record.delete()
    assert recording.ended()[0] == "deleted"


def test_one_that_comes_to_its_limit(record_manager):
    record_manager.limit = 0.4
    assert Recording(record_manager).ended()[0] == "limit"


def test_one_of_somebody_who_may_come_in_no_more(record_manager):
    recording = Recording(record_manager)
    recording.is_welcome = False
    assert recording.ended()[0] == "revoked"


def test_one_that_the_servers_stop_ends(record_manager):
    recording = Recording(record_manager)
    record_manager.close()
    assert recording.ended()[0] == "stopped"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SourceError("the video cannot be written"), "failed"),
        (RuntimeError("a fault of this program"), "failed"),
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
    ],
)
def test_one_that_can_be_written_no_more(record_manager, monkeypatch, error, outcome):
    recording = Recording(record_manager)

    def fail(*_):
        raise error

    monkeypatch.setattr(recording.recorder._writer, "add", fail)
    show(recording.hub, a_picture(1))
    assert recording.ended()[0] == outcome


def test_one_that_a_crash_left_is_counted_by_who_closes_it(record_manager):
    record, lock = record_manager.records.begin(about())
    lock.close()
    record_manager.tidy()
    record_manager.tidy()
    assert record_manager.ended.read() == {("lost",): (1, 0.0)}
    assert record.summary is not None
    assert record_manager.begun == 0
