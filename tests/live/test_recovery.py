"""Real servers and real viewers: a camera fails in every way there is, viewers are told, and it is taken up again."""

import itertools
import signal
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import cv2
import numpy as np
import pytest

from demo import Demo
from tests.support.cameras.cameras import (
    NetworkCamera,
    begin_parts,
    build_stand_in,
    http_camera,
    mjpeg_camera,
    rtsp_camera,
    send_jpeg,
)
from tests.support.servers.recovery import Watch, outage, watching, width

SMALL = (320, 180)


def check(watch: Watch, fail: Callable[[], object], mend: Callable[[], object], lasts: float = 0.5) -> None:
    """Viewers are told of an outage, and see the camera again; benchmarks/recovery.py measures how soon."""
    watch.await_live()
    outage(watch, fail, mend, lasts)


def check_network_camera(camera: NetworkCamera, watch: Watch) -> None:
    check(watch, camera.kill, camera.start, lasts=4)
    check(watch, lambda: camera.tell(signal.SIGSTOP), lambda: camera.tell(signal.SIGCONT), lasts=2)
    # longer than reading and opening wait for an answer
    check(watch, lambda: camera.tell(signal.SIGSTOP), lambda: camera.tell(signal.SIGCONT), lasts=11)


@pytest.mark.long
def test_an_rtsp_camera_that_is_killed_or_hangs_is_told_and_back():
    with rtsp_camera() as camera, watching(camera.url) as watch:
        check_network_camera(camera, watch)


@pytest.mark.long
def test_an_mjpeg_camera_that_is_killed_or_hangs_is_told_and_back(tmp_path):
    with mjpeg_camera(tmp_path) as camera, watching(camera.url) as watch:
        check_network_camera(camera, watch)


def test_a_network_camera_that_is_killed_is_told_and_back(tmp_path):
    with mjpeg_camera(tmp_path, *SMALL) as camera, watching(camera.url) as watch:
        check(watch, camera.kill, camera.start)


@pytest.mark.long
def test_a_webcam_that_is_pulled_out_or_stalls_is_told_and_back_however_long_it_lasts(tmp_path):
    stand_in = build_stand_in(tmp_path)
    control = Path(stand_in["STAND_IN_CONTROL"])
    with watching("0", stand_in) as watch:
        for word, lasts in (("gone", 4), ("stall", 2), ("stall", 7)):
            check(watch, lambda word=word: control.write_text(word), lambda: control.write_text(""), lasts)


@pytest.mark.parametrize("word", ["gone", "stall"])
def test_a_webcam_that_is_pulled_out_or_stalls_is_told_and_back(tmp_path, word):
    stand_in = build_stand_in(tmp_path, *SMALL)
    control = Path(stand_in["STAND_IN_CONTROL"])
    with watching("0", stand_in) as watch:
        check(watch, lambda: control.write_text(word), lambda: control.write_text(""))


def test_a_webcam_that_is_busy_at_the_start_is_told_and_read_once_it_is_free(tmp_path):
    stand_in = build_stand_in(tmp_path, *SMALL)
    control = Path(stand_in["STAND_IN_CONTROL"])
    control.write_text("busy")
    with watching("0", stand_in, live=False) as watch:
        watch.await_message("Device or resource busy")
        control.write_text("")
        watch.until_live()


def write(path: Path, frame_width: int) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 24, (frame_width, 96))
    for level in range(0, 240, 10):
        writer.write(np.full((96, frame_width, 3), level, np.uint8))
    writer.release()
    return path


def test_a_file_that_is_deleted_is_told_and_back_and_one_that_is_replaced_is_shown(tmp_path):
    path, other, away = write(tmp_path / "a.avi", 128), write(tmp_path / "b.avi", 256), tmp_path / "away.avi"
    with watching(str(path)) as watch:
        check(watch, lambda: path.rename(away), lambda: away.rename(path))
        watch.await_live()
        other.rename(path)
        watch.until(lambda part: part.number > 0 and width(part) == 256)


def test_a_picture_that_changes_its_size_in_mid_stream_is_shown_in_each():
    demo, sizes = Demo(640, 360, 30), ((640, 360), (1280, 720), (320, 180))
    images = [demo.draw(number)[0] for number in range(8)]
    jpegs = [[cv2.imencode(".jpg", cv2.resize(image, size))[1].tobytes() for image in images] for size in sizes]

    def changing(camera: BaseHTTPRequestHandler) -> None:
        begin_parts(camera)
        for number in itertools.count():
            send_jpeg(camera, jpegs[number // 20 % len(sizes)][number % len(images)])
            time.sleep(0.04)

    with http_camera(changing) as place, watching(f"http://{place}/") as watch:
        for wide, _ in (*sizes, sizes[0]):
            watch.until(lambda part, wide=wide: part.number > 0 and width(part) == wide)


def test_a_camera_of_less_than_a_frame_a_second_is_not_taken_for_a_lost_one():
    jpegs = [cv2.imencode(".jpg", np.full((90, 160, 3), level, np.uint8))[1].tobytes() for level in (80, 160)]

    def slow(camera: BaseHTTPRequestHandler) -> None:
        begin_parts(camera)
        for number in itertools.count():
            send_jpeg(camera, jpegs[number % 2])
            time.sleep(1.3)

    with http_camera(slow) as place, watching(f"http://{place}/", live=False) as watch:
        watch.until(lambda part: part.number >= 7)
        numbers = watch.numbers()
    assert 0 not in numbers[numbers.index(4) :], "from a few intervals it is known what is usual"


def test_a_camera_that_gives_one_picture_over_and_over_is_told_and_not_shown_again(tmp_path):
    stand_in = build_stand_in(tmp_path, *SMALL, pictures=1)
    with watching("0", stand_in, "--frozen", "2") as watch:
        watch.until_noticed()
        watch.await_message("its picture has not changed for")
        with pytest.raises(AssertionError, match="nothing of the kind came"):
            watch.until(lambda part: part.number > 0, limit=3)
