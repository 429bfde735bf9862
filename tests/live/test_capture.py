import threading
from collections.abc import Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from delivery.counters import Counters
from delivery.stream import Ended
from errors import SourceError
from faces import Image
from live import capture
from live.capture import Capture
from sources.source import Source


class Grey(Source):
    """Gives grey pictures, as many as it has; told of its opening and closing."""

    def __init__(self, pictures: int, notice: str = "", error: Exception | None = None) -> None:
        super().__init__("grey")
        self.notice = notice
        self._left, self._error = pictures, error
        self.closed = threading.Event()

    def _grab(self) -> Image | None:
        if not self._left:
            if self._error is not None:
                raise self._error
            return None
        self._left -= 1
        return np.zeros((4, 4, 3), np.uint8)

    def close(self) -> None:
        self.closed.set()


class Sources:
    """Opens one source after the other, and stops the capture when there are no more."""

    def __init__(self, *sources: Source | Exception) -> None:
        self._sources = list(sources)
        self.done = threading.Event()

    def __call__(self) -> Source:
        if not self._sources:
            self.done.set()
            raise SourceError("there are no more")
        source = self._sources.pop(0)
        if isinstance(source, Exception):
            raise source
        return source


@pytest.fixture
def captured(monkeypatch) -> Iterator:
    """Captures that begin at once again after a failure; each is stopped at the end."""
    monkeypatch.setattr(capture, "PAUSES", (0.0,))
    with ExitStack() as stack:

        def start(sources: Sources, before: Capture | None = None) -> tuple[Capture, Counters]:
            counters = Counters()
            made = Capture("door", sources, counters, before)
            stack.callback(made.join, 5)
            stack.callback(made.stop)
            made.start()
            assert sources.done.wait(5)
            return made, counters

        yield start


def test_the_newest_frame_is_kept_and_all_are_counted(captured):
    made, counters = captured(Sources(Grey(3), Grey(2, notice="only grey")))
    assert counters.captured == 5
    assert made.frames.peek()[0] == 5
    assert made.frames.newest()[1].number == 1
    assert made.notice == "only grey"


def test_a_source_that_ends_or_fails_is_told_counted_closed_and_opened_again(captured, caplog):
    sources = ended, failed = Grey(1), Grey(1, error=SourceError("the cable"))
    made, counters = captured(Sources(ended, SourceError("nobody"), failed, ZeroDivisionError("odd")))
    assert all(source.closed.is_set() for source in sources)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings[:4] == [
        "door: grey: it came to its end",
        "door: nobody",
        "door: the cable",
        "door: internal error: odd",
    ]
    assert counters.failures >= 4
    assert made.failure in ("internal error: odd", "there are no more")


def test_a_failure_that_lasts_is_told_once_and_forgotten_with_the_next_frame(captured, caplog):
    nobody = SourceError("nobody")
    _, counters = captured(Sources(nobody, nobody, nobody, Grey(1), nobody))
    assert [record.getMessage() for record in caplog.records].count("door: nobody") == 2
    assert counters.failures >= 5
    assert Capture("door", Sources(), Counters(), None).failure == ""


def test_a_capture_waits_for_the_one_before_it_and_goes_on_with_its_notice():
    before = Capture("door", Sources(), Counters(), None)
    before.notice = "only grey"
    release, opened = threading.Event(), threading.Event()
    before._thread = threading.Thread(target=release.wait)
    before.start()
    sources = Sources()
    made = Capture("door", lambda: opened.set() or sources(), Counters(), before)
    assert made.notice == "only grey"
    made.start()
    assert not before.join(0.1)
    assert not opened.is_set(), "a camera has one owner"
    release.set()
    assert opened.wait(5)
    assert before.join(5)
    made.stop()
    assert made.join(5)


def test_a_stop_ends_the_thread_and_the_stream_of_frames(captured):
    made, counters = captured(Sources())
    made.stop()
    assert made.join(5)
    failures = counters.failures
    made._fail("too late")
    assert (counters.failures, made.failure) == (failures, "there are no more")
    with pytest.raises(Ended):
        made.frames.newest()


@pytest.mark.parametrize(("read_for", "pauses"), [(1.0, [0.25, 0.5, 1.0, 1.0]), (9.0, [0.25] * 4)])
def test_pauses_grow_from_one_failure_to_the_next_but_after_a_steady_while(monkeypatch, read_for, pauses):
    now, waited = [100.0], []
    monkeypatch.setattr("live.capture.time.monotonic", lambda: now[0])

    def fail() -> Source:
        now[0] += read_for
        raise SourceError("nobody")

    made = Capture("door", fail, Counters(), None)

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == len(pauses):
            made.stop()
        return False

    monkeypatch.setattr(made._stop, "wait", wait)
    made.start()
    assert made.join(5)
    assert waited == pauses
