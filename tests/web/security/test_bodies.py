"""What requests carry beside what was expected: cut off, packed, too large without saying so, in the wrong place."""

import gzip
import http.client
import io
import json
import socket

import pytest
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader

from config.settings import Settings
from main import create_app
from tests.web.files.test_pictures import WALL, form, problem
from web.problems import problem_members
from web.security import refusals

CHUNKED = {"environ_overrides": {"wsgi.input_terminated": True}, "headers": {"Transfer-Encoding": "chunked"}}


class NoHead:
    """As much of gunicorn's request as its reader of chunks asks for."""

    def __getattr__(self, _: str) -> None:
        return None


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    app = create_app(Settings(source=("demo",), max_picture=1, storage=str(tmp_path_factory.mktemp("store"))))
    yield app.test_client()
    app.extensions["supervisor"].close()
    app.extensions["server"].close()


@pytest.mark.parametrize("path", ["/api/analyze", "/api/videos", "/api/records"])
def test_chunks_that_are_none_are_told(client, path):
    body = Body(ChunkedReader(NoHead(), IterUnreader(iter([b"3\r\nabc\r\nzz\r\n"]))))
    environ = {**CHUNKED["environ_overrides"], "wsgi.input": body}
    answer = client.post(path, content_type="application/x-www-form-urlencoded", environ_overrides=environ)
    assert problem(answer, 400).startswith("The body broke off, or does not match the request's headers")


@pytest.mark.parametrize(("path", "largest"), [("/api/analyze", 1_000_000), ("/api/records", 4096)])
def test_a_body_that_does_not_tell_its_length_is_held_to_the_limit_too(client, path, largest):
    for length, refused in ((largest, False), (largest + 1, True), (3 * largest, True)):
        body = io.BytesIO(WALL + bytes(length - len(WALL)))
        answer = client.post(path, input_stream=body, content_type="image/png", **CHUNKED)
        assert (answer.status_code == 413) == refused, length


def test_a_packed_body_is_refused_in_words(client):
    answer = client.post("/api/analyze", data=gzip.compress(WALL), headers={"Content-Encoding": "gzip"})
    assert "Content-Encoding: got 'gzip', expected none" in problem(answer, 415)
    assert answer.headers["Accept-Encoding"] == "identity"
    assert client.post("/api/analyze", data=WALL, headers={"Content-Encoding": "identity"}).status_code == 200


def test_no_more_pictures_than_may_be_are_read_from_one_form(client):
    several = form(*[("a.png", WALL)] * 101)
    assert "Got 101 pictures, expected at most 100" in problem(client.post("/api/analyze?form=csv", data=several), 413)


@pytest.mark.parametrize(
    ("path", "fields", "detail"),
    [
        ("/api/analyze", {"image": "me.jpg"}, "Got the field 'image' as text, expected a file; with curl: -F image=@"),
        ("/api/analyze", {"threshold": "0.9"}, "Got 'threshold' as a field of the form, expected it in the address"),
        ("/api/videos", {"video": "clip.mp4"}, "Got 'video', expected the multipart field 'video' with a file"),
    ],
)
def test_a_field_that_is_text_where_a_file_is_expected_is_told(client, path, fields, detail):
    assert detail in problem(client.post(path, data=fields, content_type="multipart/form-data"), 400)


@pytest.mark.parametrize(
    ("method", "address", "detail"),
    [
        ("GET", "/snapshot.jpg?privcy=blur", "Got the parameter 'privcy', expected camera, width"),
        ("GET", "/snapshot.jpg?privcy=blur", "; did you mean privacy?"),
        ("GET", "/snapshot/camera.jpg?camera=camera2", "Got the parameter 'camera', expected width"),
        ("POST", "/api/analyze?privacy=blur", "Got the parameter 'privacy', expected form, threshold, name."),
        ("POST", "/api/records?privacy=blur", "expected none; options belong in the JSON body."),
    ],
)
def test_a_parameter_that_is_misspelt_or_misplaced_is_refused(client, method, address, detail):
    assert detail in problem(client.open(address, method=method, data=WALL if method == "POST" else None), 400)


def test_a_parameter_that_means_nothing_to_anybody_passes(client):
    assert client.get("/api/cameras?_=1767225600").status_code == 200
    assert client.get("/api/models?width=640").status_code == 200


def test_a_storage_that_is_no_folder_is_told_and_a_mistake_names_its_line_in_the_log(tmp_path, caplog):
    (tmp_path / "store").write_bytes(b"")
    app = create_app(Settings(source=("demo",), storage=str(tmp_path / "store"), worker="apart"))
    answer = app.test_client().post("/api/videos", data=b"x")
    assert "The server's storage cannot be used (Not a directory)" in problem(answer, 503)
    assert "the storage cannot be used (Not a directory); main.py --check tells more" in caplog.text
    assert str(tmp_path) not in caplog.text
    app.extensions["supervisor"].jobs.unfinished = lambda: 1 / 0
    answer = app.test_client().post("/api/videos", data=b"x", headers={"X-Request-ID": "abc-1"})
    assert "Its log tells it under 'abc-1'" in problem(answer, 500)
    app.extensions["supervisor"].close()
    app.extensions["server"].close()


def test_where_gunicorn_itself_fails_it_says_where_to_look():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        refusals.write(ours, 500, "Internal Server Error", "")
        answer = http.client.HTTPResponse(theirs)
        answer.begin()
        assert json.load(answer) == problem_members(500, "Internal Server Error", "The server's log tells more.")
