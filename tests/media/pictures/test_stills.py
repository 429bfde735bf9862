import numpy as np
import pytest
from skimage import data

from config.settings import Settings
from faces import Box
from media.pictures.stills import StillReader
from model import EmotionModel

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])


@pytest.fixture(scope="module")
def stills():
    return StillReader(EmotionModel.load(Settings().weights), Settings())


def test_a_real_smiling_face_is_found_and_called_happy(stills):
    (face,) = stills.faces(ASTRONAUT)
    assert face.box.overlap(Box(174, 70, 105, 105)) > 0.5
    assert face.expression == "happy"


def test_a_wall_has_no_face(stills):
    assert stills.faces(np.full((300, 300, 3), 120, np.uint8)) == ()


def test_a_picture_may_be_read_as_one_face(stills):
    face = stills.whole(np.ascontiguousarray(ASTRONAUT[60:190, 160:290]))
    assert (face.box, face.expression) == (Box(0, 0, 130, 130), "happy")


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 30_000, 3), (30_000, 2, 3)])
def test_a_picture_of_any_shape_can_be_read_as_one_face(stills, shape):
    face = stills.whole(np.zeros(shape, np.uint8))
    assert sum(face.probabilities) == pytest.approx(1, abs=1e-3)
