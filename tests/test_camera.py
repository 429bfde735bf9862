import os
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from camera import (
    NO_CAMERA,
    FaceDetector,
    VideoFile,
    Wanted,
    check_source,
    find_webcams,
    open_source,
    without_password,
)
from demo import Demo
from errors import SourceError
from faces import Box
from tests.servers import ROOT

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
"""A photograph, (512, 512, 3) BGR, of one smiling face."""
FACE = Box(174, 70, 105, 105)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A video of 12 grey frames, each brighter than the last, at 24 a second."""
    path = tmp_path_factory.mktemp("clip") / "grey.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 24, (64, 48))
    for level in range(12):
        writer.write(np.full((48, 64, 3), 20 * level, np.uint8))
    writer.release()
    return path


def test_a_file_is_read_once_as_fast_as_possible_with_the_videos_own_time(clip):
    start = time.monotonic()
    with VideoFile(clip, looped=False) as source:
        frames = list(iter(source.read, None))
    assert time.monotonic() - start < 0.4
    assert [frame.number for frame in frames] == list(range(12))
    assert frames[11].position == pytest.approx(11 / 24)
    assert frames[11].image.mean() > frames[0].image.mean() + 150


def test_a_looped_file_keeps_its_own_pace_and_begins_again(clip):
    with VideoFile(clip) as source:
        source.read()
        start = time.monotonic()
        levels = [source.read().image.mean() for _ in range(24)]
    assert time.monotonic() - start == pytest.approx(1.0, abs=0.25)
    assert levels[11] < 10 < levels[10]


@pytest.mark.parametrize("source", ["gone.mp4", "no/such/folder/clip.mp4", "webcam"])
def test_a_source_file_that_does_not_exist_is_told_before_anything_is_opened(source):
    with pytest.raises(SourceError, match=r"there is no such file; expected a camera number.*demo"):
        check_source(source)


@pytest.mark.parametrize("source", ["auto", "demo", "0", "/dev/video9", "rtsp://cam/1", "http://cam/stream"])
def test_what_may_be_a_camera_passes_without_being_opened(source):
    check_source(source)


def test_a_file_that_is_no_video_is_told(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("hello")
    with pytest.raises(SourceError, match=r"notes.mp4: it is no video that can be read"):
        open_source(str(path))


def test_a_camera_that_is_not_there_is_told_with_a_remedy():
    with pytest.raises(
        SourceError, match=r"webcam 97: there is no /dev/video97; plug a camera in, or use --source demo"
    ):
        open_source("97")


def test_an_address_where_nobody_answers_is_told_without_its_password():
    with pytest.raises(SourceError, match=r"^http://127.0.0.1:9/cam: no video came") as told:
        open_source("http://joe:secret@127.0.0.1:9/cam")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("source", "shown"),
    [("rtsp://joe:pw@cam:554/1", "rtsp://cam:554/1"), ("http://cam/a@b", "http://cam/a@b"), ("0", "0")],
)
def test_passwords_are_taken_out_of_addresses(source, shown):
    assert without_password(source) == shown


def test_without_a_camera_auto_shows_the_demo_and_says_so(monkeypatch):
    monkeypatch.setattr("camera.find_webcams", list)
    with open_source("auto", Wanted(320, 180, 30)) as source:
        assert source.description == "demo"
        assert source.notice == NO_CAMERA
        assert source.read().image.shape == (180, 320, 3)


def test_a_camera_that_does_not_work_is_named_in_autos_notice(monkeypatch):
    monkeypatch.setattr("camera.find_webcams", lambda: [97])
    with open_source("auto", Wanted(320, 180, 30)) as source:
        assert "there is no /dev/video97" in source.notice


def test_the_machines_cameras_are_listed_by_number():
    assert find_webcams() == sorted(find_webcams())


def test_the_demo_keeps_the_pace_asked_for():
    with open_source("demo", Wanted(320, 180, 20)) as source:
        source.read()
        start = time.monotonic()
        numbers = [source.read().number for _ in range(20)]
    assert time.monotonic() - start == pytest.approx(1.0, abs=0.25)
    assert numbers == sorted(set(numbers))


class _MjpegCamera(BaseHTTPRequestHandler):
    """Serves twenty frames of growing brightness, as a network camera does."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for level in range(20):
            jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), level * 10, np.uint8))[1].tobytes()
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg))
            self.wfile.write(jpeg + b"\r\n")
            time.sleep(0.02)

    def log_message(self, *_):
        pass


def test_an_http_mjpeg_camera_is_read_and_its_end_told():
    with ThreadingHTTPServer(("127.0.0.1", 0), _MjpegCamera) as camera:
        threading.Thread(target=camera.serve_forever, daemon=True).start()
        with open_source(f"http://127.0.0.1:{camera.server_port}/stream") as source:
            first, second = source.read(), source.read()
            assert first.image.shape == (48, 64, 3)
            assert second.number == 1
            with pytest.raises(SourceError, match="the connection broke off"):
                list(iter(source.read, None))
        camera.shutdown()


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> dict[str, str]:
    """The environment in which /dev/video0 is a camera that plays drawn frames (tests/v4l2_stand_in.c)."""
    folder = tmp_path_factory.mktemp("camera")
    compiler = shutil.which("cc")
    assert compiler, "the stand-in camera needs a C compiler: apt-get install gcc libc6-dev"
    library = folder / "v4l2_stand_in.so"
    flags = ["-O2", "-fPIC", "-shared", "-ldl", "-lpthread"]
    subprocess.run([compiler, str(ROOT / "tests/v4l2_stand_in.c"), "-o", str(library), *flags], check=True)
    demo, frames = Demo(1280, 720, 30), folder / "frames.mjpeg"
    frames.write_bytes(b"".join(cv2.imencode(".jpg", demo.draw(n)[0])[1].tobytes() for n in range(8)))
    control = folder / "control"
    control.write_text("")
    return {
        "LD_PRELOAD": str(library),
        "STAND_IN_DEVICE": "/dev/video0",
        "STAND_IN_FRAMES": str(frames),
        "STAND_IN_CONTROL": str(control),
    }


def read_webcam(stand_in: dict[str, str], script: str) -> str:
    environment = {**os.environ, **stand_in, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_webcam_is_asked_for_mjpg_at_full_size_and_rate_and_read(stand_in):
    told = read_webcam(
        stand_in,
        "import logging, time; from camera import open_source; logging.basicConfig(level='INFO')\n"
        "with open_source('0') as camera:\n"
        "    camera.read(); start = time.monotonic()\n"
        "    shapes = {camera.read().image.shape for _ in range(30)}\n"
        "print(shapes, 'rate', round(30 / (time.monotonic() - start)))",
    )
    assert "asked for MJPG 1280x720 at 30 fps, got MJPG 1280x720 at 30 fps" in told
    assert "{(720, 1280, 3)}" in told
    assert 27 <= int(told.split("rate ")[1].split()[0]) <= 33


def test_a_webcam_that_is_pulled_out_is_told(stand_in):
    told = read_webcam(
        stand_in,
        "import os; from camera import open_source; from errors import SourceError\n"
        "with open_source('/dev/video0') as camera:\n"
        "    camera.read(); open(os.environ['STAND_IN_CONTROL'], 'w').write('gone')\n"
        "    try:\n"
        "        while camera.read(): pass\n"
        "    except SourceError as error: print(error)\n"
        "open(os.environ['STAND_IN_CONTROL'], 'w').write('')",
    )
    assert "webcam /dev/video0: it gives no more frames; is it still plugged in?" in told


def test_a_busy_webcam_is_told(stand_in):
    told = read_webcam(
        stand_in,
        "import os; from camera import open_source; from errors import SourceError\n"
        "open(os.environ['STAND_IN_CONTROL'], 'w').write('busy')\n"
        "try: open_source('0')\n"
        "except SourceError as error: print(error)\n"
        "open(os.environ['STAND_IN_CONTROL'], 'w').write('')",
    )
    assert "webcam 0: /dev/video0 could not be opened (Device or resource busy); close the program that uses it" in told


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
    (box,) = FaceDetector().detect_near(ASTRONAUT, [moved])
    assert box.overlap(FACE) > 0.6


@pytest.mark.parametrize(
    "box", [Box(380, 380, 90, 90), Box(500, 500, 90, 90), Box(-80, 0, 90, 90), Box(600, 600, 50, 50)]
)
def test_where_there_is_no_face_none_is_found_again(box):
    assert FaceDetector().detect_near(ASTRONAUT, [box]) == []


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
