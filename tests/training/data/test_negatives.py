import cv2
import numpy as np
import pytest
import skimage.data

from camera import FaceDetector
from errors import DataError
from faces import Box
from training.data.finding import ServerSearch
from training.data.negatives import (
    CAMERA_SIZES,
    MAX_OVERLAP,
    ZOOMS,
    boxes_beside,
    files_of,
    frames_of,
    loose_detections,
    pictures_in,
    server_finds,
    tilted,
    versions_of,
)
from training.data.synthetic import draw_picture

FACE = Box(177, 67, 93, 93)
"""What Haar finds in the astronaut's photograph."""


def video(path, count, size=(160, 120)):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, size)
    for number in range(count):
        writer.write(np.full((size[1], size[0], 3), 20 * number, np.uint8))
    writer.release()


def test_pictures_and_videos_are_found_in_all_folders_and_nothing_else(tmp_path):
    (tmp_path / "below").mkdir()
    cv2.imwrite(str(tmp_path / "below" / "wall.png"), np.zeros((9, 9), np.uint8))
    video(tmp_path / "clip.avi", 2)
    (tmp_path / "note.txt").write_text("no picture")
    assert files_of(tmp_path) == [tmp_path / "below" / "wall.png", tmp_path / "clip.avi"]
    assert files_of(tmp_path / "clip.avi") == [tmp_path / "clip.avi"]


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_a_folder_without_pictures_is_told(tmp_path, name):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=f"{name}: no pictures and no videos"):
        files_of(tmp_path / name)


def test_a_video_gives_every_frame_as_it_is(tmp_path):
    video(tmp_path / "clip.avi", 7)
    frames = list(frames_of(tmp_path / "clip.avi"))
    assert [frame.shape for frame in frames] == [(120, 160, 3)] * 7
    assert [round(frame.mean() / 20) for frame in frames] == list(range(7))


@pytest.mark.parametrize("size", [(640, 480), (50, 400), (3000, 200)])
def test_a_picture_fills_the_frames_of_a_camera(tmp_path, size):
    width, height = size
    image = np.random.default_rng(0).integers(100, 256, (height, width, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "wall.png"), image)
    frames = list(frames_of(tmp_path / "wall.png"))
    views = sum(count for _, count in ZOOMS)
    assert [frame.shape[:2] for frame in frames] == [(h, w) for w, h in CAMERA_SIZES for _ in range(views)]
    assert min(frame.min() for frame in frames) >= 100  # no border was added
    np.testing.assert_array_equal(next(pictures_in(tmp_path / "wall.png")), image)


def test_a_loose_search_finds_more_than_the_server_does_in_several_versions():
    image = draw_picture(0, 160, 120)
    finds = list(loose_detections(versions_of(image, np.random.default_rng(0)), "haar"))
    assert len(finds) > 3 * len(FaceDetector().detect(image))
    assert len({version.tobytes() for version, _ in finds}) >= 3
    for version, found in finds:
        assert 0 <= found.box.x <= version.shape[1] - found.box.width
        assert 0 <= found.box.y <= version.shape[0] - found.box.height


def test_a_loose_search_by_blazeface_takes_hints_and_none_of_them_twice():
    image = skimage.data.coffee()[:, :, ::-1]
    assert ServerSearch("blazeface").in_picture(np.ascontiguousarray(image)) == []
    finds = list(loose_detections(versions_of(image, np.random.default_rng(0)), "blazeface"))
    assert len(finds) >= 9
    for version, found in finds:
        same = [other for seen, other in finds if seen is version and other.box.overlap(found.box) > 0.5]
        assert same == [found]


def test_a_picture_is_searched_as_it_is_and_as_frames_and_a_video_as_frames_alone(tmp_path):
    cv2.imwrite(str(tmp_path / "face.png"), skimage.data.astronaut()[:, :, ::-1])
    video(tmp_path / "clip.avi", 2)
    search = ServerSearch("haar")
    (whole, finds), *frames = server_finds(tmp_path / "face.png", search)
    assert whole.shape == (512, 512, 3)
    assert any(found.box.overlap(FACE) > 0.5 for found in finds)
    assert len(frames) == len(CAMERA_SIZES) * sum(count for _, count in ZOOMS)
    assert [frame.shape for frame, _ in server_finds(tmp_path / "clip.avi", search)] == [(120, 160, 3)] * 2


def test_a_tilted_picture_is_turned_clockwise_about_its_middle():
    image = np.zeros((101, 101, 3), np.uint8)
    image[5:15, 45:55] = 255  # above the middle
    down, across = np.nonzero(tilted(image, 90)[:, :, 0])
    assert (round(down.mean()), round(across.mean())) == pytest.approx((50, 90), abs=2)


@pytest.mark.parametrize("seed", range(4))
def test_crops_beside_a_face_show_little_of_it(seed):
    image = skimage.data.astronaut()
    boxes = list(boxes_beside(image, FACE, 20, np.random.default_rng(seed)))
    assert len(boxes) == 20
    inside = np.zeros(image.shape[:2], np.int64)
    inside[FACE.y : FACE.y + FACE.height, FACE.x : FACE.x + FACE.width] = 1
    for box in boxes:
        assert 0 <= box.x <= image.shape[1] - box.width
        assert 0 <= box.y <= image.shape[0] - box.height
        shown = inside[box.y : box.y + box.height, box.x : box.x + box.width].sum()
        assert shown <= MAX_OVERLAP * FACE.area


def test_where_there_is_no_room_beside_a_face_there_are_no_crops():
    whole = Box(0, 0, 30, 30)
    assert list(boxes_beside(np.zeros((30, 30), np.uint8), whole, 5, np.random.default_rng(0))) == []
    assert list(boxes_beside(np.zeros((300, 300), np.uint8), Box(0, 0, 100, 100), 0, np.random.default_rng(0))) == []
