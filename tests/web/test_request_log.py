import io
import json
import logging
import re

import cv2
import numpy as np
import pytest

from config.logs import JSONFormatter, TextFormatter, configure_handler
from config.settings import Settings
from main import create_app
from web.request_log import QUIET

NAME, VISITOR = "my-secret-face.jpg", "203.0.113.77"


@pytest.fixture
def app(tmp_path):
    made = create_app(
        Settings(source=("demo",), width=320, height=180, fps=15, storage=str(tmp_path / "store"), insecure_public=True)
    )
    yield made
    made.extensions["supervisor"].close()
    made.extensions["server"].close()


@pytest.fixture
def log_lines():
    """What the log tells at its most talkative, as JSON."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    configure_handler(handler, "json")
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    root.removeHandler(handler)
    root.setLevel(before)


def requests(log_lines):
    return [line for line in log_lines() if line["logger"] == "requests"]


def test_an_answered_request_is_one_line_with_its_route_and_id(app, log_lines):
    answer = app.test_client().get("/?name=x", buffered=True)
    (line,) = requests(log_lines)
    assert {key: line[key] for key in ("level", "method", "route", "status", "request")} == {
        "level": "info",
        "method": "GET",
        "route": "/",
        "status": 200,
        "request": answer.headers["X-Request-ID"],
    }
    assert line["message"].startswith("GET / 200 in ")
    assert 0 < line["seconds"] < 10


@pytest.mark.parametrize("given", ["a" * 64, "7f3c-9.x_1"])
def test_a_well_formed_id_is_taken_over(app, given):
    assert app.test_client().get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "a;b", "<script>", "caf\u00e9"])
def test_any_other_is_replaced(app, given):
    made = app.test_client().get("/nothing", headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", made)


def test_what_is_asked_all_the_time_is_quiet_unless_it_fails(app, log_lines):
    client = app.test_client()
    assert {"videos.state", "api.state"} <= QUIET & app.view_functions.keys()
    for path in ("/api/state", "/healthz", "/static/page.css", "/api/state?camera=gone"):
        client.get(path, buffered=True)
    assert [(line["route"], line["level"]) for line in requests(log_lines)] == [
        ("/api/state", "debug"),
        ("/healthz", "debug"),
        ("/static/<path:filename>", "info"),
        ("/api/state", "info"),
    ], "there is no such file"


def test_a_stream_is_told_when_it_ends(app, log_lines):
    stream = app.test_client().get("/video_feed", buffered=False)
    next(iter(stream.response))
    assert requests(log_lines) == []
    stream.close()
    assert [line["route"] for line in requests(log_lines)] == ["/video_feed"]


def test_neither_names_nor_visitors_nor_their_pictures_are_in_it(app, log_lines):
    client = app.test_client()
    picture = cv2.imencode(".jpg", np.full((80, 80, 3), 90, np.uint8))[1].tobytes()
    origin = {"REMOTE_ADDR": VISITOR}
    client.post("/api/analyze", data={"image": (io.BytesIO(picture), NAME)}, environ_overrides=origin, buffered=True)
    client.post(
        "/api/analyze", data={"image": (io.BytesIO(b"no picture"), NAME)}, environ_overrides=origin, buffered=True
    )
    added = client.post(f"/api/videos?name={NAME}", data=b"no video", environ_overrides=origin, buffered=True)
    client.get(f"/api/videos/{added.json['id']}", environ_overrides=origin, buffered=True)
    client.get(f"/{NAME}", environ_overrides=origin, buffered=True)
    lines = log_lines()
    assert [line["route"] for line in lines if line["logger"] == "requests"] == [
        "/api/analyze",
        "/api/analyze",
        "/api/videos",
        "/api/videos/<job_id>",
        "unknown",
    ]
    text = json.dumps(lines)
    assert added.status_code == 202
    for secret in (NAME, VISITOR, added.json["id"]):
        assert secret not in text
    assert max(len(json.dumps(line)) for line in lines) < 1000


def test_a_failure_is_told_with_its_traceback_and_route(app, log_lines):
    @app.get("/breaks/<name>")
    def breaks(name):
        raise RuntimeError("odd")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    answer = app.test_client().get(f"/breaks/{NAME}")
    assert answer.status_code == 500
    failure = next(line for line in log_lines() if line["logger"] == "web")
    assert failure["message"] == "GET /breaks/<name> failed"
    assert "RuntimeError: odd" in failure["error"]
    assert failure["request"] == answer.headers["X-Request-ID"]


def test_what_gunicorn_would_tell_of_visitors_is_left_out():
    handler = logging.Handler()
    configure_handler(handler, "text")
    for message, arguments in (
        (f"Invalid request from ip={VISITOR}: Invalid HTTP request line: 'GET /{NAME}'", ()),
        ("Error handling request %s %s", ("GET", f"/{NAME}")),
    ):
        record = logging.LogRecord("gunicorn.error", logging.WARNING, "x.py", 1, message, arguments, None)
        assert handler.filter(record)
        assert NAME not in record.getMessage()
        assert VISITOR not in record.getMessage()


def test_lines_for_people_end_in_the_id():
    record = logging.LogRecord("engine", logging.INFO, "x.py", 1, "well", (), None)
    assert TextFormatter().format(record).endswith("INFO engine: well")
    record.request = "abc"
    assert TextFormatter().format(record).endswith("INFO engine: well [abc]")


def test_objects_are_one_line_each_whatever_is_in_them():
    record = logging.LogRecord("engine", logging.INFO, "x.py", 1, "a\nb \u201cc\u201d %s", ("d",), None)
    text = JSONFormatter().format(record)
    assert "\n" not in text
    assert json.loads(text)["message"] == "a\nb \u201cc\u201d d"
    assert json.loads(text)["time"].endswith("+00:00")
