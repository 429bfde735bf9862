import csv
import io
import json
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from config.settings import Settings
from main import create_app
from recording.store import Records
from tests.support.servers.recorded import film, until
from tests.web.files.test_pictures import problem

STRANGER = {"Origin": "http://evil.example"}


@pytest.fixture
def settings(tmp_path):
    return Settings(
        source=("desk=demo", "door=demo"), width=320, height=180, fps=15, storage=str(tmp_path / "store"), idle=0.1
    )


@contextmanager
def served(settings):
    app = create_app(settings)
    try:
        yield app
    finally:
        app.extensions["record_manager"].close()
        app.extensions["supervisor"].close()
        app.extensions["server"].close()


@pytest.fixture
def client(settings):
    with served(settings) as app:
        yield app.test_client()


def begin(client, **wishes):
    answer = client.post("/api/records", json=wishes)
    assert answer.status_code == 201, answer.json
    assert answer.headers["Location"] == f"/api/records/{answer.json['id']}"
    return answer.json["id"]


def state(client, record):
    return client.get(f"/api/records/{record}").json


def test_a_page_and_a_state_make_no_folder(client, settings):
    assert client.get("/records").status_code == 200
    assert "There is no such record" in problem(client.get(f"/api/records/{'a' * 16}"), 404)
    page = client.get(f"/records/{'a' * 16}")
    assert page.status_code == 404
    assert "There is no such record" in page.text
    assert not Path(settings.storage).exists()


def test_a_record_from_its_beginning_to_its_files(client):
    record = begin(client, camera="door", width=160, privacy="off", threshold=0.4, bars=True)
    until(lambda: state(client, record)["frames"] >= 15 and state(client, record)["faces"])
    running = state(client, record)
    assert (running["camera"], running["status"], running["results"], running["expires"]) == (
        "door",
        "recording",
        {},
        None,
    )
    wished = {"width": 160, "bars": True, "privacy": "off", "threshold": 0.4, "smoothing": 0.4}
    assert wished.items() <= running["look"].items()
    assert running["limit"] == 3600
    assert "still being recorded" in problem(client.get(f"/api/records/{record}/video.mp4"), 409)
    assert client.get("/api/state").json["viewers"] == 1
    done = client.post(f"/api/records/{record}/stop").json
    assert (done["status"], done["message"]) == ("done", "")
    assert done["expires"] == pytest.approx(time.time() + 24 * 3600, abs=60)
    assert client.post(f"/api/records/{record}/stop").json["status"] == "done", "stopping twice does no harm"
    assert client.get("/api/state").json["viewers"] == 0
    summary = done["summary"]
    assert (summary["width"], summary["height"]) == (160, 90)
    assert sum(summary["shares"].values()) == pytest.approx(1, abs=1e-3)
    with client.get(done["results"]["record.json"]) as rows, client.get(done["results"]["faces.csv"]) as table:
        entries = json.loads(rows.data)
        assert len(entries["frames"]) == done["frames"] == summary["frames"]
        assert len(list(csv.DictReader(io.StringIO(table.text)))) == sum(len(e["faces"]) for e in entries["frames"])
    with client.get(done["results"]["timeline.json"]) as line:
        assert line.json["duration"] == pytest.approx(done["duration"], abs=0.01)
    for moment in summary["moments"]:
        with client.get(moment["file"]) as picture:
            assert picture.mimetype == "image/jpeg"
            assert cv2.imdecode(np.frombuffer(picture.data, np.uint8), 1) is not None


def test_its_video_can_be_played_from_any_place_and_saved(client, tmp_path):
    record = begin(client)
    until(lambda: state(client, record)["frames"] >= 5)
    done = client.post(f"/api/records/{record}/stop").json
    address = done["results"]["video.mp4"]
    with client.get(address, headers={"Range": "bytes=4-7"}) as part:
        assert (part.status_code, part.data, part.mimetype) == (206, b"ftyp", "video/mp4")
        assert part.headers["Cache-Control"] == "no-store"
    with client.get(f"{address}?download=1") as whole:
        assert whole.headers["Content-Disposition"].startswith("attachment; filename=desk-20")
        (tmp_path / "video.mp4").write_bytes(whole.data)
    assert len(film(tmp_path / "video.mp4")) == done["frames"]
    assert "There is no 'other.mp4' of a record" in problem(client.get(f"/api/records/{record}/other.mp4"), 404)
    assert "has no 'moment-99.jpg'" in problem(client.get(f"/api/records/{record}/moment-99.jpg"), 404)
    for hidden in ("about.json", "summary.json", "lock", "moments.json"):
        problem(client.get(f"/api/records/{record}/{hidden}"), 404)


def test_deleted_it_is_gone_whether_it_is_done_or_going(client, settings):
    done, going = begin(client), begin(client, camera="door")
    client.post(f"/api/records/{done}/stop")
    for record in (done, going):
        assert client.delete(f"/api/records/{record}").status_code == 204
        problem(client.get(f"/api/records/{record}"), 404)
        problem(client.delete(f"/api/records/{record}"), 404)
    until(lambda: not list(Records(Path(settings.storage) / "records", 3600).all()))
    assert client.get("/api/state").json["viewers"] == 0


def test_states_are_told_of_those_whose_ids_are_known_only(client):
    one = begin(client)
    records = client.get(f"/api/records?id={one}&id={'b' * 16}").json["records"]
    assert [record["id"] for record in records] == [one]
    assert "no list of all" in problem(client.get("/api/records"), 400)
    problem(client.get("/api/records?id=.."), 400)
    problem(client.get("/api/records?" + "&".join([f"id={one}"] * 51)), 400)


@pytest.mark.parametrize(
    ("wishes", "status", "detail"),
    [
        ({"camera": "attic"}, 404, "no camera called 'attic'"),
        ({"privacy": "none"}, 400, "Invalid enum value 'none' - at `$.privacy`"),
        ({"width": 5}, 400, "Expected `float` >= 16.0 - at `$.width`; expected a JSON object such as"),
        ({"bars": "1"}, 400, "Expected `bool`, got `str` - at `$.bars`"),
        ({"colour": 1}, 400, "Object contains unknown field `colour`"),
        (["door"], 400, "Expected `object`, got `array`"),
    ],
)
def test_what_makes_no_sense_is_told_and_begins_nothing(client, settings, wishes, status, detail):
    assert detail in problem(client.post("/api/records", json=wishes), status)
    assert "truncated" in problem(client.post("/api/records", data=b"{", content_type="application/json"), 400)
    assert "can't decode byte 0xff" in problem(
        client.post("/api/records", data=b'{"camera": "\xff"}', content_type="application/json"), 400
    )
    assert "Got 'text/plain'" in problem(client.post("/api/records", data=b"{} ", content_type="text/plain"), 415)
    assert client.post("/api/records", data=b"x" * 9999).status_code == 413
    assert not Path(settings.storage).exists()
    assert client.get("/api/state").json["viewers"] == 0


def test_no_more_than_may_are_made_at_a_time(settings):
    with served(replace(settings, max_records=1)) as app:
        client = app.test_client()
        first = begin(client)
        answer = client.post("/api/records", json={})
        assert "1 records are being made already" in problem(answer, 503)
        assert answer.headers["Retry-After"] == "30"
        assert client.get("/api/state").json["viewers"] == 1
        client.post(f"/api/records/{first}/stop")
        begin(client)
    with served(replace(settings, max_records=0)) as app:
        assert "turned off" in problem(app.test_client().post("/api/records", json={}), 503)


def test_where_there_is_no_room_for_a_viewer_there_is_none_for_a_record(settings):
    with served(replace(settings, max_viewers=1)) as app:
        client = app.test_client()
        begin(client)
        assert "1 are watching already" in problem(client.post("/api/records", json={}), 503)


def test_another_sites_page_can_neither_record_nor_stop_nor_delete(client):
    problem(client.post("/api/records", json={}, headers=STRANGER), 403)
    record = begin(client)
    problem(client.post(f"/api/records/{record}/stop", headers=STRANGER), 403)
    problem(client.delete(f"/api/records/{record}", headers=STRANGER), 403)
    assert state(client, record)["status"] == "recording"


def test_no_record_is_clearer_than_the_server_allows(settings, tmp_path):
    """The drawn people have eyes and mouths; blurred, a face has no such edges left."""
    frames = {}
    for privacy in ("off", "blur"):
        with served(replace(settings, privacy=privacy, width=640, height=360, storage=str(tmp_path / privacy))) as app:
            client = app.test_client()
            record = begin(client, privacy="off")
            until(lambda client=client, record=record: state(client, record)["faces"] == 3)
            done = client.post(f"/api/records/{record}/stop").json
            assert done["look"]["privacy"] == privacy
            with client.get(done["summary"]["moments"][-1]["file"]) as picture:
                frames[privacy] = cv2.imdecode(np.frombuffer(picture.data, np.uint8), cv2.IMREAD_GRAYSCALE)
    sharpness = {privacy: centre(image).var() for privacy, image in frames.items()}
    assert sharpness["blur"] < sharpness["off"] / 4, sharpness


def centre(image):
    """The inner part of a moment's picture, where the eyes and the mouth are, with its edges drawn out."""
    side = image.shape[0]
    return cv2.Laplacian(
        image[round(0.4 * side) : round(0.65 * side), round(0.4 * side) : round(0.6 * side)], cv2.CV_64F
    )
