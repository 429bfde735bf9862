import threading
from dataclasses import replace

import numpy as np
import pytest

from faces import Box, Detection
from tests.support.waiting import Clock
from tracking.following import Grey
from tracking.searching import POSSIBLE, SURE, BackgroundSearch, KnownFace, Search

SWEEP = 5
FACE, OTHER = Box(40, 40, 40, 40), Box(300, 100, 40, 40)


class Detector:
    """Finds one face in each frame, when it is let, and remembers where it was asked to look."""

    search_width, reduced, together, sweep, check_every = 480, True, False, SWEEP, 0.2

    def __init__(self) -> None:
        self.areas, self.passed, self.near = [], [], []
        self.certainty = SURE
        self.may = threading.Event()
        self.may.set()

    @property
    def searches(self) -> int:
        return len(self.areas)

    def detect_new(self, image, area=None, known=()):
        self.areas.append(area)
        self.passed.append(list(known))
        assert self.may.wait(30)
        return [Detection(FACE, self.certainty)]

    def confirm(self, image, places):
        return self.detect_known(image, places)

    def detect_known(self, image, faces):
        self.near += [face.box for face in faces]
        return [Detection(face.box, 0.7) if face.box.overlap(FACE) > 0.5 else None for face in faces]


def grey(number: int, change: Box | None = None, scale: float = 1.0) -> Grey:
    image = np.full((270, 480), 100, np.uint8)
    if change is not None:
        image[change.y : change.y + change.height, change.x : change.x + change.width] = 200
    return Grey(image, scale, number / 30)


def join_searches() -> None:
    """Wait for the threads of background searches, which end with the search that they are at."""
    for thread in threading.enumerate():
        if thread.name.startswith("search"):
            thread.join(30)
            assert not thread.is_alive()


@pytest.mark.parametrize(("every", "searches"), [(0, 60), (0.5, 4), (10, 1)])
def test_new_faces_are_searched_for_as_often_as_was_asked_while_the_frame_changes(every, searches):
    detector = Detector()
    search = Search(detector, every)
    known = [KnownFace(1, OTHER, wanted=False)]
    found = [search.find(grey(n, Box(60 * (n % 7), 50, 50, 50)), known) for n in range(60)]
    assert detector.searches == searches
    assert sum(finds is not None for finds in found) == searches


@pytest.mark.parametrize("known", [[], [KnownFace(1, OTHER, wanted=False, in_sight=False)]])
def test_while_no_face_is_in_sight_it_is_searched_twice_as_often_and_nothing_passed_over(known):
    detector = Detector()
    search = Search(detector, 0.5)
    for n in range(60):
        search.find(grey(n, Box(60 * (n % 7), 50, 50, 50)), known)
    assert detector.searches == 8
    assert detector.passed == [[]] * 8


def test_only_what_changed_is_searched_and_now_and_then_everything():
    detector = Detector()
    search = Search(detector, every=0)
    for n in range(2 * SWEEP):
        search.find(grey(n, Box(200, 100, 60, 60) if n % 2 else None), [])
    whole = [n for n, area in enumerate(detector.areas) if area == Box(0, 0, 480, 270)]
    assert whole == [0, SWEEP - 1, 2 * SWEEP - 1]
    part = detector.areas[1]
    assert part.x <= 200
    assert part.y <= 100
    assert part.x + part.width >= 260
    assert part.y + part.height >= 160
    assert part.area < 480 * 270 / 4


def test_where_nothing_changed_nothing_is_searched_until_the_next_sweep():
    detector = Detector()
    search = Search(detector, every=0)
    for n in range(2 * SWEEP):
        search.find(grey(n), [])
    assert detector.searches == 3


def test_a_change_within_a_known_face_is_no_reason_to_search():
    detector = Detector()
    search = Search(detector, every=0)
    known = [KnownFace(1, Box(180, 80, 100, 100), wanted=False)]
    for n in range(SWEEP - 1):
        search.find(grey(n, Box(200, 100, 60, 60) if n % 2 else None), known)
    assert detector.searches == 1
    assert detector.passed == [[Box(180, 80, 100, 100)]]


def test_known_faces_that_are_wanted_are_looked_for_and_the_others_left():
    search = Search(Detector(), every=100)
    search.find(grey(0), [])
    here, gone, left = KnownFace(1, FACE), KnownFace(2, OTHER), KnownFace(3, OTHER, wanted=False)
    finds = search.find(grey(1), [here, gone, left])
    assert list(finds.again) == [(here, Detection(FACE, 0.7)), (gone, None)]
    assert list(finds.new) == []
    assert search.find(grey(2), [left]) is None


@pytest.mark.parametrize(("certainty", "votes"), [(SURE, 3), (SURE - 0.01, 2)])
def test_new_faces_come_in_pixels_of_the_frame_with_a_vote_more_where_the_detector_is_certain(certainty, votes):
    detector = Detector()
    detector.certainty = certainty
    finds = Search(detector).find(grey(0, scale=0.5), [])
    assert list(finds.new) == [(Detection(Box(80, 80, 80, 80), 0.7), votes)]


def test_a_faint_hint_that_a_closer_check_does_not_see_is_nothing():
    detector = Detector()
    detector.certainty = POSSIBLE - 0.01
    detector.confirm = lambda image, places: [None for _ in places]
    finds = Search(detector).find(grey(0), [])
    assert (list(finds.new), list(finds.doubtful)) == ([], [])


def test_a_detector_that_checks_several_at_once_checks_all_in_sight_as_soon_as_one_is_wanted():
    detector = Detector()
    detector.together = True
    search = Search(detector, every=100)
    search.find(grey(0), [])
    detector.near.clear()
    one, other = KnownFace(1, FACE), KnownFace(2, OTHER, wanted=False)
    lost = KnownFace(3, Box(200, 200, 40, 40), wanted=False, in_sight=False)
    assert [face for face, _ in search.find(grey(1), [one, other, lost]).again] == [one, other]
    assert search.find(grey(2), [other, lost]) is None


def test_a_detector_of_whole_frames_gets_these_and_boxes_in_their_pixels():
    detector, shapes = Detector(), []
    detector.reduced = False
    near, new = detector.confirm, detector.detect_new
    detector.confirm = lambda image, places: shapes.append(image.shape) or near(image, places)
    detector.detect_new = lambda image, area, known: shapes.append(image.shape) or new(image, area, known)
    frame = replace(grey(0, scale=0.5), whole=np.full((540, 960), 100, np.uint8))
    finds = Search(detector).find(frame, [KnownFace(1, OTHER, wanted=False)])
    assert shapes == [(540, 960)] * 2
    assert (detector.areas, detector.passed) == ([Box(0, 0, 960, 540)], [[OTHER]])
    assert [found.box for found, _ in finds.new] == [FACE]


def test_in_the_background_no_frame_waits_for_a_slow_search():
    detector = Detector()
    detector.may.clear()
    search = BackgroundSearch(detector, every=0)
    assert [search.find(grey(number), []) for number in range(30)] == [None] * 30
    detector.may.set()  # only now does the first search end
    search.close()
    join_searches()
    assert detector.searches == 1, "searches queued behind one another"


def test_what_the_background_finds_comes_with_a_later_frame_and_once():
    search = BackgroundSearch(Detector(), every=100)
    first = grey(0)
    assert search.find(first, []) is None
    search._pending.result(30)
    finds = search.find(grey(1), [])
    assert [found.box for found, _ in finds.new] == [FACE]
    assert finds.grey is first
    assert search.find(grey(2), []) is None
    search.close()


def test_a_slow_background_rests_so_that_it_works_no_more_than_its_share_of_the_time(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("tracking.searching.time", clock)

    class Slow(Detector):
        def detect_known(self, image, faces):
            clock.now += 2.0
            return super().detect_known(image, faces)

    detector = Slow()
    search = BackgroundSearch(detector, every=100, share=0.25)
    search._searched_at = 0.0  # no search for new faces is due
    for round_number in range(1, 4):
        search.find(grey(0), [KnownFace(1, FACE)])
        search._pending.result(30)
        clock.now += 5.9
        assert search.find(grey(0), [KnownFace(1, FACE)]).again, "what was found comes while it rests"
        assert search._pending is None
        clock.now += 0.2  # it has rested for three times as long as it worked
        assert len(detector.near) == round_number
    search.close()


def test_closing_ends_the_thread():
    search = BackgroundSearch(Detector(), every=0)
    search.find(grey(0), [])
    search.close()
    join_searches()


def test_where_a_closer_look_sees_none_a_find_is_doubtful_and_not_new():
    detector = Detector()
    detector.confirm = lambda image, places: [None for _ in places]
    finds = Search(detector).find(grey(0, scale=0.5), [])
    assert (list(finds.new), list(finds.doubtful), finds.searched) == ([], [Box(80, 80, 80, 80)], True)


def test_known_faces_are_looked_for_in_pixels_of_the_reduced_frame_and_told_in_those_of_the_frame():
    detector = Detector()
    search = Search(detector, every=100)
    search.find(grey(0, scale=0.5), [])
    detector.near.clear()
    known = KnownFace(1, Box(84, 76, 80, 80))
    finds = search.find(grey(1, scale=0.5), [known])
    assert detector.near == [Box(42, 38, 40, 40)]
    assert (list(finds.again), list(finds.new), finds.searched) == ([(known, Detection(known.box, 0.7))], [], False)


def test_the_next_search_is_due_when_its_time_has_come_to_the_frame():
    detector = Detector()
    search = Search(detector, every=0.5)
    known = [KnownFace(1, OTHER, wanted=False)]
    due = [n for n in range(61) if search.find(grey(n, Box(60 * (n % 7), 50, 50, 50)), known)]
    assert due == [0, 15, 30, 45, 60]


@pytest.mark.parametrize("place", [Box(0, 0, 30, 30), Box(450, 240, 30, 30), Box(210, 105, 30, 45)])
def test_what_changed_is_searched_with_a_border_within_the_frame(place):
    detector = Detector()
    search = Search(detector, every=0)
    search.find(grey(0), [])
    search.find(grey(1, place), [])
    (_, area) = detector.areas
    border = 0.12 * 270
    left, top = max(0, place.x - border), max(0, place.y - border)
    right, bottom = min(480, place.x + place.width + border), min(270, place.y + place.height + border)
    found = (area.x, area.y, area.x + area.width, area.y + area.height)
    assert found == pytest.approx((left, top, right, bottom), abs=480 / 64 / 2 + 1)


def test_a_change_too_faint_is_noise_and_a_darker_spot_a_change():
    detector = Detector()
    search = Search(detector, every=0)
    images = [np.full((270, 480), level, np.uint8) for level in (100, 114, 99)]
    for number, image in enumerate(images):
        search.find(Grey(image, 1.0, number / 30), [])
    assert len(detector.areas) == 2, "14 levels are noise, 15 none"


def test_a_change_beside_a_known_face_is_searched_and_the_face_is_not():
    detector = Detector()
    search = Search(detector, every=0)
    face = Box(180, 90, 90, 90)
    search.find(grey(0), [KnownFace(1, face)])
    search.find(grey(1, Box(180, 90, 150, 90)), [KnownFace(1, face)])
    assert detector.areas[1].x == pytest.approx(270 - 0.12 * 270, abs=8)
    assert detector.areas[1].x + detector.areas[1].width == pytest.approx(330 + 0.12 * 270, abs=8)


def test_another_size_of_the_frame_is_searched_as_a_whole():
    detector = Detector()
    search = Search(detector, every=0)
    search.find(grey(0), [])
    search.find(Grey(np.full((480, 480), 100, np.uint8), 1.0, 1.0), [])
    assert detector.areas == [Box(0, 0, 480, 270), Box(0, 0, 480, 480)]
