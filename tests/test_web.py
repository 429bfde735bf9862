import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from main import create_app
from settings import Settings

SMALL = Settings(source=("left=demo", "right=demo"), width=320, height=180, fps=15, idle=0.2)


@pytest.fixture
def client():
    app = create_app(SMALL)
    yield app.test_client()
    app.extensions["server"].close()


def problem(answer, status: int) -> str:
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.json["status"] == status
    return answer.json["detail"]


def decoded(jpeg: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None, "no JPEG"
    return image


def test_the_page_is_served_with_its_cameras(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert b"left" in answer.data
    assert b"right" in answer.data


def test_making_the_application_opens_and_starts_nothing(client):
    cameras = client.get("/api/state").json["cameras"]
    assert [(c["name"], c["status"], c["viewers"]) for c in cameras] == [("left", "idle", 0), ("right", "idle", 0)]


def test_the_stream_is_multipart_uncached_and_opens_its_camera_only(client):
    answer = client.get("/video_feed?camera=right&viewer=me", buffered=False)
    assert answer.mimetype == "multipart/x-mixed-replace"
    assert answer.headers["Cache-Control"] == "no-store"
    chunks = iter(answer.response)
    assert next(chunks) == b"--frame\r\n"
    assert next(chunks).startswith(b"Content-Type: image/jpeg\r\nContent-Length: ")
    state = client.get("/api/state?viewer=me").json
    assert state["viewer"] == {"delivering": True}
    assert [c["viewers"] for c in state["cameras"]] == [0, 1]
    answer.close()
    state = client.get("/api/state?viewer=me").json
    assert state["viewer"] == {"delivering": False}
    assert state["viewers"] == 0


def test_a_viewer_that_vanishes_before_the_first_byte_is_not_counted_for_ever(client):
    client.get("/video_feed", buffered=False).close()
    assert client.get("/api/state").json["viewers"] == 0


def test_a_snapshot_opens_the_camera_for_as_long_as_it_takes(client):
    answer = client.get("/snapshot.jpg")
    assert answer.mimetype == "image/jpeg"
    assert decoded(answer.data).shape == (180, 320, 3)
    assert abs(float(answer.headers["X-Timestamp"]) - time.time()) < 5
    end = time.monotonic() + 5
    while client.get("/api/state").json["cameras"][0]["status"] != "idle":
        assert time.monotonic() < end, "the camera stayed open"
        time.sleep(0.05)


def test_the_state_of_a_watched_camera_lists_faces_in_the_labels_order(client):
    stream = client.get("/video_feed", buffered=False)
    chunks = iter(stream.response)
    end = time.monotonic() + 15
    while not (camera := client.get("/api/state?camera=left").json["cameras"][0])["faces"]:
        assert time.monotonic() < end, "no face of the demo was found"
        next(chunks)
    stream.close()
    assert camera["status"] == "live"
    assert (camera["width"], camera["height"]) == (320, 180)
    for face in camera["faces"]:
        assert list(face["probabilities"]) == client.get("/api/state").json["model"]["labels"]
        assert sum(face["probabilities"].values()) == pytest.approx(1, abs=2e-3)
        assert face["expression"] == max(face["probabilities"], key=face["probabilities"].get)
        assert 0 < face["box"]["width"] <= 320


def test_one_viewer_too_many_is_told_when_to_come_back():
    app = create_app(replace(SMALL, max_viewers=1))
    client = app.test_client()
    first = client.get("/video_feed", buffered=False)
    second = client.get("/video_feed?camera=right")
    assert "1 are watching already" in problem(second, 503)
    assert second.headers["Retry-After"] == "5"
    assert client.get("/healthz").status_code == 200
    assert client.get("/snapshot.jpg").status_code == 200, "a screenshot is not a viewer"
    first.close()
    third = client.get("/video_feed", buffered=False)
    assert third.status_code == 200
    third.close()
    app.extensions["server"].close()


@pytest.mark.parametrize("path", ["/video_feed", "/snapshot.jpg", "/api/state"])
def test_an_unknown_camera_is_told_with_those_there_are(client, path):
    assert problem(client.get(f"{path}?camera=roof"), 404) == "There is no camera called 'roof'; there is: left, right."


def test_a_bad_viewer_id_is_refused(client):
    assert "64 letters" in problem(client.get("/video_feed?viewer=<script>"), 400)


def test_an_unknown_path_says_where_to_go(client):
    assert "The page is at /" in problem(client.get("/nothing"), 404)


def test_a_wrong_method_is_answered_as_a_problem_that_names_the_right_ones(client):
    answer = client.post("/api/state")
    problem(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_health_tells_of_a_bundle_that_is_not_there(tmp_path):
    client = create_app(replace(SMALL, weights=str(tmp_path / "gone"))).test_client()
    assert "gone" in problem(client.get("/healthz"), 503)


def test_every_answer_forbids_foreign_code_and_framing(client):
    for path in ("/", "/api/state", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_machine_without_a_camera_is_told_before_anybody_watches(monkeypatch):
    monkeypatch.setattr("server.find_webcams", list)
    app = create_app(replace(SMALL, source=("auto",)))
    assert app.test_client().get("/api/state").json["notice"].startswith("No camera was found")
    assert b"No camera was found" in app.test_client().get("/").data
