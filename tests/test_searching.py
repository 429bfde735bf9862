import threading
import time

import numpy as np
import pytest

from faces import Box, Frame
from searching import BackgroundSearch, Search

FACE = Box(10, 10, 50, 50)


class SlowDetector:
    """Finds one face in each frame, when it is let."""

    def __init__(self) -> None:
        self.searches = 0
        self.may = threading.Event()
        self.may.set()

    def detect(self, image):
        self.searches += 1
        assert self.may.wait(5)
        return [FACE]

    def detect_near(self, image, known):
        return list(known)


def frame(number: int) -> Frame:
    return Frame(np.zeros((9, 9, 3), np.uint8), number, captured_at=0, position=number / 30)


@pytest.mark.parametrize(("every", "searches"), [(0, 60), (0.5, 4), (10, 1)])
def test_the_whole_frame_is_searched_as_often_as_was_asked_for(every, searches):
    detector = SlowDetector()
    search = Search(detector, every)
    found = [search.find(frame(number)) for number in range(60)]
    assert detector.searches == searches
    assert found[0] == [FACE]
    assert sum(map(bool, found)) == searches


def test_in_the_background_no_frame_waits_for_a_slow_search():
    detector = SlowDetector()
    detector.may.clear()
    search = BackgroundSearch(detector, every=0)
    start = time.monotonic()
    assert [search.find(frame(number)) for number in range(30)] == [[]] * 30
    assert time.monotonic() - start < 0.5
    assert detector.searches == 1, "searches queued behind one another"
    detector.may.set()
    search.close()


def test_what_the_background_finds_comes_with_a_later_frame_and_once():
    detector = SlowDetector()
    search = BackgroundSearch(detector, every=100)
    assert search.find(frame(0)) == []
    end = time.monotonic() + 5
    while not (found := search.find(frame(1))):
        assert time.monotonic() < end
        time.sleep(0.005)
    assert found == [FACE]
    assert search.find(frame(2)) == []
    search.close()


def test_closing_ends_the_thread():
    search = BackgroundSearch(SlowDetector(), every=0)
    search.find(frame(0))
    search.close()
    end = time.monotonic() + 5
    while any(thread.name.startswith("search") for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)
