"""Spoilt pictures and videos: never a 5xx, nothing left behind. `FUZZ=5000` tries more than the usual runs do."""

import gc
import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from config.settings import Settings
from errors import ImageError, SourceError
from live.visitors import LARGEST_SIDE, decode_frame
from main import create_app
from media.sandbox.decoding import FORMATS
from media.videos.files import VideoReader
from service.server import resident_bytes
from tests.support.cameras.clips import KINDS, write_clip

EXAMPLES = int(os.environ.get("FUZZ", "0"))
MEMORY = 400_000_000
"""Bytes by which the server may grow: detectors keep buffers for the largest picture. A leak of each would be more."""
MODES = ("RGB", "L", "P", "RGBA", "CMYK", "1", "I;16")


little_and_much = pytest.mark.parametrize(
    "times", [pytest.param(1, id="little"), pytest.param(10, id="much", marks=pytest.mark.long)]
)
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


def fuzz(count, files):
    """Feeds the same spoilt files in each run, so that a failure is seen again; more where somebody asks for more."""
    from hypothesis import (  # takes seconds, and most workers run no test of this file
        HealthCheck,
        Phase,
        given,
        settings,
    )

    from tests.support.clients.spoilt import spoilt

    how = settings(
        max_examples=EXAMPLES or count,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    return lambda feed: how(given(spoilt(files))(feed))


def pictures() -> list[bytes]:
    """Small pictures of every format in every mode that it has."""
    noise = Pillow.fromarray(np.random.default_rng(2).integers(0, 255, (36, 48, 3), np.uint8))
    found = []
    for form in FORMATS:
        for mode in MODES:
            made = io.BytesIO()
            try:
                noise.convert("L" if mode == "I;16" else "RGB").convert(mode).save(made, form)
            except (OSError, ValueError):
                continue
            found.append(made.getvalue())
    for extra in ({"progressive": True}, {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"}):
        made = io.BytesIO()
        noise.save(made, "JPEG", **extra)
        found.append(made.getvalue())
    return found


PICTURES = pictures()


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    return [write_clip(folder / f"clip{kind}", frames=4, size=(160, 120)).read_bytes() for kind in KINDS]


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("storage")
    app = create_app(Settings(source=("demo",), storage=str(folder), worker="apart", access=str(folder / "none")))
    yield app
    app.extensions["server"].close()


def held() -> int:
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


def files(folder) -> list[Path]:
    """What was handed in, or made of it: all but the queue's own files."""
    own = ("jobs.db", "queue.", "worker.lock")
    return [path for path in Path(folder).rglob("*") if path.is_file() and not path.name.startswith(own)]


@little_and_much
def test_spoilt_pictures_are_refused_or_read_and_leave_nothing(app, tmp_path, monkeypatch, times):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client = app.test_client()
    for data in PICTURES:
        assert client.post("/api/analyze", data=data).status_code == 200, data[:20]
    before, memory = held(), resident_bytes()
    seen = set()

    @fuzz(12 * times, PICTURES)
    def feed(data):
        answer = client.post("/api/analyze", data=data)
        assert answer.status_code in (200, 400, 422), (answer.status_code, data)
        assert answer.mimetype in ("application/json", "application/problem+json")
        seen.add(answer.status_code)

    feed()
    assert {200, 422} <= seen, "the files are not spoilt enough, or too much"
    assert held() == before
    grown = resident_bytes() - memory
    print(f"the server grew by {grown / 1e6:.0f} MB, of which it may take {MEMORY / 1e6:.0f}")
    assert grown < MEMORY
    assert files(tmp_path) == files(app.extensions["server"].settings.storage) == []


@pytest.mark.parametrize("size", [(20_000, 1), (1, 20_000), (1, 1), (3000, 7), (300, 9000)])
def test_pictures_of_odd_shapes_are_read(app, size):
    made = io.BytesIO()
    Pillow.effect_noise(size, 60).save(made, "PNG")
    with app.test_client().post("/api/analyze?form=zip", data=made.getvalue()) as answer:  # it holds all
        assert answer.status_code == 200


@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # Werkzeug's, of a form that ends early
@little_and_much
def test_spoilt_forms_are_refused_or_read_and_leave_nothing(app, tmp_path, monkeypatch, times):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    client = app.test_client()
    form = (
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="../a.png"\r\n\r\n%s\r\n--x--\r\n' % PICTURES[0]
    )

    def hand_in(data):
        for path in ("/api/analyze", "/api/analyze?form=zip", "/api/videos"):
            answer = client.post(path, data=data, content_type="multipart/form-data; boundary=x")
            assert answer.status_code in (200, 202, 400, 413, 422), (path, answer.status_code, data)
            if answer.status_code == 202:
                assert client.delete(answer.headers["Location"]).status_code == 204
            answer.close()

    hand_in(form)
    hand_in(form.replace(b'"image"', b'"video"'))
    hand_in(form.replace(b'name="image"; ', b""))
    before = held()

    @fuzz(6 * times, [form, form.replace(b"image", b"face"), form.replace(b"image", b"video"), form * 2])
    def feed(data):
        hand_in(data)

    feed()
    assert held() == before
    assert files(tmp_path) == files(app.extensions["server"].settings.storage) == []


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of damaged EXIF data
@little_and_much
def test_spoilt_frames_of_a_visitor_are_refused_or_read(times):
    jpegs = [data for data in PICTURES if data.startswith(b"\xff\xd8")]

    @fuzz(20 * times, jpegs)
    def feed(data):
        try:
            image = decode_frame(data)
        except ImageError:
            return
        assert max(image.shape) <= LARGEST_SIDE

    feed()


@little_and_much
def test_spoilt_videos_are_refused_or_read_and_leave_nothing(videos, tmp_path, times):
    path = tmp_path / "video"
    seen = set()

    @fuzz(10 * times, videos)
    def feed(data):
        path.write_bytes(data)
        try:
            with VideoReader(path) as reader:
                for number, (_seconds, image) in enumerate(reader.pictures()):
                    assert image.dtype == np.uint8
                    if number > 20:
                        break
            seen.add("read")
        except SourceError:
            seen.add("refused")

    before = held()
    feed()
    assert seen == {"read", "refused"}
    assert held() == before
    assert [found.name for found in files(tmp_path)] == ["video"]


@little_and_much
def test_spoilt_videos_that_are_handed_in_are_kept_until_they_are_deleted(app, videos, times):
    client = app.test_client()
    storage = replace(app.extensions["server"].settings).storage

    @fuzz(3 * times, videos)
    def feed(data):
        answer = client.post("/api/videos?name=../../x.mp4", data=data)
        assert answer.status_code == (202 if data else 400)
        if data:
            assert len(files(storage)) == 1
            assert client.delete(answer.headers["Location"]).status_code == 204
        assert files(storage) == []

    feed()
