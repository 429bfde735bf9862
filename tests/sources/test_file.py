import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from camera import VideoFile, open_source
from errors import SourceError
from tests.support.waiting import Clock


def write(path: Path, levels: list[int], fps: float = 24, size: tuple[int, int] = (64, 48)) -> Path:
    """A video of even grey frames."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, size)
    for level in levels:
        writer.write(np.full((*reversed(size), 3), level, np.uint8))
    writer.release()
    return path


@pytest.fixture
def clock(monkeypatch) -> Clock:
    """The clock by which files are played, which nobody has to wait for."""
    made = Clock()
    monkeypatch.setattr("sources.file.time", made)
    return made


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """A video of 12 grey frames, each brighter than the last, at 24 a second."""
    return write(tmp_path_factory.mktemp("clip") / "grey.avi", list(range(0, 240, 20)))


def test_a_file_is_read_once_as_fast_as_possible_with_the_videos_own_time(clip, clock):
    with VideoFile(clip, looped=False) as source:
        frames = list(iter(source.read, None))
    assert clock.now == 1000, "it waited"
    assert [frame.number for frame in frames] == list(range(12))
    assert frames[11].position == pytest.approx(11 / 24)
    assert frames[11].image.mean() > frames[0].image.mean() + 150


def test_a_looped_file_keeps_its_own_pace_and_begins_again(clip, clock):
    with VideoFile(clip) as source:
        source.read()
        start = clock.now
        levels = [source.read().image.mean() for _ in range(24)]
    assert clock.now - start == pytest.approx(1.0, abs=0.01)
    assert levels[11] < 10 < levels[10]


@pytest.mark.parametrize("fps", [7.5, 29.97, 120])
def test_any_frame_rate_is_kept(tmp_path, clock, fps):
    frames = round(fps)
    with VideoFile(write(tmp_path / "odd.avi", [100] * frames, fps)) as source:
        source.read()
        start = clock.now
        for _ in range(frames - 1):
            source.read()
    assert clock.now - start == pytest.approx((frames - 1) / fps, abs=0.01)


def write_uneven(path: Path, pictures: list[tuple[int, np.ndarray]]) -> Path:
    """A Matroska video (RFC 9559) of JPEGs, each with its time in milliseconds."""

    def element(name: str, content: bytes) -> bytes:
        return bytes.fromhex(name) + (1 << 56 | len(content)).to_bytes(8, "big") + content

    height, width = pictures[0][1].shape[:2]
    size = element("b0", width.to_bytes(2, "big")) + element("ba", height.to_bytes(2, "big"))
    track = element("d7", b"\1") + element("73c5", b"\1") + element("83", b"\1") + element("86", b"V_MJPEG")
    blocks = [
        element("a3", b"\x81" + at.to_bytes(2, "big") + b"\x80" + cv2.imencode(".jpg", image)[1].tobytes())
        for at, image in pictures
    ]
    segment = element("1549a966", element("2ad7b1", (1_000_000).to_bytes(3, "big")))  # times in milliseconds
    segment += element("1654ae6b", element("ae", track + element("e0", size)))
    segment += element("1f43b675", element("e7", b"\0") + b"".join(blocks))
    path.write_bytes(element("1a45dfa3", element("4282", b"matroska")) + element("18538067", segment))
    return path


@pytest.fixture
def uneven(tmp_path) -> Path:
    """Pictures as a phone takes them when it gets dark."""
    times = (0, 100, 200, 900, 1000)
    return write_uneven(tmp_path / "uneven.mkv", [(at, np.full((48, 64, 3), at // 5, np.uint8)) for at in times])


def test_a_video_of_uneven_pace_is_read_by_its_own_times(uneven):
    with VideoFile(uneven, looped=False) as source:
        positions = [frame.position for frame in iter(source.read, None)]
    assert positions == pytest.approx([0, 0.1, 0.2, 0.9, 1.0], abs=0.01)


def test_a_looped_video_of_uneven_pace_is_shown_by_its_own_times(uneven, clock):
    with VideoFile(uneven) as source:
        source.read()
        times = [clock.now]
        for _ in range(3):
            source.read()
            times.append(clock.now)
    assert np.diff(times) == pytest.approx([0.1, 0.1, 0.7], abs=0.01)


def test_a_grey_video_is_read_as_colour(tmp_path):
    grey = np.full((48, 64), 90, np.uint8)
    with VideoFile(write_uneven(tmp_path / "grey.mkv", [(0, grey), (40, grey)]), looped=False) as video:
        assert video.read().image.shape == (48, 64, 3)


def test_a_video_whose_picture_changes_its_size_is_read_to_its_end_in_the_first_size(tmp_path):
    shapes = [(48, 64, 3)] * 3 + [(96, 128, 3)] * 3
    pictures = [(40 * number, np.full(shape, 90, np.uint8)) for number, shape in enumerate(shapes)]
    with VideoFile(write_uneven(tmp_path / "sizes.mkv", pictures), looped=False) as video:
        assert [frame.image.shape for frame in iter(video.read, None)] == [(48, 64, 3)] * 6


def await_level(source: VideoFile, low: float, high: float, seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not low < source.read().image.mean() < high:
        assert time.monotonic() < until, f"no picture of a brightness between {low:g} and {high:g} came"


def test_a_file_that_is_replaced_is_begun_anew_with_the_new_one(tmp_path):
    path, new = write(tmp_path / "clip.avi", [50] * 100), write(tmp_path / "new.avi", [200] * 100, size=(128, 96))
    with VideoFile(path) as source:
        await_level(source, 40, 60)
        new.rename(path)
        await_level(source, 190, 210)
        assert source.read().image.shape == (96, 128, 3)


def test_a_file_that_is_written_anew_in_its_place_is_shown_when_it_is_whole(tmp_path):
    path, new = write(tmp_path / "clip.avi", [50] * 100), write(tmp_path / "new.avi", [200] * 100)
    content = new.read_bytes()
    with VideoFile(path) as source:
        await_level(source, 40, 60)
        path.write_bytes(content)
        await_level(source, 190, 210)


def test_a_file_that_is_deleted_is_told_and_opened_again_when_it_is_back(tmp_path):
    path = write(tmp_path / "clip.avi", [50] * 100)
    with VideoFile(path) as source:
        source.read()
        path.rename(tmp_path / "away.avi")
        with pytest.raises(SourceError, match=r"clip.avi: there is no such file"):
            list(iter(source.read, None))
    (tmp_path / "away.avi").rename(path)
    with open_source(str(path)) as source:
        assert source.read() is not None


def test_a_file_that_is_no_video_is_told(tmp_path):
    path = tmp_path / "notes.mp4"
    path.write_text("hello")
    with pytest.raises(SourceError, match=r"notes.mp4: it is no video that can be read"):
        open_source(str(path))


def test_a_folder_is_told():
    with pytest.raises(SourceError, match="it is no file; give the path of a video"):
        VideoFile(Path(__file__).parent)
