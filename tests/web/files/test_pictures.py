import csv
import gc
import io
import json
import struct
import weakref
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from config.settings import Settings
from faces import Box
from main import create_app
from media.limits.admission import Admission
from media.pictures.reader import PictureReader

ASTRONAUT = data.astronaut()
FACE = Box(174, 70, 105, 105)
SETTINGS = Settings(source=("demo",), max_picture=1)


@pytest.fixture(scope="module")
def client():
    app = create_app(SETTINGS)
    yield app.test_client()
    app.extensions["server"].close()


def encoded(image=ASTRONAUT, form="JPEG", mode=None, **options):
    picture = Image.fromarray(image)
    made = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(made, form, **options)
    return made.getvalue()


WALL = encoded(np.full((200, 200, 3), 120, np.uint8), "PNG")


def with_alpha():
    return np.dstack([ASTRONAUT, np.full(ASTRONAUT.shape[:2], 255, np.uint8)])


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned right
    return encoded(np.rot90(ASTRONAUT), "JPEG", exif=exif)


def sixteen_bit():
    grey = cv2.cvtColor(ASTRONAUT, cv2.COLOR_RGB2GRAY).astype(np.uint16) * 257
    return encoded(grey, "PNG")


def form(*pictures, field="image"):
    return {field: [(io.BytesIO(content), name) for name, content in pictures]}


def multipart(field, content):
    """A form with one large file; the test client's own way leaves its temporary file open."""
    head = f'--cut\r\nContent-Disposition: form-data; name="{field}"; filename="big.jpg"\r\n\r\n'
    return {"data": head.encode() + content + b"\r\n--cut--\r\n", "content_type": "multipart/form-data; boundary=cut"}


def problem(answer, status):
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    return answer.json["detail"]


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(encoded(), id="JPEG"),
        pytest.param(encoded(form="PNG"), id="PNG"),
        pytest.param(encoded(form="WEBP", quality=90), id="WebP"),
        pytest.param(turned(), id="turned"),
        pytest.param(encoded(with_alpha(), "PNG"), id="alpha"),
        pytest.param(encoded(mode="L"), id="grey"),
        pytest.param(encoded(mode="CMYK"), id="CMYK"),
        pytest.param(sixteen_bit(), id="16 bit"),
    ],
)
def test_a_smiling_face_is_found_in_every_kind_of_picture(client, picture):
    result = client.post("/api/analyze", data=picture, content_type="image/any").json
    (face,) = [face for face in result["faces"] if Box(**face["box"]).overlap(FACE) > 0.5]  # upright, then
    assert (result["width"], result["height"], result["whole"]) == (512, 512, False)
    assert (face["expression"], face["sure"]) == ("happy", True)
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=2e-3)


def test_a_form_names_its_picture_and_the_threshold_makes_faces_unsure(client):
    answer = client.post("/api/analyze?threshold=1", data=form(("trip/me.jpg", encoded())))
    assert answer.json["name"] == "me.jpg"
    assert answer.json["threshold"] == 1
    assert not answer.json["faces"][0]["sure"]


def test_a_picture_without_a_face_says_so_and_may_be_read_as_one(client):
    assert client.post("/api/analyze", data=WALL).json["faces"] == []
    result = client.post("/api/analyze", data=form(("wall.png", WALL), field="face")).json
    assert result["whole"]
    assert result["faces"][0]["box"] == {"x": 0, "y": 0, "width": 200, "height": 200}


def test_the_largest_of_several_faces_is_marked(client):
    small = cv2.resize(ASTRONAUT, None, fx=0.6, fy=0.6)
    both = np.full((512, 900, 3), 120, np.uint8)
    both[:, :512] = ASTRONAUT
    both[: small.shape[0], 560 : 560 + small.shape[1]] = small
    faces = client.post("/api/analyze", data=encoded(both)).json["faces"]
    assert [face["largest"] for face in faces] == [True, False]


def test_csv_and_the_annotated_picture_are_given_when_asked_for(client):
    rows = list(csv.DictReader(io.StringIO(client.post("/api/analyze?form=csv&name=a.jpg", data=encoded()).text)))
    assert [(row["path"], row["expression"]) for row in rows] == [("a.jpg", "happy")]
    answer = client.post("/api/analyze?form=picture", data=encoded())
    assert answer.mimetype == "image/jpeg"
    drawn = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)
    changed = np.abs(drawn.astype(int) - ASTRONAUT[:, :, ::-1]).max(axis=2) > 60
    assert drawn.shape == ASTRONAUT.shape
    assert changed[:200, 150:300].sum() > 200
    assert changed[300:].sum() < 100


def test_a_zip_of_nothing_that_can_be_read_is_refused(client):
    given = {"image": [(io.BytesIO(b"no picture"), "a.jpg"), (io.BytesIO(b"nor this"), "b.jpg")]}
    answer = client.post("/api/analyze?form=zip", data=given)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert "b.jpg" in answer.json["detail"]


def test_all_of_several_pictures_come_as_one_zip_and_a_broken_one_is_told_in_it(client):
    given = {
        "image": [
            (io.BytesIO(encoded()), "same.jpg"),
            (io.BytesIO(encoded()), "same.jpg"),
            (io.BytesIO(b"x"), "x.jpg"),
        ],
        "face": [(io.BytesIO(WALL), "wall.png")],
    }
    answer = client.post("/api/analyze?form=zip", data=given)
    assert answer.mimetype == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    pictures = [name for name in archive.namelist() if name.endswith(".jpg")]
    assert len(set(pictures)) == 3
    for name in pictures:
        assert cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_COLOR) is not None
    results = json.loads(archive.read("results.json"))
    assert [len(entry["faces"]) for entry in results] == [1, 1, 0, 1]
    assert "it is no picture" in results[2]["error"]
    assert len(list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))) == 3


def bomb(width, height):
    """A PNG of a few bytes that claims to be this large."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("picture", "status", "detail"),
    [
        (b"", 400, "Got no body; send a picture as the body"),
        (b"hello", 422, "it is no picture; expected JPEG, PNG, WebP or the like."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 422, "it is no picture"),
        (encoded()[:20_000], 422, "cut off or damaged"),
        (bomb(60_000, 60_000), 422, "too many pixels, expected at most 50,000,000"),
        (bomb(9000, 9000), 422, "9000x9000 pixels, expected at most 50,000,000"),
        (bomb(2_000_000_000, 2_000_000_000), 422, "pixels, expected at most"),
        (b"\xff" * 1_000_001, 413, "A picture may have 1 MB"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(client, picture, status, detail):
    assert detail in problem(client.post("/api/analyze", data=picture), status)


@pytest.mark.parametrize(
    ("query", "given", "detail"),
    [
        ("form=pdf", [("a.jpg", WALL)], "form: got 'pdf', expected one of json, csv, picture, zip."),
        ("threshold=2", [("a.jpg", WALL)], "threshold: got '2', expected a probability from 0 to 1"),
        ("threshold=nan", [("a.jpg", WALL)], "threshold: got 'nan'"),
    ],
)
def test_nonsense_is_refused_with_what_was_expected(client, query, given, detail):
    assert detail in problem(client.post(f"/api/analyze?{query}", data=form(*given)), 400)


def test_several_pictures_want_a_form_that_has_room_for_them(client):
    detail = problem(client.post("/api/analyze", data=form(("a.jpg", WALL), ("b.jpg", WALL))), 422)
    assert "form=json takes one picture" in detail


@pytest.mark.parametrize("kind", ["csv", "zip"])
def test_of_several_pictures_one_is_held_at_a_time(client, monkeypatch, kind):
    client.post("/api/analyze", data=WALL)
    reader, images = client.application.extensions["reader"], []

    def read(*given):
        gc.collect()
        assert all(image() is None for image in images), "a picture that was read is still held"
        finding, image = PictureReader.read(reader, *given)
        images.append(weakref.ref(image))
        return finding, image

    monkeypatch.setattr(reader, "read", read)
    given = form(*((f"{number}.jpg", encoded()) for number in range(3)))
    assert client.post(f"/api/analyze?form={kind}", data=given).status_code == 200
    assert len(images) == 3


def test_other_fields_and_too_large_parts_of_a_form_are_refused(client):
    assert "Got the field 'file'" in problem(client.post("/api/analyze", data=form(("a", WALL), field="file")), 400)
    large = multipart("image", b"\xff" * 1_000_001)
    assert "big.jpg: a picture may have 1 MB" in problem(client.post("/api/analyze", **large), 413)


def test_another_sites_page_is_refused_and_this_ones_is_not(client):
    for origin, status in (("http://evil.example", 403), ("null", 403), ("http://localhost", 200)):
        answer = client.post("/api/analyze", data=WALL, headers={"Origin": origin})
        assert answer.status_code == status


def test_where_too_many_wait_the_next_is_told_when_to_come_again(client):
    app = client.application
    server, crowded = app.extensions["server"], Admission(at_once=1, waiting=0, timeout=10)
    before = app.extensions.get("reader")
    app.extensions["reader"] = PictureReader(server.model, server.settings, crowded)
    with crowded.admit():
        answer = client.post("/api/analyze", data=WALL)
        assert "try again shortly" in problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
    assert client.post("/api/analyze", data=WALL).status_code == 200
    app.extensions["reader"] = before


def test_pictures_read_at_once_are_all_answered_as_when_read_alone(client):
    alone = client.post("/api/analyze", data=encoded()).json
    with ThreadPoolExecutor(8) as pool:
        app = client.application
        answers = list(pool.map(lambda _: app.test_client().post("/api/analyze", data=encoded()), range(16)))
    assert all(answer.json == alone for answer in answers)


def test_a_server_without_its_model_says_so(tmp_path):
    client = create_app(replace(SETTINGS, weights=str(tmp_path / "gone"))).test_client()
    assert "model cannot be loaded" in problem(client.post("/api/analyze", data=WALL), 503)
    assert client.get("/about").status_code == 200


@pytest.mark.parametrize("path", ["/", "/camera", "/pictures", "/videos", "/about"])
def test_every_page_is_there_and_marks_itself_in_the_navigation(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    assert f'href="{path}" aria-current="page"' in answer.text
    assert answer.text.count("aria-current") == 1


def test_the_about_page_shows_the_figures_of_the_networks_own_card(client):
    model = client.application.extensions["server"].model
    page = client.get("/about").text
    accuracy = model.card["figures"][model.runtime]["validation"]["accuracy"]
    assert f"{100 * accuracy:.0f} in 100" in " ".join(page.split())
    with client.get("/about/confusion.png") as picture:
        assert picture.mimetype == "image/png"
