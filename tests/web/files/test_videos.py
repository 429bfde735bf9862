import io
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flask import send_file

from config.settings import Settings
from main import create_app
from media.queue.storage import tidy
from tests.support.cameras.clips import write_clip
from tests.support.waiting import until
from tests.web.files.test_pictures import multipart, problem


@pytest.fixture
def settings(tmp_path):
    return Settings(source=("demo",), storage=str(tmp_path / "store"), max_video=1, worker="apart")


@pytest.fixture
def client(settings):
    app = create_app(settings)
    yield app.test_client()
    app.extensions["supervisor"].close()
    app.extensions["server"].close()


def words(field, content):
    """A form with one large text."""
    given = multipart(field, content)
    return {**given, "data": given["data"].replace(b'; filename="big.jpg"', b"")}


def left_behind(settings):
    files = [path for path in Path(settings.storage).rglob("*") if path.is_file()]
    return [path for path in files if not path.name.startswith(("jobs", "queue"))]


def test_a_page_and_a_state_make_no_folder(client, settings, tmp_path):
    assert client.get("/videos").status_code == 200
    assert "There is no such video" in problem(client.get(f"/api/videos/{'a' * 16}"), 404)
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("way", ["body", "form"])
def test_a_video_is_taken_and_waits(client, settings, way):
    if way == "body":
        answer = client.post("/api/videos?name=..%2Ftrip%2Fme.mp4", data=b"x" * 1000, content_type="video/mp4")
    else:
        answer = client.post("/api/videos", data={"video": (io.BytesIO(b"x" * 1000), "../trip/me.mp4")})
    assert answer.status_code == 202
    state = client.get(answer.headers["Location"]).json
    assert (state["name"], state["status"], state["ahead"], state["results"]) == ("me.mp4", "queued", 0, {})
    (kept,) = left_behind(settings)
    assert kept.read_bytes() == b"x" * 1000
    second = client.post("/api/videos", data=b"y").json
    assert second["ahead"] == 1
    assert "The video is queued" in problem(client.get(f"/api/videos/{state['id']}/result.json"), 409)
    assert client.delete(f"/api/videos/{state['id']}").status_code == 204
    problem(client.get(f"/api/videos/{state['id']}"), 404)
    client.post(f"/api/videos/{second['id']}/cancel")
    assert client.get(f"/api/videos/{second['id']}").json["status"] == "cancelled"
    assert "nothing to cancel" in problem(client.post(f"/api/videos/{second['id']}/cancel"), 409)
    assert left_behind(settings) == []


@pytest.mark.parametrize(
    ("given", "status", "detail"),
    [
        ({"data": b"x" * 1_000_001}, 413, "It is larger than 1 MB"),
        (multipart("video", b"x" * 1_000_001), 413, "It is larger than 1 MB"),
        ({"data": b"x" * 3_000_000}, 413, "It is larger than 1 MB"),
        ({"data": b""}, 400, "Send a video as the body"),
        ({"data": {"film": "no file"}}, 400, "Got 'film', expected the multipart field 'video'"),
        ({"data": {"video": [(io.BytesIO(b"x"), "a"), (io.BytesIO(b"y"), "b")]}}, 422, "one video at a time"),
        ({"data": {"video": (io.BytesIO(b"x"), "a"), "film": "me"}}, 400, "Got the field 'film' besides"),
        (words("film", b"m" * 600_000), 413, "its form holds much beside it"),
        ({"data": {f"film{n}": "me" for n in range(20)}}, 413, "its form holds much beside it"),
    ],
)
def test_what_is_not_taken_is_told_and_leaves_nothing(client, settings, given, status, detail):
    if isinstance(given["data"], dict):
        given = {**given, "content_type": "multipart/form-data"}
    assert detail in problem(client.post("/api/videos", **given), status)
    assert left_behind(settings) == []


def test_no_more_wait_than_may(client, monkeypatch):
    monkeypatch.setattr("web.files.videos.MAX_WAITING", 1)
    assert client.post("/api/videos", data=b"x").status_code == 202
    answer = client.post("/api/videos", data=b"x")
    assert "1 videos are waiting already" in problem(answer, 503)
    assert answer.headers["Retry-After"] == "60"


def test_another_sites_page_can_neither_hand_in_nor_delete(client):
    job = client.post("/api/videos", data=b"x").json["id"]
    stranger = {"Origin": "http://evil.example"}
    problem(client.post("/api/videos", data=b"x", headers=stranger), 403)
    problem(client.delete(f"/api/videos/{job}", headers=stranger), 403)
    problem(client.post(f"/api/videos/{job}/cancel", headers=stranger), 403)
    assert client.get(f"/api/videos/{job}").json["status"] == "queued"


@pytest.mark.parametrize("job_id", ["..", "jobs.db", "a" * 15, "a" * 17, "%2e%2e", "x" * 15 + "'"])
def test_no_other_file_can_be_reached_by_an_id(client, job_id):
    client.post("/api/videos", data=b"x")
    for end in ("", "/result.json", "/upload"):
        assert client.get(f"/api/videos/{job_id}{end}").status_code == 404


def test_a_result_can_be_played_from_any_place_and_is_deleted_after_its_time(settings, tmp_path):
    app = create_app(replace(settings, worker="own", keep=0.002))
    client = app.test_client()
    try:
        clip = write_clip(tmp_path / "clip.mp4", frames=15)
        state = client.post("/api/videos?name=clip.mp4", data=clip.read_bytes()).json
        until(lambda: client.get(f"/api/videos/{state['id']}").json["status"] == "done", 120)
        state = client.get(f"/api/videos/{state['id']}").json
        with client.get(state["results"]["annotated.mp4"], headers={"Range": "bytes=4-7"}) as part:
            assert (part.status_code, part.data, part.mimetype) == (206, b"ftyp", "video/mp4")
        with client.get(f"{state['results']['result.csv']}?download=1") as table:
            assert table.headers["Content-Disposition"] == "attachment; filename=clip.csv"
            known = table.headers["ETag"]
        with client.get(state["results"]["result.csv"], headers={"If-None-Match": known}) as again:
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", known)
        with client.get(state["results"]["result.csv"], headers={"If-Match": '"another"'}) as other:
            assert "The file is another one than the request's If-Match" in problem(other, 412)
        assert "upload" not in state["results"]
        problem(client.get(f"/api/videos/{state['id']}/upload"), 404)
        time.sleep(max(0.0, state["expires"] - time.time()) + 0.1)
        tidy(app.extensions["supervisor"].jobs)
        problem(client.get(f"/api/videos/{state['id']}"), 404)
    finally:
        app.extensions["supervisor"].close()
        app.extensions["server"].close()
    assert left_behind(settings) == []


def test_a_result_that_is_deleted_while_it_is_asked_for_is_unknown(client, monkeypatch):
    jobs = client.application.extensions["supervisor"].jobs
    job_id = client.post("/api/videos", data=b"x").json["id"]
    assert jobs.finish(jobs.claim(job_id, "one"), "done")
    path = f"/api/videos/{job_id}/result.json"
    assert "The video is done" in problem(client.get(path), 409), "its files alone are gone"
    (jobs.files(job_id) / "result.json").write_text("{}")

    def deleted_before(*given, **named):
        jobs.delete(job_id)
        return send_file(*given, **named)

    monkeypatch.setattr("web.files.videos.send_file", deleted_before)
    assert "There is no such video" in problem(client.get(path), 404)


def test_a_storage_that_cannot_be_used_keeps_no_server_from_starting_and_is_told(settings, caplog):
    app = create_app(replace(settings, storage="a" * 300))
    app.extensions["supervisor"].open()
    app.extensions["record_manager"].open()
    assert "the storage cannot be used; main.py --check tells more (File name too long)" in caplog.text
    client = app.test_client()
    detail = "The server's storage cannot be used (File name too long); tell its administrator."
    assert problem(client.post("/api/videos", data=b"x"), 503) == detail
    assert problem(client.post("/api/records"), 503) == detail
    assert client.get("/").status_code == 200
    app.extensions["supervisor"].close()
    app.extensions["record_manager"].close()
    app.extensions["server"].close()


@pytest.mark.parametrize("queue", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_a_redis_that_does_not_answer_is_told_and_nothing_is_left(settings, queue):
    app = create_app(replace(settings, queue=queue))
    client = app.test_client()
    detail = "The queue of videos does not answer"
    assert detail in problem(client.post("/api/videos", data=b"x"), 503)
    assert left_behind(settings) == []
    Path(settings.storage, "videos").mkdir(parents=True, exist_ok=True)
    assert detail in problem(client.get(f"/api/videos/{'a' * 16}"), 503)
    assert client.get("/metrics").status_code == 200
    app.extensions["supervisor"].close()
    app.extensions["server"].close()
