import os

import cv2
import numpy as np
import pytest
from skimage import data

from camera import (
    CaptureFormat,
    FaceDetector,
    VideoFile,
    certainty,
    check_source,
    open_source,
)
from demo import Demo
from errors import SourceError
from faces import Box, Detection
from tests.support.waiting import Clock

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
"""A photograph, (512, 512, 3) BGR, of one smiling face."""
FACE = Box(174, 70, 105, 105)


@pytest.mark.parametrize("source", ["gone.mp4", "no/such/folder/clip.mp4", "webcam"])
def test_a_source_file_that_does_not_exist_is_told_before_anything_is_opened(source):
    with pytest.raises(SourceError, match=r"there is no such file; expected a camera number.*demo"):
        check_source(source)


@pytest.mark.parametrize("source", ["auto", "demo", "0", "/dev/video9", "rtsp://cam/1", "http://cam/stream"])
def test_what_may_be_a_camera_passes_without_being_opened(source):
    check_source(source)


def test_the_demo_keeps_the_pace_asked_for_and_who_reads_late_misses_frames(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("sources.drawn.time", clock)
    with open_source("demo", CaptureFormat(320, 180, 20)) as source:
        opened_at = clock.now
        assert [source.read().number for _ in range(4)] == [0, 1, 2, 3]
        assert clock.now - opened_at == pytest.approx(0.15)
        clock.now += 0.51
        assert source.read().number == 13
        assert clock.now - opened_at == pytest.approx(0.66)
        assert source.read().number == 14
        assert clock.now - opened_at == pytest.approx(0.7)


def test_one_face_is_found_in_a_real_photograph():
    boxes = FaceDetector().detect(ASTRONAUT)
    assert len(boxes) == 1
    assert boxes[0].overlap(FACE) > 0.6


def test_grey_and_colour_pictures_give_the_same_faces():
    grey = cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2GRAY)
    assert FaceDetector().detect(grey) == FaceDetector().detect(ASTRONAUT)


def test_boxes_are_in_pixels_of_the_original_whatever_the_search_width():
    large = cv2.resize(ASTRONAUT, None, fx=2, fy=2)
    (box,) = FaceDetector(search_width=400).detect(large)
    assert box.overlap(Box(FACE.x * 2, FACE.y * 2, FACE.width * 2, FACE.height * 2)) > 0.6


def test_a_blank_wall_has_no_face():
    assert FaceDetector().detect(np.full((480, 640, 3), 128, np.uint8)) == []


def test_a_face_smaller_than_the_minimum_is_passed_over():
    assert FaceDetector(min_face=0.5).detect(ASTRONAUT) == []


def test_a_dark_picture_is_searched_as_well_as_a_bright_one():
    assert len(FaceDetector().detect((ASTRONAUT // 6).astype(np.uint8))) == 1


class _TwoSizes:
    """A cascade that finds one face at two sizes, and another apart."""

    def detectMultiScale2(self, *_, **__):
        return [(10, 10, 60, 60), (14, 16, 50, 50), (200, 10, 50, 50)], [5, 30, 9]


def test_a_face_that_is_found_at_two_sizes_is_one_face_and_the_surer_find_counts():
    detector = FaceDetector()
    detector._cascade = _TwoSizes()
    assert detector.detect(np.zeros((300, 400, 3), np.uint8)) == [Box(14, 16, 50, 50), Box(200, 10, 50, 50)]


def test_a_known_face_is_found_again_near_where_it_was():
    moved = Box(FACE.x + 12, FACE.y - 9, 112, 112)
    (found,) = FaceDetector().detect_known(ASTRONAUT, [Detection(moved)])
    assert found.box.overlap(FACE) > 0.6
    assert 0.5 < found.certainty < 1


@pytest.mark.parametrize(
    "box", [Box(380, 380, 90, 90), Box(500, 500, 90, 90), Box(-80, 0, 90, 90), Box(600, 600, 50, 50)]
)
def test_where_there_is_no_face_none_is_found_again(box):
    assert FaceDetector().detect_known(ASTRONAUT, [Detection(box)]) == [None]


def test_only_an_area_is_searched_where_one_is_given_and_known_faces_are_passed_over():
    detector = FaceDetector()
    (whole,) = detector.detect_new(ASTRONAUT)
    (part,) = detector.detect_new(ASTRONAUT, Box(FACE.x - 60, FACE.y - 60, 260, 260))
    assert part.box.overlap(whole.box) > 0.6, "a find in an area is not in pixels of the whole picture"
    assert certainty(20) < whole.certainty < certainty(60)
    assert certainty(5) == 0.5
    assert detector.detect_new(ASTRONAUT, Box(0, 300, 400, 300)) == []
    assert detector.detect_new(ASTRONAUT, Box(-50, -50, 60, 60)) == []
    assert detector.detect_new(ASTRONAUT, known=[whole.box]) == []


def test_opening_an_address_leaves_nothing_behind_that_spoils_files(tmp_path):
    path = tmp_path / "moving.mp4"
    writer, demo = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30, (320, 180)), Demo(320, 180)
    for number in range(12):
        writer.write(demo.draw(number)[0])
    writer.release()
    with pytest.raises(SourceError):
        open_source("http://127.0.0.1:9/cam")
    with VideoFile(path, looped=False) as source:
        assert len(list(iter(source.read, None))) == 12
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ
