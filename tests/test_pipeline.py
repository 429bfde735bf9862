import numpy as np

from annotate import COLOURS
from faces import EXPRESSIONS, Box, Frame, joined
from pipeline import Pipeline
from searching import Search
from tracking import Tracker

FACE, NEW = Box(100, 100, 80, 80), Box(300, 100, 80, 80)


class Detector:
    """Finds what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.everywhere, self.searches = [FACE], 0

    def detect(self, image):
        self.searches += 1
        return list(self.everywhere)

    def detect_near(self, image, known):
        return list(known)


class Classifier:
    """Calls every face happy, and remembers how many came at once."""

    labels = EXPRESSIONS

    def __init__(self) -> None:
        self.batches = []

    def classify(self, image, boxes):
        self.batches.append(len(boxes))
        return np.tile(np.float32([0, 0, 0, 1, 0, 0, 0]), (len(boxes), 1))


def frame(number: int) -> Frame:
    image = np.full((360, 640, 3), 60, np.uint8)
    return Frame(image, number, captured_at=1000 + number / 30, position=number / 30)


def made(detector=None, classifier=None, every=0.4) -> Pipeline:
    detector = detector or Detector()
    return Pipeline(detector, Search(detector, every), classifier or Classifier(), Tracker())


def test_a_frame_comes_out_with_faces_drawn_timed_and_its_own_time():
    pipeline = made()
    given = [frame(n) for n in range(5)]
    done = [pipeline.process(one) for one in given][-1]
    assert [(face.expression, face.track) for face in done.faces] == [("happy", 1)]
    assert done.faces[0].box == FACE
    assert (done.image == COLOURS["happy"]).all(axis=2).any()
    assert (given[-1].image == 60).all(), "the picture that came in was drawn on"
    assert (done.number, done.captured_at) == (4, given[-1].captured_at)
    assert set(done.timings) == {"detect", "classify", "draw"}
    assert min(done.timings.values()) >= 0


def test_a_new_face_joins_the_known_one_which_is_not_counted_twice():
    detector = Detector()
    pipeline = made(detector, every=0.2)
    for number in range(10):
        pipeline.process(frame(number))
    detector.everywhere = [Box(104, 98, 84, 84), NEW]  # the known one again, a little beside where it was
    faces = [pipeline.process(frame(number)).faces for number in range(10, 30)][-1]
    assert [face.track for face in faces] == [1, 2]


def test_all_faces_of_a_frame_are_classified_in_one_batch():
    detector, classifier = Detector(), Classifier()
    detector.everywhere = [FACE, NEW]
    pipeline = made(detector, classifier)
    for number in range(5):
        pipeline.process(frame(number))
    assert classifier.batches == [0, 0, 2, 2, 2]


def test_joined_keeps_what_the_second_search_found_anew():
    assert joined([FACE], [Box(110, 105, 80, 80), NEW]) == [FACE, NEW]
    assert joined([], [NEW]) == [NEW]
