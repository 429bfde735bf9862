"""Looks as viewers get them: over HTTP, from one camera."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from config.settings import Settings
from demo import Demo
from drawing.palette import GROUND
from faces import Image
from main import create_app
from tests.support.waiting import until

DEMO = Settings(source=("demo",), width=640, height=360, fps=15, idle=0.2)


@pytest.fixture
def settings() -> Settings:
    return DEMO


@pytest.fixture
def client(settings):
    app = create_app(settings)
    yield app.test_client()
    app.extensions["server"].close()


def decoded(jpeg: bytes) -> Image:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def pictures(answer) -> Iterator[tuple[int, Image]]:
    """The frames of a stream with their numbers, drawn notices and repeats left out."""
    last = 0
    for chunk in answer.response:
        head, _, rest = chunk.partition(b"\r\n\r\n")
        if b"X-Frame: " in head and (number := int(head.split(b"X-Frame: ")[1])) > last:
            last = number
            yield number, decoded(rest)


def detail(image: Image) -> float:
    return float(np.abs(np.diff(image.astype(int), axis=1)).mean())


@cache
def people():
    """A frame of the demo, and its people, who never go far."""
    return Demo(640, 360).draw(30)


def seen_clearly(image: Image) -> int:
    """How many of them can be seen."""
    clear, drawn = people()
    found = 0
    for box in (person.box for person in drawn):
        inside = np.s_[
            box.y + box.height // 4 : box.y + box.height, box.x + box.width // 5 : box.x + 4 * box.width // 5
        ]
        found += detail(image[inside]) > 0.5 * detail(clear[inside])
    return found


def faces(client) -> list[dict]:
    return client.get("/api/state").json["cameras"][0]["faces"]


def with_faces(client, stream: Iterator[tuple[int, Image]]) -> tuple[Image, list[dict]]:
    """A picture of a stream, and the three people of the demo who are in it, who move but little."""
    for _, image in stream:
        known = faces(client)
        if len(known) == 3:
            return image, known
    raise AssertionError("the stream ended")


def test_two_viewers_of_one_camera_each_see_the_look_that_they_chose(client):
    plain, own = (client.get(f"/video_feed?{wish}", buffered=False) for wish in ("", "privacy=blur&bars=1&width=480"))
    seen = pictures(plain), pictures(own)
    _, known = with_faces(client, seen[0])
    clear = {}
    for _ in range(100):
        clear.update([next(seen[0])])
        number, hidden = next(seen[1])
        if number in clear and len(known := faces(client)) == 3:
            break
    plain.close()
    own.close()
    assert (clear[number].shape, hidden.shape) == ((360, 640, 3), (270, 480, 3))
    reduced = cv2.resize(clear[number], (480, 270), interpolation=cv2.INTER_AREA)
    for face in known:
        x, y, width, height = (round(0.75 * face["box"][side]) for side in ("x", "y", "width", "height"))
        inside = np.s_[y + height // 4 : y + 3 * height // 4, x + width // 4 : x + 3 * width // 4]
        assert detail(hidden[inside]) < 0.5 * detail(reduced[inside])
    for picture, bars in ((reduced, False), (hidden, True)):
        assert ((np.abs(picture.astype(int) - GROUND).max(axis=2) < 12).mean() > 0.05) == bars


def test_a_snapshot_with_privacy_shows_no_face(client):
    with client.get("/video_feed", buffered=False) as stream:
        with_faces(client, pictures(stream))
        clear, blurred, covered = (
            decoded(client.get(f"/snapshot.jpg?privacy={how}").data) for how in ("off", "blur", "emoji")
        )
    assert (seen_clearly(clear), seen_clearly(blurred)) == (3, 0)
    assert (np.abs(blurred.astype(int) - covered).max(axis=2) > 60).mean() > 0.02


@pytest.mark.parametrize("settings", [replace(DEMO, privacy="blur")])
def test_a_server_with_privacy_shows_no_face_from_the_first_frame_on_whatever_is_wished(client):
    with client.get("/video_feed?privacy=off", buffered=False) as stream:
        for number, image in itertools.islice(pictures(stream), 30):
            assert not seen_clearly(image), number
    assert not seen_clearly(decoded(client.get("/snapshot.jpg?privacy=off").data))


def test_who_wishes_for_nothing_and_who_wishes_for_the_usual_share_one_look(client):
    streams = [
        client.get(f"/video_feed?{wish}", buffered=False) for wish in ("", "threshold=0.34&smoothing=0.45&bars=0")
    ]
    server = client.application.extensions["server"]
    assert len(server.cameras["camera"].viewers.views) == 1
    for stream in streams:
        stream.close()


def test_the_ninth_look_of_a_camera_is_told_with_those_there_are(client):
    streams = [client.get(f"/video_feed?width={width}", buffered=False) for width in range(100, 180, 10)]
    for path in ("/video_feed?bars=1", "/snapshot.jpg?bars=1"):
        answer = client.get(path)
        assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
        assert answer.headers["Retry-After"] == "5"
        assert "is shown with 8 different view options already" in answer.json["detail"]
        assert "width=170&bars=0&privacy=off&threshold=0.35&smoothing=0.4" in answer.json["detail"]
    until(lambda: client.get("/snapshot.jpg?width=170").status_code == 200)  # once the camera has a picture
    for stream in streams:
        stream.close()
