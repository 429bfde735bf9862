import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

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


def read(source: Source, count: int) -> list[Frame]:
    return [source.read() for _ in range(count)]


def await_frame(source: Source, wanted: Callable[[Frame], bool], seconds: float = 30) -> Frame:
    until = time.monotonic() + seconds
    while not wanted(frame := source.read()):
        assert time.monotonic() < until, f"no such frame came within {seconds:g} s"
    return frame


def await_drawn_after(source: Source, moment: float) -> Frame:
    """A frame whose picture tells such a time; one that is no picture of the camera's would tell any."""
    return await_frame(source, lambda frame: moment < drawn_time(frame.image) < time.time())


def age(frame: Frame) -> float:
    return frame.captured_at - drawn_time(frame.image)


def test_each_picture_of_an_rtsp_camera_is_read(rtsp):
    with open_source(rtsp.url) as source:
        assert (source.fps, source.live) == (30, True)
        frames = read(source, 20)
    assert frames[0].image.shape == (360, 640, 3)
    drawn = [drawn_time(frame.image) for frame in frames]
    assert drawn == sorted(set(drawn)), "each picture is given once, in the order of the camera"


def test_a_picture_of_an_rtsp_camera_waits_for_no_more_than_the_two_after_it():
    """FFmpeg's frame threads would add one more each."""
    fps = 2
    with rtsp_camera(fps=fps) as camera, open_source(camera.url) as source:
        assert min(map(age, read(source, 8))) < 2.7 / fps


def test_what_has_piled_up_while_nobody_read_is_caught_up_with(rtsp):
    with open_source(rtsp.url) as source:
        read(source, 5)
        time.sleep(3)
        await_frame(source, lambda frame: age(frame) > 2)  # what has piled up
        await_frame(source, lambda frame: age(frame) < 1)


def test_a_stream_that_is_read_too_slowly_is_given_up(rtsp, monkeypatch):
    monkeypatch.setattr("sources.lag.LATE", 1.0)
    with open_source(rtsp.url) as source:

        def read_slowly() -> None:
            until = time.monotonic() + 60
            while time.monotonic() < until:
                source.read()
                time.sleep(0.2)

        with pytest.raises(SourceError, match=r"this machine is too slow for it, its pictures were \d+ s late"):
            read_slowly()


def test_a_picture_that_changes_its_size_in_mid_stream_goes_on(rtsp):
    with open_source(rtsp.url) as source:
        read(source, 5)
        for _ in range(2):
            rtsp.tell(signal.SIGUSR1)
            assert await_drawn_after(source, time.time() + 0.5).image.shape == (360, 640, 3)


def test_an_rtsp_camera_that_ends_is_told():
    with rtsp_camera() as camera, open_source(camera.url) as source:
        source.read()
        camera.kill()
        with pytest.raises(SourceError, match="the connection broke off; is the camera still on"):
            await_frame(source, lambda _: False)
        with pytest.raises(SourceError, match=f"nobody answers at port {camera.port} of 127.0.0.1"):
            open_source(camera.url)
        camera.start()
        with open_source(camera.url) as again:
            assert again.read() is not None


def test_a_wrong_path_is_told(rtsp):
    with pytest.raises(SourceError, match="somebody answers, but no video came; check the address's path"):
        open_source(rtsp.url.replace("live", "nothing"))


def test_a_camera_that_hangs_while_it_is_opened_is_told_and_delays_no_other(rtsp):
    ended: list[bool] = []

    def open_hanging(port: int) -> None:
        with pytest.raises(SourceError, match="no video came"):
            open_source(f"rtsp://127.0.0.1:{port}/live")
        ended.append(True)

    with socket.create_server(("127.0.0.1", 0), backlog=20) as hung:
        hanging = [threading.Thread(target=open_hanging, args=hung.getsockname()[1:]) for _ in range(3)]
        for thread in hanging:
            thread.start()
        time.sleep(0.3)
        with open_source(rtsp.url) as source:
            source.read()
            assert ended == [], "none was hanging any more while the good one was opened"
        for thread in hanging:
            thread.join(30)
    assert ended == [True] * 3


def test_a_real_mjpeg_camera_is_read(tmp_path):
    with mjpeg_camera(tmp_path) as camera, open_source(camera.url) as source:
        first = await_frame(source, lambda frame: frame.image.shape == (720, 1280, 3))  # before, it tells of no signal
        frames = read(source, 10)
    assert {frame.image.shape for frame in frames} == {(720, 1280, 3)}
    assert [frame.number for frame in frames] == [first.number + step for step in range(1, 11)]
