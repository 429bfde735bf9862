import base64
import time
from hashlib import md5
from http.server import BaseHTTPRequestHandler
from urllib.request import parse_keqv_list

import cv2
import numpy as np
import pytest

from camera import open_source
from errors import SourceError
from tests.support.cameras.cameras import Answer, begin_parts, http_camera, send_jpeg


def jpeg(level: int, width: int = 64, height: int = 48, grey: bool = False) -> bytes:
    image = np.full((height, width) if grey else (height, width, 3), level, np.uint8)
    return cv2.imencode(".jpg", image)[1].tobytes()


def plays(*pictures: bytes, pace: float = 0.02, ends: bool = True) -> Answer:
    """A camera that sends some pictures, and then hangs up or hangs."""

    def answer(camera: BaseHTTPRequestHandler) -> None:
        begin_parts(camera)
        for data in pictures:
            send_jpeg(camera, data)
            time.sleep(pace)
        while not ends:
            time.sleep(0.05)

    return answer


def test_a_camera_is_read_and_its_end_told():
    with (
        http_camera(plays(*(jpeg(10 * level) for level in range(20)))) as place,
        open_source(f"http://{place}/") as source,
    ):
        began, first, second = time.time(), source.read(), source.read()
        assert first.image.shape == (48, 64, 3)
        assert (second.number, source.live) == (1, True)
        assert began <= second.captured_at <= time.time()
        with pytest.raises(SourceError, match="the connection broke off; is the camera still on"):
            list(iter(source.read, None))


def test_of_pictures_that_have_piled_up_only_the_newest_is_given():
    sent = [0]

    def growing(answering: BaseHTTPRequestHandler) -> None:
        begin_parts(answering)
        while sent[0] < 250:
            send_jpeg(answering, jpeg(sent[0]))
            sent[0] += 1
            time.sleep(0.01)

    with http_camera(growing) as place, open_source(f"http://{place}/") as source:
        source.read()
        for _ in range(3):
            time.sleep(0.3)
            piled_up = sent[0]
            assert piled_up - 8 < source.read().image.mean(), "an old one was given"  # some may be on their way


def test_the_size_may_change_in_mid_stream_and_grey_pictures_become_colour():
    pictures = [jpeg(90), jpeg(90, 320, 180), jpeg(90, 160, 120, grey=True)]
    with http_camera(plays(*pictures, pace=0.3)) as place, open_source(f"http://{place}/") as source:
        assert [source.read().image.shape for _ in pictures] == [(48, 64, 3), (180, 320, 3), (120, 160, 3)]


def test_a_picture_of_eight_million_pixels_is_read():
    with http_camera(plays(jpeg(90, 3840, 2160), ends=False)) as place, open_source(f"http://{place}/") as source:
        assert source.read().image.shape == (2160, 3840, 3)


def test_a_damaged_picture_is_passed_over():
    damaged = plays(b"\xff\xd8 nothing", b"", jpeg(200), pace=0.1)
    with http_camera(damaged) as place, open_source(f"http://{place}/") as source:
        assert source.read().image.mean() > 190


def test_a_camera_that_sends_nothing_more_is_told(monkeypatch):
    monkeypatch.setattr("sources.request.OPEN_LIMIT", 0.3)
    with http_camera(plays(jpeg(9), ends=False)) as place, open_source(f"http://{place}/") as source:
        source.read()
        with pytest.raises(SourceError, match="it sends nothing more; switch it off and on"):
            source.read()


def test_a_camera_that_trickles_but_never_gives_a_picture_is_told(monkeypatch):
    monkeypatch.setattr("sources.mjpeg.READ_LIMIT", 0.4)

    def trickle(answering: BaseHTTPRequestHandler) -> None:
        begin_parts(answering)
        while True:
            send_jpeg(answering, b"no picture")
            time.sleep(0.02)

    with (
        http_camera(trickle) as place,
        open_source(f"http://{place}/") as source,
        pytest.raises(SourceError, match=r"no picture came within 0.4 s"),
    ):
        source.read()


def test_a_stream_in_chunks_is_read():
    def chunked(answering: BaseHTTPRequestHandler) -> None:
        answering.protocol_version = "HTTP/1.1"
        answering.send_response(200)
        answering.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        answering.send_header("Transfer-Encoding", "chunked")
        answering.end_headers()
        for level in range(0, 200, 20):
            data = b"--frame\r\n\r\n" + jpeg(level)
            for piece in (data[:50], data[50:]):
                answering.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            time.sleep(0.02)

    with http_camera(chunked) as place, open_source(f"http://{place}/") as source:
        levels = [source.read().image.mean() for _ in range(4)]
    assert levels == sorted(levels)


def basic(answering: BaseHTTPRequestHandler) -> None:
    if answering.headers.get("Authorization") == "Basic " + base64.b64encode(b"joe:s3cret!").decode():
        return plays(jpeg(9))(answering)
    answering.send_response(401)
    answering.send_header("WWW-Authenticate", 'Basic realm="camera"')
    answering.end_headers()


def digest(answering: BaseHTTPRequestHandler) -> None:
    """RFC 2617, as most network cameras have it."""
    given = answering.headers.get("Authorization", "").removeprefix("Digest ")
    if given:
        fields = parse_keqv_list(part.strip() for part in given.split(","))
        login, request = (md5(text).hexdigest() for text in (b"joe:camera:s3cret!", b"GET:/live"))
        proof = ":".join([login, "abc", fields["nc"], fields["cnonce"], "auth", request])
        if fields["response"] == md5(proof.encode()).hexdigest():
            return plays(jpeg(9))(answering)
    answering.send_response(401)
    answering.send_header("WWW-Authenticate", 'Digest realm="camera", nonce="abc", qop="auth", algorithm=MD5')
    answering.end_headers()


@pytest.mark.parametrize("guard", [basic, digest])
def test_user_name_and_password_of_the_address_open_the_camera_and_stay_secret(guard):
    with http_camera(guard) as place:
        with open_source(f"http://joe:s3cret%21@{place}/live") as source:
            assert source.description == f"http://{place}/live"
            assert source.read() is not None
        for login in ("", "joe:wrongword@"):
            with pytest.raises(SourceError, match=r"it refuses \(401\); give user name and password") as error:
                open_source(f"http://{login}{place}/live")
            assert "wrongword" not in str(error.value)


def test_an_answer_that_is_no_video_is_told_with_its_status():
    def missing(answering: BaseHTTPRequestHandler) -> None:
        answering.send_error(404)

    with http_camera(missing) as place, pytest.raises(SourceError, match="it answers 404 Not Found; check the address"):
        open_source(f"http://{place}/nothing")


def test_an_address_that_cannot_be_asked_for_is_told_without_what_it_holds():
    def elsewhere(answering: BaseHTTPRequestHandler) -> None:
        answering.send_response(302)
        answering.send_header("Location", "rtsp://127.0.0.1/live?pwd=s3cret")
        answering.end_headers()

    with http_camera(elsewhere) as place:
        for query, message in (("pwd=s3cret and", "write a blank as %20"), ("pwd=s3cret", "it answers 302 Found")):
            with pytest.raises(SourceError, match=message) as error:
                open_source(f"http://{place}/live?{query}")
            assert "s3cret" not in str(error.value)


def test_a_page_instead_of_a_stream_is_told():
    def page(answering: BaseHTTPRequestHandler) -> None:
        answering.send_response(200)
        answering.send_header("Content-Type", "text/html")
        answering.end_headers()
        answering.wfile.write(b"<p>Log in</p>")

    with http_camera(page) as place, pytest.raises(SourceError, match="somebody answers, but no video came"):
        open_source(f"http://{place}/")
