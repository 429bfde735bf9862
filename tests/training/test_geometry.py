from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data

from model import EmotionModel
from training.geometry import SCALES, SHIFTS, compare_crops, main, tile_geometry

SHIPPED = Path(__file__).resolve().parents[2] / "weights" / "fer2013"
FACE = (177, 67, 93, 93)
"""What Haar finds in the astronaut's photograph: x, y, width, height."""


@pytest.fixture(scope="module")
def photograph():
    return cv2.cvtColor(skimage.data.astronaut(), cv2.COLOR_RGB2GRAY)


@pytest.mark.parametrize(("scale", "shift"), [(0.95, 0.0), (1.1, 0.0), (1.1, 0.08)])
def test_the_scale_and_shift_of_a_crop_are_found_again(photograph, scale, shift):
    x, y, width, height = FACE
    side = round(scale * width)
    left, top = x + (width - side) // 2, round(y + (height - side) / 2 + shift * height)
    tile = cv2.resize(photograph[top : top + side, left : left + side], (96, 96))
    scales, shifts = tile_geometry(tile[None, :, :, None])
    assert scales == pytest.approx([scale], abs=0.08)
    assert shifts == pytest.approx([shift], abs=0.05)


def test_blazefaces_boxes_are_like_haars(photograph):
    x, y, width, height = FACE
    tile = cv2.resize(photograph[y : y + height, x : x + width], (96, 96))
    scales, shifts = tile_geometry(tile[None, :, :, None], "blazeface")
    assert scales == pytest.approx([1.0], abs=0.15)
    assert shifts == pytest.approx([0.0], abs=0.08)


def test_tiles_without_a_face_do_not_count():
    noise = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1), np.uint8)
    scales, shifts = tile_geometry(noise)
    assert len(scales) == len(shifts) == 0


def test_ways_of_cutting_out_are_compared_on_pictures(tmp_path, photograph, capsys):
    for name in ("happy", "sad"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "face.png"), photograph[:220, 120:340])
    rows = list(compare_crops(EmotionModel.load(SHIPPED), tmp_path))
    assert len(rows) == len(SCALES) * len(SHIFTS)
    assert {report.images for _, _, report in rows} == {2}
    assert [report.accuracy for scale, shift, report in rows if (scale, shift) == (1.0, 0.0)] == [0.5]
    assert main(["--pictures", str(tmp_path), "--weights", str(SHIPPED)]) == 0
    assert "scale  shift  images  accuracy" in capsys.readouterr().out


def test_pictures_without_a_face_are_told(tmp_path, capsys):
    for name in ("happy", "sad"):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "wall.png"), np.full((100, 100), 128, np.uint8))
    assert main(["--pictures", str(tmp_path), "--weights", str(SHIPPED)]) == 2
    assert "no face was found in any picture" in capsys.readouterr().err
