import shutil

import numpy as np
import pytest

from errors import SourceError, StorageError
from faces import Box
from recording.video import RecordVideo, fit_picture, remux
from tests.support.cameras.clips import drawn
from tests.support.servers.recorded import a_face, film

FRAMES = 60
FPS = 15


def write(made, frames=FRAMES):
    for number in range(frames):
        made.write(drawn(320, 180)[number % 45], number / FPS)


def a_film(path, frames=FRAMES):
    made = RecordVideo(path, 320, 180, FPS)
    write(made, frames)
    return made


def is_seekable(path):
    """Whether it is one piece whose index stands before the pictures, as browsers like it."""
    data = path.read_bytes()
    return b"moof" not in data and data.index(b"moov") < data.index(b"mdat")


def test_a_film_has_every_picture_at_its_time(tmp_path):
    path = tmp_path / "video.mp4"
    a_film(path).close()
    assert film(path) == pytest.approx([number / FPS for number in range(FRAMES)], abs=1e-4)
    assert remux(path, lambda: False)
    assert is_seekable(path)
    assert film(path) == pytest.approx([number / FPS for number in range(FRAMES)], abs=1e-4)


@pytest.mark.parametrize("torn", [0, 999])
def test_what_is_on_the_disk_plays_at_any_time_and_can_be_settled(tmp_path, torn):
    made = a_film(tmp_path / "video.mp4")
    copy = tmp_path / "copy.mp4"
    shutil.copy(tmp_path / "video.mp4", copy)  # as a kill leaves it
    if torn:
        copy.write_bytes(copy.read_bytes()[:-torn])
    assert remux(copy, lambda: False)
    assert is_seekable(copy)
    assert len(film(copy)) >= FRAMES - (1 + bool(torn)) * FPS / 2 - 8
    made.close()


def test_pictures_that_come_at_no_pace_keep_their_times(tmp_path):
    times = [0.0, 0.01, 0.5, 30.0, 30.0, 31.0]
    made = RecordVideo(tmp_path / "video.mp4", 320, 180, FPS)
    for time in times:
        made.write(drawn(320, 180)[0], time)
    made.close()
    assert film(tmp_path / "video.mp4") == pytest.approx(times, abs=1e-3)


def test_settling_in_a_hurry_leaves_it_as_it_was(tmp_path):
    path = tmp_path / "video.mp4"
    a_film(path).close()
    before = path.read_bytes()
    assert not remux(path, lambda: True)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_its_cause(tmp_path):
    path = tmp_path / "video.mp4"
    path.symlink_to("/dev/full")
    made = RecordVideo(path, 320, 180, FPS)
    with pytest.raises(StorageError, match="cannot be written, since the disk is full") as error:
        write(made)
    made.close()
    assert isinstance(error.value.__cause__, OSError)


def test_what_holds_no_picture_cannot_be_settled(tmp_path):
    path = tmp_path / "video.mp4"
    path.write_bytes(b"no video" * 100)
    with pytest.raises(SourceError, match="cannot be read"):
        remux(path, lambda: False)
    assert list(tmp_path.iterdir()) == [path]


def test_an_odd_size_is_made_even():
    assert RecordVideo("video.mp4", 321, 1, FPS).size == (320, 2)


def test_a_picture_of_another_shape_gets_bars_and_its_faces_move_with_it():
    image = np.full((100, 100, 3), 200, np.uint8)
    fit, (face,) = fit_picture(image, (a_face(box=(100, 50, 20, 40)),), (200, 200), (320, 180))
    assert fit.shape == (180, 320, 3)
    assert (fit[:, :60].max(), fit[:, 160].min(), fit[:, 260:].max()) == (0, 200, 0)
    assert face.box == Box(160, 45, 18, 36)
    assert face.expression == "happy"


def test_a_picture_that_fits_stays_as_it_is():
    image = drawn(320, 180)[0]
    fit, (face,) = fit_picture(image, (a_face(box=(100, 50, 20, 40)),), (640, 360), (320, 180))
    assert fit is image
    assert face.box == Box(50, 25, 10, 20)
