import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from config.settings import Settings
from main import create_app
from tests.support.waiting import until

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


def status(client) -> str:
    return client.get("/api/state").json["cameras"][0]["status"]


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
    began, answer = time.time(), client.get("/snapshot.jpg")
    assert answer.mimetype == "image/jpeg"
    assert decoded(answer.data).shape == (180, 320, 3)
    assert began <= float(answer.headers["X-Timestamp"]) <= time.time()
    until(lambda: status(client) == "idle")


def test_a_snapshot_of_a_camera_that_is_lost_is_refused_at_once_with_the_reason(monkeypatch):
    app = create_app(replace(SMALL, source=("http://127.0.0.1:9/none",), idle=5))
    client = app.test_client()
    with client.get("/video_feed", buffered=False) as stream:
        until(lambda: status(client) == "lost")
        monkeypatch.setattr("web.live.video._newest_frame", lambda *_: pytest.fail("it waits"))
        refused = client.get("/snapshot.jpg")
        assert "has no picture: " in problem(refused, 503)
        assert refused.headers["Retry-After"] == "2"
        assert stream.status_code == 200
    app.extensions["server"].close()


def test_one_too_many_who_waits_for_a_snapshot_is_told_when_to_come_back(client, monkeypatch):
    monkeypatch.setattr("service.server.SNAPSHOT_VIEWERS", 0)
    refused = client.get("/snapshot.jpg")
    assert "wait for a picture already" in problem(refused, 503)
    assert refused.headers["Retry-After"] == "5"


def test_the_state_of_a_watched_camera_lists_faces_in_the_labels_order(client):
    stream = client.get("/video_feed", buffered=False)
    chunks = iter(stream.response)
    end = time.monotonic() + 30
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
        assert 0.5 < face["detection"] <= 1
        assert abs(face["angle"]) < 30


def test_one_viewer_too_many_is_told_when_to_come_back():
    app = create_app(replace(SMALL, max_viewers=1))
    client = app.test_client()
    first = client.get("/video_feed", buffered=False)
    second = client.get("/video_feed?camera=right")
    assert "1 are watching already" in problem(second, 503)
    assert second.headers["Retry-After"] == "5"
    assert client.get("/readyz").status_code == 200
    assert client.get("/snapshot.jpg").status_code == 200, "a screenshot is not a viewer"
    first.close()
    third = client.get("/video_feed", buffered=False)
    assert third.status_code == 200
    third.close()
    app.extensions["server"].close()


@pytest.mark.parametrize(
    "path",
    [
        "/video_feed?camera=roof",
        "/snapshot.jpg?camera=roof",
        "/api/state?camera=roof",
        "/video_feed/roof",
        "/snapshot/roof.jpg",
    ],
)
def test_an_unknown_camera_is_told_with_those_there_are(client, path):
    assert problem(client.get(path), 404) == "There is no camera called 'roof'; there is: left, right."


def test_several_streams_of_one_page_are_told_apart(client):
    stream = client.get("/video_feed/left?viewer=one", buffered=False)
    assert client.get("/api/state?viewer=one&viewer=two").json["connections"] == {"one": True, "two": False}
    stream.close()


def test_a_bad_viewer_id_is_refused(client):
    assert "64 letters" in problem(client.get("/video_feed?viewer=<script>"), 400)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("width=0", "width: got '0', expected a whole number of pixels from 16 to 7680, such as width=640."),
        ("width=wide", "got 'wide'"),
        ("width=-640", "got '-640'"),
        ("width=99999", "got '99999'"),
        ("fps=0", "fps: got '0', expected frames a second from 0.1 to 240, such as fps=10."),
        ("fps=nan", "got 'nan'"),
        ("fps=1e3", "got '1e3'"),
        ("fps=241", "got '241'"),
        ("bars=yes", "bars: got 'yes', expected one of 0, 1, such as bars=1."),
        ("privacy=none", "privacy: got 'none', expected one of off, blur, emoji, such as privacy=emoji."),
        ("threshold=35", "threshold: got '35', expected a probability from 0 to 1, such as threshold=0.35."),
        ("smoothing=-1", "smoothing: got '-1', expected seconds from 0 to 10, such as smoothing=0.4."),
        ("smoothing=nan", "got 'nan'"),
    ],
)
def test_nonsense_in_a_wish_is_told_and_counts_no_viewer(client, query, detail):
    assert detail in problem(client.get(f"/video_feed?{query}"), 400)
    assert client.get("/api/state").json["viewers"] == 0


def first_picture(answer) -> np.ndarray:
    """The first picture of a stream that is no drawn notice."""
    for chunk in answer.response:
        head, _, rest = chunk.partition(b"\r\n\r\n")
        if b"X-Frame" in head and b"X-Frame: 0" not in head:
            return decoded(rest)
    raise AssertionError("the stream ended")


def test_a_viewer_may_have_a_size_of_its_own_which_is_never_enlarged(client):
    for width, shape in ((160, (90, 160, 3)), (1000, (180, 320, 3))):
        with client.get(f"/video_feed/left?width={width}", buffered=False) as answer:
            assert first_picture(answer).shape == shape
    assert decoded(client.get("/snapshot/left.jpg?width=64").data).shape == (36, 64, 3)
    assert "width: got 'x'" in problem(client.get("/snapshot/left.jpg?width=x"), 400)


def test_each_camera_has_addresses_of_its_own(client):
    cameras = client.get("/api/cameras").json["cameras"]
    assert [camera["name"] for camera in cameras] == ["left", "right"]
    right = cameras[1]
    assert right == {
        "name": "right",
        "source": "demo",
        "status": "idle",
        "viewers": 0,
        "video_feed": "/video_feed/right",
        "snapshot": "/snapshot/right.jpg",
        "state": "/api/state?camera=right",
    }
    stream = client.get(right["video_feed"], buffered=False)
    assert first_picture(stream).shape == (180, 320, 3)
    assert [c["viewers"] for c in client.get("/api/cameras").json["cameras"]] == [0, 1]
    stream.close()
    assert client.get(right["snapshot"]).status_code == 200
    assert len(client.get(right["state"]).json["cameras"]) == 1


def test_the_state_tells_stages_rates_and_what_was_dropped(client):
    stream = client.get("/video_feed/left?fps=2", buffered=False)
    chunks = iter(stream.response)
    end = time.monotonic() + 30
    while not (state := client.get("/api/state?camera=left").json)["cameras"][0]["dropped"]["capped"]:
        assert time.monotonic() < end, "no frame was left out for a viewer of 2 frames a second"
        next(chunks)
    stream.close()
    camera = state["cameras"][0]
    assert set(camera["stages"]) == {"detect", "classify", "draw", "encode"}
    assert camera["delivered"]["frames"] > 0
    assert camera["delivered"]["bytes"] > 1000 * camera["delivered"]["frames"]
    assert camera["failures"] == 0
    assert 20e6 < state["memory"] < 4e9
    assert state["max_viewers"] == SMALL.max_viewers


def test_an_unknown_path_says_where_to_go(client):
    assert "The page is at /" in problem(client.get("/nothing"), 404)
    assert "has no slash at its end" in problem(client.get("/api/state/"), 404)


def test_a_person_who_mistypes_an_address_gets_a_page_and_a_program_a_problem(client):
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"}
    answer = client.get("/camra", headers=browser)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is no page at <code>/camra</code>" in answer.text
    assert "There is nothing at /api/stat" in problem(client.get("/api/stat", headers=browser), 404)


def test_who_asks_for_the_head_of_a_stream_opens_no_camera(client):
    for path, mimetype in (("/video_feed", "multipart/x-mixed-replace"), ("/api/events", "text/event-stream")):
        answer = client.head(path)
        assert (answer.status_code, answer.mimetype) == (200, mimetype)
    assert [camera["status"] for camera in client.get("/api/state").json["cameras"]] == ["idle", "idle"]


def test_a_wrong_method_is_answered_as_a_problem_that_names_the_right_ones(client):
    answer = client.post("/api/state")
    assert problem(answer, 405) == "Got POST, but /api/state answers GET, HEAD, OPTIONS only."
    assert "GET" in answer.headers["Allow"]


def test_every_answer_forbids_foreign_code_and_framing(client):
    for path in ("/", "/api/state", "/nothing"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_machine_without_a_camera_is_told_before_anybody_watches(monkeypatch):
    monkeypatch.setattr("service.server.find_webcams", list)
    app = create_app(replace(SMALL, source=("auto",)))
    assert app.test_client().get("/api/state").json["notice"].startswith("No camera was found")
    assert b"No camera was found" in app.test_client().get("/").data
