import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from camera import open_source
from errors import SourceError
from faces import Frame
from sources.source import Source
from tests.support.cameras.cameras import NetworkCamera, drawn_time, mjpeg_camera, rtsp_camera


@pytest.fixture(scope="module")
def rtsp() -> Iterator[NetworkCamera]:
    with rtsp_camera() as camera:
        yield camera


def read_for(source: Source, seconds: float) -> list[Frame]:
    until = time.monotonic() + seconds
    return list(iter(lambda: source.read() if time.monotonic() < until else None, None))


def ages(frames: list[Frame]) -> list[float]:
    return sorted(frame.captured_at - drawn_time(frame.image) for frame in frames)


def test_an_rtsp_camera_is_read_at_its_own_pace(rtsp):
    with open_source(rtsp.url) as source:
        assert (source.fps, source.live) == (30, True)
        read_for(source, 1)
        start = time.monotonic()
        frames = read_for(source, 2)
        rate = len(frames) / (time.monotonic() - start)
    assert frames[0].image.shape == (360, 640, 3)
    assert 15 < rate < 36  # a busy machine may miss some


def test_pictures_of_an_rtsp_camera_are_fresh_from_the_second_second_on(rtsp):
    """FFmpeg's frame threads would add a frame of delay each."""
    with open_source(rtsp.url) as source:
        read_for(source, 1)
        told = ages(read_for(source, 2))
    assert told[len(told) // 2] < 0.12
    assert told[-1] < 0.6


def test_what_has_piled_up_while_nobody_read_is_caught_up_with(rtsp):
    with open_source(rtsp.url) as source:
        read_for(source, 1)
        time.sleep(3)
        read_for(source, 1)
        told = ages(read_for(source, 1))
    assert told[len(told) // 2] < 0.2


def test_a_stream_that_is_read_too_slowly_is_given_up_before_its_pictures_grow_old(rtsp):
    with open_source(rtsp.url) as source:
        frames = read_for(source, 1)

        def read_slowly() -> None:
            until = time.monotonic() + 20
            while time.monotonic() < until:
                frames.append(source.read())
                time.sleep(0.1)

        with pytest.raises(SourceError, match=r"this machine is too slow for it, its pictures were \d s late"):
            read_slowly()
    assert ages(frames)[-1] < 8


def test_a_picture_that_changes_its_size_in_mid_stream_goes_on(rtsp):
    with open_source(rtsp.url) as source:
        read_for(source, 1)
        for _ in range(2):
            rtsp.tell(signal.SIGUSR1)
            frames = read_for(source, 1.5)
            assert {frame.image.shape for frame in frames} == {(360, 640, 3)}
            assert 0 <= ages(frames[-5:])[-1] < 0.6, "what is shown is no picture of the new size"


def test_an_rtsp_camera_that_ends_is_told():
    with rtsp_camera() as camera, open_source(camera.url) as source:
        source.read()
        camera.kill()
        with pytest.raises(SourceError, match="the connection broke off; is the camera still on"):
            read_for(source, 5)
        with pytest.raises(SourceError, match=f"nobody answers at port {camera.port} of 127.0.0.1"):
            open_source(camera.url)
        camera.start()
        with open_source(camera.url) as again:
            assert again.read() is not None


def test_a_wrong_path_is_told(rtsp):
    with pytest.raises(SourceError, match="somebody answers, but no video came; check the address's path"):
        open_source(rtsp.url.replace("live", "nothing"))


def test_a_camera_that_hangs_while_it_is_opened_is_told_in_time_and_delays_no_other(rtsp):
    told: list[float] = []

    def open_hanging(port: int) -> None:
        start = time.monotonic()
        with pytest.raises(SourceError, match="no video came"):
            open_source(f"rtsp://127.0.0.1:{port}/live")
        told.append(time.monotonic() - start)

    with socket.create_server(("127.0.0.1", 0), backlog=20) as hung:
        hanging = [threading.Thread(target=open_hanging, args=hung.getsockname()[1:]) for _ in range(3)]
        for thread in hanging:
            thread.start()
        time.sleep(0.3)
        start = time.monotonic()
        with open_source(rtsp.url) as source:
            source.read()
            opened = time.monotonic() - start
        for thread in hanging:
            thread.join(20)
    assert opened < 4
    assert len(told) == 3
    assert min(told) > opened, "none was hanging while the good one was opened"
    assert max(told) < 8


def test_a_real_mjpeg_camera_is_read_at_its_own_pace(tmp_path):
    with mjpeg_camera(tmp_path) as camera, open_source(camera.url) as source:
        read_for(source, 0.5)
        start = time.monotonic()
        frames = read_for(source, 2)
        rate = len(frames) / (time.monotonic() - start)
    assert frames[0].image.shape == (720, 1280, 3)
    assert 15 < rate < 36  # a busy machine may miss some
