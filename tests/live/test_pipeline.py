import time

import numpy as np
import pytest

from camera import FaceDetector
from delivery.view_options import ViewOptions
from drawing.palette import COLOURS, GROUND
from drawing.placement import Memory
from faces import EXPRESSIONS, Box, Detection, Face, Frame, joined
from inference.preprocess import InputSpec
from live.pipeline import READ_EVERY, Pipeline, render
from model import Prediction
from tests.support.cameras.moving_faces import Head, wall
from tracking.searching import Search
from tracking.tracker import Tracker

FACE, NEW = Box(100, 100, 80, 80), Box(300, 100, 80, 80)


class Detector:
    """Finds what it is told to."""

    search_width, reduced, together, sweep, check_every = 480, True, False, 5, 0.2

    def __init__(self) -> None:
        self.everywhere = [FACE]

    def detect_new(self, image, area=None, known=()):
        return [Detection(box, 0.9) for box in self.everywhere if all(box.overlap(k) < 0.2 for k in known)]

    def confirm(self, image, places):
        return self.detect_known(image, places)

    def detect_known(self, image, faces):
        near = [max(self.everywhere, key=face.box.overlap, default=None) for face in faces]
        return [None if box is None else Detection(box, 0.7) for box in near]


class Classifier:
    """Calls every face happy, and remembers how many came at once."""

    labels = EXPRESSIONS
    spec = InputSpec(48, 48, 1)
    no_face = 0.0
    takes = 0.0

    def __init__(self) -> None:
        self.batches = []

    def predict(self, batch):
        self.batches.append(len(batch))
        time.sleep(self.takes)
        happy = np.tile(np.float32([0, 0, 0, 1, 0, 0, 0]), (len(batch), 1))
        return Prediction(happy, np.full(len(batch), self.no_face, np.float32))


def frame(number: int, image=None) -> Frame:
    if image is None:
        image = np.random.default_rng(0).integers(0, 120, (360, 640, 3)).astype(np.uint8)
    return Frame(image, number, captured_at=1000 + number / 30, position=number / 30)


def made(detector=None, classifier=None, threshold=None, **others) -> Pipeline:
    tracker = Tracker(no_face_threshold=threshold)
    return Pipeline(Search(detector or Detector()), classifier or Classifier(), tracker, **others)


def test_a_frame_comes_out_with_faces_drawn_timed_and_its_own_time():
    pipeline, given = made(), frame(4)
    image = given.image.copy()
    done = pipeline.process(given)
    assert [(face.expression, face.track) for face in done.faces] == [("happy", 1)]
    assert done.faces[0].box == FACE
    assert (done.image == COLOURS["happy"]).all(axis=2).any()
    assert (given.image == image).all(), "the picture that came in was drawn on"
    assert (done.number, done.captured_at) == (4, given.captured_at)
    assert set(done.timings) == {"detect", "classify", "draw"}
    assert min(done.timings.values()) >= 0


def test_a_new_face_joins_the_known_one_which_is_not_counted_twice():
    detector = Detector()
    pipeline = made(detector)
    for number in range(10):
        pipeline.process(frame(number))
    detector.everywhere = [Box(104, 98, 84, 84), NEW]  # the known one again, a little beside where it was
    faces = [pipeline.process(frame(number)).faces for number in range(10, 80)][-1]
    assert [face.track for face in faces] == [1, 2]


def test_all_faces_are_read_in_one_batch_and_not_in_every_frame():
    detector, classifier = Detector(), Classifier()
    detector.everywhere = [FACE, NEW]
    pipeline = made(detector, classifier)
    for number in range(60):
        pipeline.process(frame(number))
    assert set(classifier.batches) == {2}
    assert len(classifier.batches) == pytest.approx(2 / READ_EVERY, abs=4)


@pytest.mark.parametrize(("paced", "most"), [(True, 9), (False, 25)])
def test_a_slow_network_is_asked_less_often_where_that_is_wanted(paced, most):
    classifier = Classifier()
    classifier.takes = 0.06
    pipeline = made(classifier=classifier, paced=paced)
    for number in range(60):
        pipeline.process(frame(number))
    assert most - 5 <= len(classifier.batches) <= most


def test_what_the_network_calls_no_face_gets_no_box_and_is_not_read_over_and_over():
    classifier = Classifier()
    classifier.no_face = 0.9
    pipeline = made(classifier=classifier, threshold=0.5)
    done = [pipeline.process(frame(number)) for number in range(60)]
    assert all(not one.faces for one in done)
    assert (done[-1].image == frame(0).image).all()
    assert 3 <= len(classifier.batches) <= 9


def test_a_network_that_does_not_tell_faces_from_others_leaves_every_box():
    classifier = Classifier()
    classifier.no_face = 0.9
    assert len(made(classifier=classifier).process(frame(0)).faces) == 1


def test_bars_are_drawn_where_they_are_asked_for():
    plain, bars = (made(view=ViewOptions(bars=wanted)).process(frame(0)).image for wanted in (False, True))
    below = np.s_[185:250, 100:180]
    assert not (plain[below] == GROUND).all(axis=2).any()
    assert (bars[below] == GROUND).all(axis=2).mean() > 0.3


def test_one_frame_is_drawn_in_any_look_and_left_as_it_is():
    given = frame(0)
    seen, image = made().analyze(given), given.image.copy()
    views = [
        ViewOptions(),
        ViewOptions(bars=True),
        ViewOptions(privacy="blur"),
        ViewOptions(privacy="emoji"),
        ViewOptions(threshold=1.0),
    ]
    pictures = [render(seen, view) for view in views]
    assert len({picture.tobytes() for picture in pictures}) == len(views)
    assert (seen.image == image).all()


def test_a_mirrored_picture_has_its_boxes_where_the_faces_are_seen_and_words_that_can_be_read():
    pixels = np.random.default_rng(1).integers(0, 255, (240, 400, 3), np.uint8)
    happy = tuple(0.94 if label == "happy" else 0.01 for label in EXPRESSIONS)
    frame = Frame(pixels, 1, 0.0, faces=(Face(Box(20, 100, 60, 60), EXPRESSIONS, happy),))
    turned = Frame(pixels[:, ::-1].copy(), 1, 0.0, faces=(Face(Box(320, 100, 60, 60), EXPRESSIONS, happy),))
    mirrored = render(frame, ViewOptions(mirror=True))
    assert (mirrored == render(turned, ViewOptions())).all()
    assert (mirrored != render(frame, ViewOptions())[:, ::-1]).any(), "the words were turned as well"
    assert (render(Frame(pixels, 1, 0.0), ViewOptions(mirror=True)) == pixels[:, ::-1]).all()


def test_a_label_keeps_its_place_while_the_frames_follow_each_other():
    memory, pixels = Memory(), np.full((360, 640, 3), 90, np.uint8)

    def frame_with(top: int) -> Frame:
        return Frame(pixels, 1, 0.0, faces=(Face(Box(200, top, 60, 60), EXPRESSIONS, (0, 0, 0, 1, 0, 0, 0), 1),))

    first, second = (render(frame_with(top), ViewOptions(), memory) for top in (26, 22))
    assert (first[90:] == 90).all()
    assert (second[90:] == 90).all()
    assert not (render(frame_with(22), ViewOptions())[90:] == 90).all()


def test_a_face_that_is_not_confirmed_yet_is_hidden_already_where_privacy_is_wanted():
    detector = Detector()
    detector.detect_new = lambda image, area=None, known=(): [Detection(FACE, 0.5)]
    seen = made(detector).analyze(frame(0))
    assert seen.faces == ()
    assert seen.doubtful == (FACE,)
    inside = np.s_[100:180, 100:180]
    assert (render(seen, ViewOptions())[inside] == seen.image[inside]).all()
    assert render(seen, ViewOptions(privacy="blur"))[inside].std() < 0.3 * seen.image[inside].std()


def test_what_the_network_calls_no_face_is_hidden_all_the_same():
    classifier = Classifier()
    classifier.no_face = 0.9
    pipeline = made(classifier=classifier, threshold=0.5)
    for number in range(60):
        assert any(place.overlap(FACE) > 0.9 for place in pipeline.analyze(frame(number)).doubtful), number


def test_faces_are_told_with_every_time_constant_that_is_wanted():
    class Moody(Classifier):
        def predict(self, batch):
            reading = super().predict(batch)
            if len(self.batches) > 5:
                reading.probabilities[:] = np.float32([0, 0, 0, 0.45, 0.55, 0, 0])
            return reading

    pipeline = made(classifier=Moody())
    for number in range(40):
        seen = pipeline.analyze(frame(number), {0.0, 0.4, 3.0})
    quick, usual, slow = (seen.faces_over(constant)[0].probabilities[4] for constant in (0.0, 0.4, 3.0))
    assert seen.faces_over(0.4) == seen.faces
    assert seen.faces_over(1.6) == seen.faces, "nobody asked for it in time"
    assert quick > usual > slow
    assert seen.faces_over(3.0)[0].box == seen.faces[0].box


def test_joined_keeps_what_the_second_search_found_anew():
    assert joined([FACE], [Box(110, 105, 80, 80), NEW]) == [FACE, NEW]
    assert joined([], [NEW]) == [NEW]


@pytest.mark.parametrize("speed", [100, 250, 400])
def test_two_people_who_cross_keep_their_numbers_in_drawn_video_with_haar_itself(speed):
    people, pipeline = (Head(0), Head(1)), made(FaceDetector())
    frames, seen = round(30 * 640 / speed), []
    for number in range(frames):
        image, way = wall(), number * speed / 30
        boxes = [people[0].place(image, 800 - way, 270), people[1].place(image, 160 + way, 270)]
        faces = pipeline.process(frame(number, image)).faces
        seen.append([{face.track for face in faces if face.fade == 1 and face.box.overlap(box) > 0.5} for box in boxes])
    assert seen[5] in ([{1}, {2}], [{2}, {1}])
    assert seen[-1] == seen[5]


def test_the_box_grows_with_a_face_that_comes_near_within_a_second():
    head, pipeline = Head(0, size=0.6), made(FaceDetector())
    sizes = [1.0] * 10 + list(np.linspace(1, 2, 30)) + [2.0] * 10
    overlaps = []
    for number, size in enumerate(sizes):
        image = wall()
        box = head.scaled(size).place(image, 480, 270)
        (face,) = pipeline.process(frame(number, image)).faces
        overlaps.append(face.box.overlap(box))
        assert face.track == 1
    assert min(overlaps) > 0.5
    assert np.mean(overlaps) > 0.7
