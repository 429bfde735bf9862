import threading
from dataclasses import replace
from typing import ClassVar

import cv2
import numpy as np
import pytest

from errors import ImageError
from live.visitors import NoRoom, Visitor, Visitors, decode_frame
from tests.support.clients.bombs import many_scans


class Pipeline:
    """Counts what it is shown."""

    made: ClassVar[list["Pipeline"]] = []

    def __init__(self) -> None:
        self.frames, self.closed = [], False
        self.made.append(self)

    def analyze(self, frame):
        self.frames.append(frame)
        return replace(frame, timings={**frame.timings, "detect": 0.01})

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def made():
    Pipeline.made = []
    return Pipeline


def jpeg(width=64, height=48, level=90) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), level, np.uint8))[1].tobytes()


def bomb(side: int) -> bytes:
    """A small JPEG whose head claims so many pixels a side."""
    data = bytearray(jpeg())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = side.to_bytes(2, "big") * 2
    return bytes(data)


def test_a_frame_is_decoded_as_it_was_sent():
    image = decode_frame(jpeg(64, 48, 90))
    assert image.shape == (48, 64, 3)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - 90).max() < 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (many_scans(64, 48, 40), "a JPEG of 46 scans, expected at most 32"),
        (b"", "0 bytes that are no JPEG"),
        (b"GIF89a...", "9 bytes that are no JPEG"),
        (cv2.imencode(".png", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), "no JPEG"),
        (jpeg()[:-5], "cut off"),
        (jpeg(1930, 8), "1930x8 pixels, expected at most 1920"),
        (bomb(4000), "4000x4000 pixels, expected at most 1920"),
        (bomb(11000), "far too many pixels, expected at most 1920"),
        (bomb(60000), "far too many pixels, expected at most 1920"),
    ],
)
def test_what_is_no_frame_is_refused_with_its_reason(data, words):
    with pytest.raises(ImageError, match=words):
        decode_frame(data)


def test_a_broken_frame_leaves_the_visitor_as_before(made):
    visitor = Visitor(made)
    visitor.analyze(jpeg())
    with pytest.raises(ImageError):
        visitor.analyze(b"nonsense")
    assert visitor.analyze(jpeg()).number == 2
    assert len(made.made) == 1


def test_frames_are_numbered_timed_and_never_go_back(made):
    visitor = Visitor(made)
    first, second = visitor.analyze(jpeg()), visitor.analyze(jpeg())
    assert (first.number, second.number) == (1, 2)
    assert second.position > first.position
    assert set(first.timings) == {"decode", "detect"}


def test_another_size_begins_anew(made):
    visitor = Visitor(made)
    visitor.analyze(jpeg(64, 48))
    visitor.analyze(jpeg(48, 64))
    assert [pipeline.closed for pipeline in made.made] == [True, False]


def test_each_visitor_has_a_pipeline_of_their_own_and_it_goes_with_them(made):
    visitors = Visitors(2, made)
    one, two = visitors.enter(), visitors.enter()
    one.analyze(jpeg(level=10))
    two.analyze(jpeg(level=200))
    assert [int(pipeline.frames[0].image.mean()) for pipeline in made.made] == [10, 200]
    visitors.leave(one)
    assert [pipeline.closed for pipeline in made.made] == [True, False]
    assert len(visitors) == 1
    visitors.leave(two)
    assert visitors.frames == 2


def test_one_too_many_is_told_and_has_room_later(made):
    visitors = Visitors(1, made)
    first = visitors.enter()
    with pytest.raises(NoRoom, match="1 visitors show their camera already"):
        visitors.enter()
    visitors.leave(first)
    visitors.enter()


def test_none_at_all_may_be_wanted(made):
    with pytest.raises(NoRoom, match="--max-visitors"):
        Visitors(0, made).enter()


def test_many_who_come_at_once_do_not_pass_the_limit(made):
    visitors, refused = Visitors(5, made), []

    def come() -> None:
        try:
            visitors.enter()
        except NoRoom:
            refused.append(True)

    threads = [threading.Thread(target=come) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(visitors), len(refused)) == (5, 15)


def test_closing_waits_for_those_who_are_there_and_lets_nobody_in(made):
    visitors = Visitors(2, made)
    here = visitors.enter()
    assert not visitors.close(timeout=0.05)
    threading.Timer(0.1, visitors.leave, [here]).start()
    assert visitors.close(timeout=30)
    assert visitors.closing
    with pytest.raises(NoRoom, match="stopping"):
        visitors.enter()
