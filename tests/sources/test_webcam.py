import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import camera
from camera import NO_CAMERA, CaptureFormat, Opener, find_webcams, open_source
from errors import SourceError
from sources.drawn import DemoSource
from sources.webcam import Webcam, identity
from tests.support.cameras.cameras import build_stand_in
from tests.support.servers.servers import ROOT


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory) -> dict[str, str]:
    """The environment in which /dev/video0 is a camera that plays drawn frames."""
    return build_stand_in(tmp_path_factory.mktemp("camera"))


def read_webcam(stand_in: dict[str, str], script: str) -> str:
    opening = (
        "import logging, os, time; from camera import Opener, open_source; from errors import SourceError\n"
        "logging.basicConfig(level='INFO')\n"
        "def tell(word): open(os.environ['STAND_IN_CONTROL'], 'w').write(word)\n"
        "tell('')\n"
    )
    environment = {**os.environ, **stand_in, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", opening + script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_a_webcam_is_asked_for_mjpg_at_full_size_and_rate_and_read(stand_in):
    output = read_webcam(
        stand_in,
        "with open_source('0') as camera:\n    shapes = {camera.read().image.shape for _ in range(20)}\nprint(shapes)",
    )
    assert "asked for MJPG 1280x720 at 30 fps, got MJPG 1280x720 at 30 fps" in output
    assert "{(720, 1280, 3)}" in output


def test_frames_carry_the_drivers_own_time_of_capture(stand_in):
    """The stand-in stamps a frame when it gives it out; it is decoded after that."""
    output = read_webcam(
        stand_in,
        "with open_source('0') as camera:\n"
        "    times = [(camera.read().captured_at, time.time()) for _ in range(30)]\n"
        "print('ages', min(read - captured for captured, read in times))",
    )
    assert float(output.split("ages ")[1].split()[0]) > 0.0005


def test_a_webcam_that_is_pulled_out_is_told_and_read_again_when_it_is_put_back(stand_in):
    output = read_webcam(
        stand_in,
        "opener = Opener('/dev/video0')\n"
        "with opener() as camera:\n"
        "    camera.read(); tell('gone')\n"
        "    try:\n"
        "        while camera.read(): pass\n"
        "    except SourceError as error: print(error)\n"
        "try: opener()\n"
        "except SourceError as error: print(error)\n"
        "tell('')\n"
        "with opener() as camera: print('back', camera.read().image.shape)\n",
    )
    assert "webcam /dev/video0: it gives no more frames; is it still plugged in?" in output
    assert "webcam /dev/video0: there is no /dev/video0; plug a camera in, or use --source demo" in output
    assert "back (720, 1280, 3)" in output


def test_a_webcam_that_stalls_is_told(stand_in):
    output = read_webcam(
        stand_in,
        "with open_source('0') as camera:\n"
        "    camera.read(); tell('stall')\n"
        "    try:\n"
        "        while camera.read(): pass\n"
        "    except SourceError as error: print(error)\n",
    )
    assert "it gives no more frames" in output


def test_a_busy_webcam_is_told(stand_in):
    output = read_webcam(
        stand_in, "tell('busy')\ntry: open_source('0')\nexcept SourceError as error: print(error)\ntell('')"
    )
    assert (
        "webcam 0: /dev/video0 could not be opened (Device or resource busy); close the program that uses it" in output
    )


def test_a_webcam_that_is_not_there_is_told_with_a_remedy():
    remedy = "plug a camera in, or use --source demo"
    with pytest.raises(SourceError, match=f"webcam 97: there is no /dev/video97; {remedy}"):
        open_source("97")


def test_a_grey_webcam_is_read_as_colour(stand_in, tmp_path):
    frames = tmp_path / "frames"
    frames.write_bytes(b"".join(np.full((480, 640), 40 + 20 * n, np.uint8).tobytes() for n in range(8)))
    grey = {"STAND_IN_FORMAT": "grey", "STAND_IN_FRAMES": str(frames)}
    output = read_webcam(
        {**stand_in, **grey, "STAND_IN_WIDTH": "640", "STAND_IN_HEIGHT": "480"},
        "shapes, levels = set(), set()\n"
        "with open_source('0') as camera:\n"
        "    for _ in range(80):\n"  # they come round and round, and a busy machine misses some
        "        image = camera.read().image\n"
        "        shapes.add(image.shape)\n"
        "        levels.add(int(image.mean()))\n"
        "        if len(levels) == 8: break\n"
        "print(shapes, sorted(levels))",
    )
    assert "got GREY 640x480" in output
    assert "{(480, 640, 3)} [40, 60, 80, 100, 120, 140, 160, 180]" in output


def test_a_webcam_of_eight_million_pixels_is_read(tmp_path):
    output = read_webcam(
        build_stand_in(tmp_path, 3840, 2160, pictures=2),
        "with open_source('0') as camera: print(camera.read().image.shape)",
    )
    assert "(2160, 3840, 3)" in output


def test_without_a_camera_auto_shows_the_demo_and_says_so(monkeypatch):
    monkeypatch.setattr("camera.find_webcams", list)
    with open_source("auto", CaptureFormat(320, 180, 30)) as source:
        assert source.description == "demo"
        assert source.notice == NO_CAMERA
        assert source.read().image.shape == (180, 320, 3)


def test_a_camera_that_does_not_work_is_named_in_autos_notice(monkeypatch):
    monkeypatch.setattr("camera.find_webcams", lambda: [97])
    with open_source("auto", CaptureFormat(320, 180, 30)) as source:
        assert "there is no /dev/video97" in source.notice


def test_the_machines_cameras_are_listed_by_number():
    assert find_webcams() == sorted(find_webcams())


def test_a_camera_that_is_plugged_in_while_auto_shows_the_demo_ends_the_demo(monkeypatch):
    monkeypatch.setattr("camera.find_webcams", list)
    monkeypatch.setattr("sources.drawn.CHECK_EVERY", 0.1)
    with open_source("auto", CaptureFormat(320, 180, 30)) as source:
        source.read()
        monkeypatch.setattr("camera.find_webcams", lambda: [0])
        with pytest.raises(SourceError, match="cameras of this machine have changed"):
            list(iter(source.read, None))


def test_the_demo_that_was_asked_for_goes_on_whatever_is_plugged_in(monkeypatch):
    monkeypatch.setattr("sources.drawn.CHECK_EVERY", 0.0)
    with DemoSource(CaptureFormat(320, 180, 30)) as source:
        assert all(source.read() for _ in range(5))


def test_auto_waits_for_the_webcam_that_it_has_found_instead_of_showing_the_demo(stand_in):
    output = read_webcam(
        stand_in,
        "import camera; camera.find_webcams = lambda: [0]\n"
        "opener = Opener('auto')\n"
        "with opener() as source: print('first', source.description)\n"
        "camera.find_webcams = list; tell('gone')\n"
        "try: opener()\n"
        "except SourceError as error: print('then', error)\n"
        "tell('')\n"
        "with opener() as source: print('last', source.description)\n",
    )
    assert "first webcam 0" in output
    assert "then webcam 0: there is no /dev/video0" in output
    assert "last webcam 0" in output


class Plugged(Webcam):
    """A webcam that opens without a device."""

    def __init__(self, device: int | str, wanted: CaptureFormat) -> None:
        self.device = device
        self.description = f"webcam {device}"

    def close(self) -> None:
        pass


def test_a_webcam_that_comes_back_under_another_number_is_known_again(tmp_path, monkeypatch):
    links = tmp_path / "by-id"
    links.mkdir()
    for number in (0, 2):
        (tmp_path / f"video{number}").touch()
    link = links / "usb-Maker_Model_1234-video-index0"
    link.symlink_to(tmp_path / "video0")
    monkeypatch.setattr("sources.webcam.BY_ID", links)
    monkeypatch.setattr("sources.webcam._path", lambda device: f"{tmp_path}/video{device}")
    monkeypatch.setattr(camera, "Webcam", Plugged)
    opener = Opener("0")
    with opener() as source:
        assert source.device == 0
    link.unlink()
    with pytest.raises(SourceError, match="webcam 0: usb-Maker_Model_1234-video-index0 was pulled out; plug it in"):
        opener()
    link.symlink_to(tmp_path / "video2")
    monkeypatch.setattr("camera.open_source", lambda source, wanted: Plugged(source, wanted))
    with opener() as source:
        assert source.device == str(tmp_path / "video2")


def test_a_webcam_without_a_name_of_its_own_is_known_by_its_number(tmp_path, monkeypatch):
    monkeypatch.setattr("sources.webcam.BY_ID", tmp_path / "missing")
    assert identity(0) is None
    monkeypatch.setattr("sources.webcam.BY_ID", tmp_path)
    (tmp_path / "link").symlink_to(Path("/dev/video5"))
    assert identity(0) is None
