"""Records are counted by how they ended, once each, with their seconds."""

import errno
import time
from dataclasses import asdict

import pytest

from config.settings import Settings
from delivery.stream import Hub
from delivery.view_options import Look
from delivery.viewers import Viewer
from errors import SourceError
from recording.keeper import OUTCOMES, Keeper
from tests.support.servers.recorded import LABELS, a_face, a_picture, about, show


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    monkeypatch.setattr("recording.recorder.TELL", 0.02)
    monkeypatch.setattr("recording.recorder.TICK", 0.02)
    made = Keeper(Settings(storage=str(tmp_path)))
    yield made
    made.close()


class Recording:
    """A record that was begun, with a picture in it."""

    def __init__(self, keeper: Keeper) -> None:
        self.hub: Hub = Hub()
        self.keeper, self.is_welcome = keeper, True
        told = {"camera": "door", "look": asdict(Look())}
        self.record = keeper.begin(told, LABELS, self.hub, Viewer(), lambda: None, lambda: self.is_welcome)
        show(self.hub, a_picture(0, [a_face()]))
        self.recorder = keeper._recorders[-1]
        until = time.monotonic() + 10
        while not self.recorder.frames:
            assert time.monotonic() < until
            time.sleep(0.005)

    def ended(self) -> tuple[str, float]:
        """How it is counted that it ended, and its seconds."""
        self.recorder.join(10)
        (((outcome,), (count, seconds)),) = self.keeper.ended.read().items()
        assert count == 1
        assert self.keeper.running == 0
        assert outcome in OUTCOMES
        return outcome, seconds


def test_one_that_is_stopped_is_closed(keeper):
    recording = Recording(keeper)
    assert (keeper.begun, keeper.running) == (1, 1)
    time.sleep(0.1)
    recording.record.stop()
    outcome, seconds = recording.ended()
    assert outcome == "closed"
    assert 0.1 < seconds < 10


def test_one_that_is_deleted_while_it_goes_on(keeper):
    recording = Recording(keeper)
    recording.record.delete()
    assert recording.ended()[0] == "deleted"


def test_one_that_comes_to_its_limit(keeper):
    keeper.limit = 0.4
    assert Recording(keeper).ended()[0] == "limit"


def test_one_of_somebody_who_may_come_in_no_more(keeper):
    recording = Recording(keeper)
    recording.is_welcome = False
    assert recording.ended()[0] == "revoked"


def test_one_that_the_servers_stop_ends(keeper):
    recording = Recording(keeper)
    keeper.close()
    assert recording.ended()[0] == "stopped"


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (SourceError("the video cannot be written"), "failed"),
        (RuntimeError("a fault of this program"), "failed"),
        (OSError(errno.ENOSPC, "No space left on device"), "full"),
    ],
)
def test_one_that_can_be_written_no_more(keeper, monkeypatch, error, outcome):
    recording = Recording(keeper)

    def fail(*_):
        raise error

    monkeypatch.setattr(recording.recorder._writer, "add", fail)
    show(recording.hub, a_picture(1))
    assert recording.ended()[0] == outcome


def test_one_that_a_crash_left_is_counted_by_who_closes_it(keeper):
    record, lock = keeper.records.begin(about())
    lock.close()
    keeper.tidy()
    keeper.tidy()
    assert keeper.ended.read() == {("lost",): (1, 0.0)}
    assert record.summary is not None
    assert keeper.begun == 0
