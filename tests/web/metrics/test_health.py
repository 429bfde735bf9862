import logging
from dataclasses import replace

import cv2
import numpy as np
import pytest

from config.settings import Settings
from main import create_app
from tests.support.blazeface import no_blazeface

SMALL = Settings(source=("demo",), width=320, height=180)
PICTURE = cv2.imencode(".png", np.zeros((60, 80, 3), np.uint8))[1].tobytes()


def test_liveness_looks_at_nothing(tmp_path):
    app = create_app(replace(SMALL, weights=str(tmp_path / "gone"), storage=str(tmp_path / "no")))
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_server_is_ready_with_its_model_and_until_it_stops():
    app = create_app(SMALL)
    client = app.test_client()
    assert client.get("/readyz").json == {"status": "ready", "model": "ferplus", "detector": "blazeface"}
    app.extensions["server"].close()
    stopping = client.get("/readyz")
    assert (stopping.status_code, stopping.headers["Retry-After"]) == (503, "5")
    assert stopping.json["detail"] == "The server is stopping."
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/readyz"), ("GET", "/api/own-camera"), ("POST", "/api/analyze"), ("POST", "/api/records")],
)
def test_a_bundle_that_is_not_there_is_told_in_the_log_only(tmp_path, caplog, method, path):
    app = create_app(replace(SMALL, weights=str(tmp_path / "gone"), storage=str(tmp_path / "store")))
    with caplog.at_level(logging.ERROR):
        answer = app.test_client().open(path, method=method, data=PICTURE if path == "/api/analyze" else None)
    app.extensions["server"].close()
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.json["detail"] == "The model cannot be loaded; the log tells why."
    assert answer.headers["Retry-After"] == "30"
    assert str(tmp_path) not in answer.text
    assert f"{tmp_path}/gone: no such folder" in caplog.text
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize(("method", "path"), [("GET", "/readyz"), ("GET", "/api/own-camera"), ("POST", "/api/analyze")])
def test_a_detector_that_cannot_run_is_told_in_the_log_only(caplog, method, path):
    app = create_app(replace(SMALL, detector="blazeface"))
    with caplog.at_level(logging.ERROR), no_blazeface():
        answer = app.test_client().open(path, method=method, data=PICTURE if path == "/api/analyze" else None)
    app.extensions["server"].close()
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.json["detail"] == "The face detector cannot be loaded; the log tells why."
    assert "Install it: make setup" in caplog.text
    assert "Traceback" not in caplog.text
