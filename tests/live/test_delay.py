from dataclasses import replace

import numpy as np
import pytest

from camera import FaceDetector
from drawing.privacy import hide
from faces import EXPRESSIONS, Box, Face, Frame, Image
from inference.preprocess import InputSpec
from live import delay
from live.delay import HELD_FOR, FrameDelay
from live.pipeline import Pipeline
from model import Prediction
from tests.support.cameras.moving_faces import Head, wall
from tracking.searching import Search
from tracking.tracker import Tracker

FPS = 32


def frame(number: int, **others) -> Frame:
    return Frame(np.full((9, 16, 3), number % 256, np.uint8), number, 100 + number / FPS, number / FPS, **others)


def passed(frames: list[Frame]) -> list[Frame | None]:
    held = FrameDelay()
    return [held.push(frame) for frame in frames]


def test_every_frame_comes_out_once_a_moment_later_as_it_was():
    frames = [frame(number) for number in range(60)]
    out = passed(frames)
    shown = [one for one in out if one is not None]
    late = len(out) - len(shown)
    assert late == pytest.approx(HELD_FOR * FPS, abs=1)
    assert out[:late] == [None] * late
    for one, given in zip(shown, frames, strict=False):
        assert one.image is given.image
        assert (one.number, one.captured_at, one.faces) == (given.number, given.captured_at, given.faces)


def test_none_is_left_out_where_the_cameras_pace_is_uneven():
    uneven = [replace(frame(number), position=(number + (0, 0.9, 0.1)[number % 3]) / FPS) for number in range(90)]
    shown = [one.number for one in passed(uneven) if one is not None]
    assert shown == list(range(len(shown)))
    assert len(shown) > 65


def test_no_frame_comes_out_before_faces_were_searched_for_in_it_or_a_later_one():
    frames = [replace(frame(number), searched_at=0.5 if number < 60 else 1.8) for number in range(90)]
    out = passed(frames)
    assert max(one.position for one in out[:60] if one is not None) == pytest.approx(0.5)
    assert out[60].position == pytest.approx(60 / FPS - HELD_FOR, abs=delay.SLACK + 1 / FPS)


def test_nothing_comes_out_before_the_first_search():
    assert set(passed([replace(frame(number), searched_at=-np.inf) for number in range(90)])) == {None}


def test_a_face_is_hidden_in_the_frames_before_it_was_found_where_it_came_from():
    """It walks to the right by 4 pixels a frame, and is found in the 12th."""

    def seen(number: int) -> Frame:
        box = Box(100 + 4 * number, 50, 40, 40)
        return frame(number, faces=(Face(box, track=3),) if number >= 12 else ())

    out = [one for one in passed([seen(number) for number in range(60)]) if one is not None]
    assert [one.number for one in out[:13]] == list(range(13))
    for one in out[:12]:
        true = Box(100 + 4 * one.number, 50, 40, 40)
        assert max(place.overlap(true) for place in one.doubtful) > 0.8, one.number
    assert out[12].doubtful == ()
    assert out[12].faces


def test_a_place_that_becomes_doubtful_was_so_before():
    place = Box(5, 5, 20, 20)
    out = passed([frame(number, doubtful=(place,) if number == 20 else ()) for number in range(60)])
    hidden = {one.number for one in out if one is not None and place in one.doubtful}
    assert set(range(20 - int(HELD_FOR * FPS), 21)) <= hidden
    assert max(hidden) == 20


def test_large_pictures_do_not_fill_the_memory_and_are_shown_no_earlier(monkeypatch):
    monkeypatch.setattr(delay, "MOST_BYTES", 5 * frame(0).image.nbytes)
    held = FrameDelay()
    out = [held.push(frame(number)) for number in range(90)]
    assert sum(one.image.nbytes for one in held._held) <= delay.MOST_BYTES
    shown = [(number, one) for number, one in enumerate(out) if one is not None]
    assert 10 < len(shown) < 30
    assert all(number / FPS - one.position >= HELD_FOR - 1e-6 for number, one in shown)


def test_what_was_held_is_forgotten_on_request():
    held = FrameDelay()
    for number in range(60):
        held.push(frame(number))
    held.clear()
    assert held.push(frame(60)) is None


class Reader:
    """Reads every face as happy."""

    labels, spec = EXPRESSIONS, InputSpec(48, 48, 1)

    def predict(self, batch):
        happy = np.tile(np.float32([0, 0, 0, 1, 0, 0, 0]), (len(batch), 1))
        return Prediction(happy, np.zeros(len(batch), np.float32))


def clear(frame: Frame, image: Image, box: Box) -> bool:
    """Whether a face that is whole in the picture can be seen when all that is known of was blurred."""
    shown, inside = frame.image.copy(), np.s_[box.y : box.y + box.height, box.x : box.x + box.width]
    hide(shown, frame.faces, frame.doubtful, "blur", 0.35)
    before, after = (np.abs(np.diff(part[inside].astype(int), axis=1)).mean() for part in (image, shown))
    return bool(after > 0.5 * before)


def test_nobody_who_walks_in_is_seen_clearly_before_the_face_is_found():
    head, held = Head(0), FrameDelay()
    pipeline = Pipeline(Search(FaceDetector()), Reader(), Tracker())
    images, boxes, at_once, later = [], [], 0, []
    for number in range(50):
        images.append(wall())
        boxes.append(head.place(images[-1], -120 + 19 * number, 270))
        seen = pipeline.analyze(replace(frame(number), image=images[-1]))
        late = held.push(seen)
        whole = [0 <= box.x <= 960 - box.width for box in boxes]
        at_once += whole[-1] and clear(seen, images[-1], boxes[-1])
        if late is not None and whole[late.number]:
            later.append(clear(late, images[late.number], boxes[late.number]))
    assert at_once > 0, "nothing had to be hidden afterwards"
    assert len(later) > 15
    assert not any(later)


def walked(positions: dict[int, int], track: int | None = 3, frames: int = 60) -> dict[int, tuple[Box, ...]]:
    """What is doubtful by the number of the frame, where a face is at some x in some frames."""

    def seen(number: int) -> Frame:
        at = positions.get(number)
        return frame(number, faces=() if at is None else (Face(Box(at, 50 + at, 40, 30), track=track),))

    return {one.number: one.doubtful for one in passed([seen(number) for number in range(frames)]) if one is not None}


def test_a_face_seen_for_a_moment_is_hidden_before_where_it_was_seen_first():
    hidden = walked({20: 100, 21: 110})
    assert hidden[19] == (Box(100, 150, 40, 30),) * 2
    assert hidden[21] == ()


def test_a_face_that_goes_on_is_traced_back_to_the_pixel_along_both_axes():
    hidden = walked({number: 100 + 2 * number for number in range(20, 60)})
    assert hidden[10] == (Box(140, 190, 40, 30), Box(120, 170, 40, 30))


def test_a_face_that_is_in_the_frame_itself_is_no_doubt_in_it():
    hidden = walked(dict.fromkeys(range(10, 60), 100))
    assert hidden[9] != ()
    assert hidden[10] == ()


def test_a_picture_that_just_fits_the_memory_is_held(monkeypatch):
    monkeypatch.setattr(delay, "MOST_BYTES", 2 * frame(0).image.nbytes)
    held = FrameDelay()
    for number in range(3):
        held.push(frame(number))
    assert [one.image.size > 0 for one in held._held] == [True, True, False]
