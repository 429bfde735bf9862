import cv2
import numpy as np
import pytest
import skimage.data

from faces import Box, Detection
from inference.preprocess import InputSpec, crop_faces
from training.crops import crop_square, main
from training.data.synthetic import draw_picture

WALL = np.full((120, 120, 3), 128, np.uint8)


@pytest.fixture(scope="module")
def portrait():
    """A face with room around it, BGR."""
    return np.ascontiguousarray(skimage.data.astronaut()[:220, 120:340, ::-1])


@pytest.fixture
def tree(tmp_path, portrait):
    """Two classes, a face in each and a wall in one, for training and for testing."""
    for split in ("train", "test"):
        for name, image in (("glad/a.png", portrait), ("plain/b.jpg", portrait), ("plain/wall.png", WALL)):
            file = tmp_path / "pictures" / split / name
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), image)
    return tmp_path / "pictures"


def files(folder):
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize(("scale", "side"), [(1.0, 100), (1.15, 115), (1.5, 128)])
def test_a_crop_is_what_the_server_would_cut_out(portrait, scale, side):
    crop = crop_square(portrait, Detection(Box(60, 70, 100, 100)), scale, 128)
    assert crop.shape == (side, side, 3)
    served = crop_faces(portrait, [Box(60, 70, 100, 100)], InputSpec(side, side, 3, scale))[0]
    np.testing.assert_array_equal(crop[:, :, ::-1], served)


def test_a_tilted_face_is_cropped_upright_as_when_serving(portrait):
    box = Box(60, 70, 100, 100)
    crop = crop_square(portrait, Detection(box, angle=20.0), 1.15, 128)
    served = crop_faces(portrait, [box], InputSpec(115, 115, 3, 1.15), [20.0])[0]
    np.testing.assert_array_equal(crop[:, :, ::-1], served)
    assert (crop != crop_square(portrait, Detection(box), 1.15, 128)).any()


def test_faces_that_are_tilted_first_come_out_upright_again(tree, tmp_path):
    crops = []
    for tilt in ("0", "25"):
        out = tmp_path / f"tilted-{tilt}"
        options = ["--detector", "blazeface", "--tilt", tilt, "--output", str(out)]
        assert main(["--pictures", str(tree / "train"), *options]) == 0
        crops.append(cv2.resize(cv2.imread(str(out / "glad" / "a.png"), 0), (64, 64)).astype(float).ravel())
    assert np.corrcoef(crops)[0, 1] > 0.85


def test_grey_stays_grey_also_where_it_comes_as_colour(portrait):
    grey = cv2.cvtColor(portrait, cv2.COLOR_BGR2GRAY)
    as_colour = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
    crops = [crop_square(image, Detection(Box(60, 70, 90, 90)), 1.0, 64) for image in (grey, as_colour)]
    assert [crop.shape for crop in crops] == [(64, 64)] * 2
    np.testing.assert_array_equal(*crops)


def test_faces_are_cut_out_into_the_same_folders(tree, tmp_path, capsys):
    out = tmp_path / "crops"
    assert main(["--pictures", str(tree), "--output", str(out), "--crop-scale", "1.2", "--detector", "haar"]) == 0
    assert files(out) == ["test/glad/a.png", "test/plain/b.png", "train/glad/a.png", "train/plain/b.png"]
    assert "4 faces cut out; no face in the middle of 2 pictures; 0 crops beside faces" in capsys.readouterr().out
    crop = cv2.imread(str(out / "train/glad/a.png"))
    assert crop.shape[0] == pytest.approx(1.2 * 100, abs=10)  # the face is 100 pixels wide, as Haar finds it


def test_a_tree_without_split_folders_stays_without_and_gives_crops_beside_faces(tree, tmp_path, capsys):
    out = tmp_path / "crops"
    assert main(["--pictures", str(tree / "train"), "--output", str(out), "--beside", "3"]) == 0
    assert [file for file in files(out) if "no_face" not in file] == ["glad/a.png", "plain/b.png"]
    assert len(files(out / "no_face")) == 6
    assert "6 crops beside faces" in capsys.readouterr().out


def test_nothing_is_cut_out_beside_the_faces_to_test_with(tree, tmp_path):
    out = tmp_path / "crops"
    assert main(["--pictures", str(tree), "--output", str(out), "--beside", "2"]) == 0
    assert len(files(out / "train" / "no_face")) == 4
    assert not (out / "test" / "no_face").exists()


@pytest.mark.parametrize("detector", ["haar", "blazeface"])
def test_faceless_and_drawn_pictures_give_non_faces_to_train_on(tmp_path, capsys, detector):
    (tmp_path / "walls").mkdir()
    cv2.imwrite(str(tmp_path / "walls" / "a.png"), draw_picture(0, 160, 120))
    options = [
        "--faceless",
        str(tmp_path / "walls"),
        "--drawn",
        "1",
        "--most",
        "4",
        "--detector",
        detector,
        "--output",
        str(tmp_path / "crops"),
    ]
    assert main(options) == 0
    found = files(tmp_path / "crops" / "train" / "no_face")
    assert sum(name.startswith("drawn-0000-") for name in found) == 4
    assert 0 < sum(name.startswith("0000-a-0-") for name in found) <= 4
    assert f"{len(found)} non-faces from 1 files and 1 drawn pictures" in capsys.readouterr().out


@pytest.mark.parametrize("detector", ["haar", "blazeface"])
def test_what_is_tested_with_are_the_finds_of_the_servers_own_detector(tmp_path, portrait, capsys, detector):
    (tmp_path / "walls").mkdir()
    cv2.imwrite(str(tmp_path / "walls" / "wall.png"), WALL)
    writer = cv2.VideoWriter(
        str(tmp_path / "walls/clip.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, portrait.shape[1::-1]
    )
    for _ in range(3):
        writer.write(portrait)
    writer.release()
    options = ["--split", "test", "--detector", detector, "--output", str(tmp_path / "crops")]
    assert main(["--faceless", str(tmp_path / "walls"), *options]) == 0
    assert "3 false finds in 18 pictures and frames" in capsys.readouterr().out
    assert len(files(tmp_path / "crops" / "test" / "no_face")) == 3


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pictures", "absent"], "absent: no such folder"),
        (["--pictures", "pictures", "--output", "pictures"], "the pictures themselves are there"),
        (["--pictures", "pictures/train/glad"], "a folder for each of at least two classes"),
        (["--faceless", "absent"], "absent: no pictures and no videos"),
    ],
)
def test_what_cannot_be_used_is_told(tree, monkeypatch, capsys, options, words):
    monkeypatch.chdir(tree.parent)
    assert main([*options, *([] if "--output" in options else ["--output", "crops"])]) == 2
    assert words in capsys.readouterr().err
