from itertools import combinations, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo import Demo, DrawnFace
from demo.brush import Brush, Grid, ribbon, smooth
from demo.expression import PROTOTYPES, Action, mix
from demo.portrait import EYE, Portrait
from demo.script import BLINK, CHANGE, CYCLE, HOLD, Script
from demo.sitter import CAST
from faces import EXPRESSIONS, Box, Image
from model import EmotionModel

FPS = 10
ROUND = round(CYCLE * FPS)
"""The frames of a full round of expressions at FPS."""

WEIGHTS = Path(__file__).resolve().parents[2] / "weights" / "ferplus"


@pytest.fixture(scope="module")
def demo() -> Demo:
    return Demo(640, 360, FPS)


@pytest.fixture(scope="module")
def full_round(demo: Demo) -> list[tuple[DrawnFace, ...]]:
    """What is drawn in a full round, sampled every half second."""
    return [demo.draw(number)[1] for number in range(0, ROUND, FPS // 2)]


def haar_boxes(image: Image) -> list[Box]:
    """What OpenCV's frontal-face cascade finds at 640x360, in pixels of the image."""
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    reduced = min(640 / image.shape[1], 360 / image.shape[0])
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    small = cv2.resize(grey, None, fx=reduced, fy=reduced, interpolation=cv2.INTER_AREA)
    found = cascade.detectMultiScale(cv2.equalizeHist(small), 1.1, 5, minSize=(30, 30))
    return [Box(*(round(value / reduced) for value in box)) for box in found]


def cut(image: Image, box: Box) -> Image:
    return image[box.y : box.y + box.height, box.x : box.x + box.width]


def test_the_same_seed_draws_the_same_pixels():
    first, second = (Demo(320, 240, seed=5).draw(33) for _ in range(2))
    assert np.array_equal(first[0], second[0])
    assert first[1] == second[1]


def test_another_seed_draws_other_people_and_movements():
    (first, faces), (second, others) = (Demo(320, 240, seed=seed).draw(33) for seed in (0, 1))
    assert [face.box for face in faces] != [face.box for face in others]
    one, other = (cut(image, seen[0].box).mean(axis=(0, 1)) for image, seen in ((first, faces), (second, others)))
    assert np.abs(one - other).max() > 20


def test_a_frame_does_not_depend_on_those_drawn_before():
    in_order, at_random = Demo(320, 240), Demo(320, 240)
    frames = [in_order.draw(number) for number in range(25)]
    for number in (24, 3, 17, 0):
        image, faces = at_random.draw(number)
        assert np.array_equal(image, frames[number][0])
        assert faces == frames[number][1]


def test_a_frame_is_the_callers_own(demo: Demo):
    image, _ = demo.draw(0)
    image[:] = 0
    assert demo.draw(0)[0].mean() > 50


def test_frame_numbers_count_time_at_the_given_rate():
    slow, fast = Demo(320, 240, fps=10), Demo(320, 240, fps=30)
    assert np.array_equal(slow.draw(7)[0], fast.draw(21)[0])


@pytest.mark.parametrize(("width", "height", "people"), [(1280, 720, 3), (640, 480, 2), (320, 240, 1), (161, 243, 5)])
def test_size_and_number_of_people_are_honoured(width: int, height: int, people: int):
    image, faces = Demo(width, height, people=people).draw(40)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    assert [face.person for face in faces] == list(range(people))
    assert [face.box.x for face in faces] == sorted(face.box.x for face in faces)


@pytest.mark.parametrize("size", [(640, 480), (320, 480), (640, 360)])
def test_bodies_reach_the_lower_edge(size: tuple[int, int]):
    demo = Demo(*size, FPS)
    for number in range(0, ROUND, 19):
        image, faces = demo.draw(number)
        for face in faces:
            column = image[:, face.box.x + face.box.width // 2].astype(int)
            assert np.abs(column[-1] - column[-size[1] // 20]).max() < 15


@pytest.mark.parametrize("wrong", [{"width": 100}, {"height": 100}, {"people": 0}, {"people": 9}, {"fps": 0}])
def test_what_cannot_be_drawn_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="the demo"):
        Demo(**{"width": 320, "height": 240, **wrong})


def test_boxes_lie_inside_the_frame_and_apart(full_round: list[tuple[DrawnFace, ...]]):
    for faces in full_round:
        for face in faces:
            box = face.box
            assert min(box.x, box.y) >= 0
            assert box.x + box.width <= 640
            assert box.y + box.height <= 360
            assert box.width == pytest.approx(box.height, abs=1)
        assert all(a.box.overlap(b.box) == 0 for a, b in combinations(faces, 2))


def test_everyone_goes_through_all_seven_expressions(full_round: list[tuple[DrawnFace, ...]]):
    for person in range(3):
        reached = {faces[person].expression for faces in full_round if faces[person].strength == 1}
        assert reached == set(EXPRESSIONS)


def test_people_are_not_in_step(full_round: list[tuple[DrawnFace, ...]]):
    assert all(len({face.expression for face in faces}) > 1 for faces in full_round)


def test_frames_move_but_never_jump(demo: Demo):
    for number in range(0, ROUND, 17):
        (before, faces_before), (after, faces_after) = demo.draw(number), demo.draw(number + 1)
        assert 0.1 < np.abs(before.astype(int) - after).mean() < 3
        assert all(a.box.overlap(b.box) > 0.85 for a, b in zip(faces_before, faces_after, strict=True))


def test_haar_finds_the_drawn_faces_and_nothing_else():
    demo = Demo(fps=FPS)
    wanted = found = stray = 0
    for number in range(0, ROUND, 7):
        image, faces = demo.draw(number)
        boxes = haar_boxes(image)
        wanted += len(faces)
        matched = [max((box.overlap(face.box), i) for i, box in enumerate([*boxes, Box(0, 0, 1, 1)])) for face in faces]
        found += sum(overlap >= 0.4 for overlap, _ in matched)
        stray += len(set(range(len(boxes))) - {i for overlap, i in matched if overlap >= 0.4})
    assert found >= 0.97 * wanted
    assert stray == 0


def test_an_expression_is_reached_smoothly_and_then_held():
    script = Script(seed=0, person=0)
    times = np.arange(0, CYCLE, 0.02)
    steps = [script.expression(time) for time in times]
    held = np.mean([reached == 1 for _, _, reached in steps])
    assert held == pytest.approx(HOLD / (HOLD + CHANGE), abs=0.02)
    for (_, this, reached), (last, following, begun) in pairwise(steps):
        if following == this:
            assert 0 <= begun - reached < 0.1
        else:
            assert (last, reached) == (this, 1)
            assert begun < 0.1


def test_eyes_blink_now_and_then():
    script = Script(seed=0, person=0)
    blinks = np.array([script.action(time).blink for time in np.arange(0, 60, 0.02)])
    started = np.flatnonzero((blinks[:-1] == 0) & (blinks[1:] > 0))
    assert 12 <= len(started) <= 30
    assert blinks.max() > 0.95
    assert np.mean(blinks > 0) == pytest.approx(len(started) * BLINK / 60, abs=0.02)


def test_every_expression_looks_different_on_everyone():
    for sitter in CAST:
        portrait = Portrait(sitter, 30)
        heads = [portrait.head(PROTOTYPES[name]).image.astype(int) for name in EXPRESSIONS]
        for one, other in combinations(heads, 2):
            assert np.abs(one - other).max(axis=2).mean() > 1.2


def right_eye(action: Action) -> np.ndarray:
    """The eye on the viewer's right, grey, 28 pixels wide and 16 high."""
    head = Portrait(CAST[2], 80).head(action)
    x, y = (round((place - origin) * 80) for place, origin in zip(EYE, head.origin, strict=True))
    return cv2.cvtColor(head.image[y - 8 : y + 8, x - 14 : x + 14], cv2.COLOR_BGRA2GRAY)


def test_eyes_open_and_close():
    wide, usual, closed = ((right_eye(a) > 190).sum() for a in (Action(upper_lid=1), Action(), Action(blink=1)))
    assert wide > usual > 15 > closed


def test_eyes_look_aside():
    dark = (np.clip(90 - right_eye(Action(gaze_x=x)).astype(float), 0, None).sum(axis=0) for x in (-1, 0, 1))
    left, ahead, right = (np.average(np.arange(28), weights=column) for column in dark)
    assert left + 1 < ahead < right - 1


def test_an_open_mouth_lowers_the_chin():
    portrait = Portrait(CAST[1], 60)  # short hair, so that the chin is the lowest point
    shut, wide = (portrait.head(Action(jaw=jaw)).image[..., 3] > 127 for jaw in (0, 1))
    assert 8 < np.flatnonzero(wide.any(axis=1))[-1] - np.flatnonzero(shut.any(axis=1))[-1] < 20


def test_mixing_actions_goes_from_one_to_the_other():
    happy, sad = PROTOTYPES["happy"], PROTOTYPES["sad"]
    assert mix(happy, sad, 0) == happy
    assert mix(happy, sad, 1) == sad
    assert mix(Action(), Action(jaw=1, gaze_x=-1), 0.25) == Action(jaw=0.25, gaze_x=-0.25)


def test_a_smooth_curve_goes_through_its_points():
    points = np.array([(0, 0), (1, 2), (3, 1), (4, 4.0)])
    assert np.allclose(smooth(points)[::6], points)
    assert np.allclose(smooth([(0, 0), (1, 1), (2, 2)])[:, 0], smooth([(0, 0), (1, 1), (2, 2)])[:, 1])


def test_a_ribbon_is_as_wide_as_asked():
    outline = ribbon(np.array([(0, 0), (1, 0), (2, 0.0)]), [0.2, 0.4, 0.6])
    assert np.allclose(outline[:3, 0], [0, 1, 2])
    assert np.allclose(np.abs(outline[:3, 1] - outline[:2:-1, 1]), [0.2, 0.4, 0.6])


def test_a_twin_brush_draws_both_sides_alike():
    brush = Brush(np.zeros((80, 120), np.uint8), Grid(20, (-3, -2)), twin=True)
    brush.crease([(0.5, -1), (1.2, 0), (2, 1.1)], 0.3, 255)
    brush.spot((1, -1), (0.5, 0.2), 200, angle=30)
    assert brush.image[:, 60:].mean() > 10
    assert np.abs(brush.image.astype(int) - brush.image[:, ::-1]).mean() < 0.5


def test_the_network_that_ships_reads_the_drawn_expressions(demo: Demo):
    model = EmotionModel.load(WEIGHTS, "litert")
    right = []
    for number in range(0, ROUND, 5):
        image, faces = demo.draw(number)
        held = [face for face in faces if face.strength == 1]
        rows = model.classify(image, [face.box for face in held])
        right += [(face.expression, model.labels[row.argmax()]) for face, row in zip(held, rows, strict=True)]
    for name in EXPRESSIONS:
        assert np.mean([seen == name for meant, seen in right if meant == name]) > 0.75
    assert np.mean([meant == seen for meant, seen in right]) > 0.9
