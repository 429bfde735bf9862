"""No password of an address is told: not on a page, not by the API, not in the log, not in an error."""

import json
import subprocess
import sys

import pytest

from camera import check_source
from config.loader import load, parse
from config.redaction import without_password
from config.redis_client import check_address
from config.settings import Settings
from errors import ExpressionError, SettingError
from main import create_app
from media.queue.jobs import Jobs
from service.checks import redacted
from sources.names import named_sources
from tests.support.cameras.cameras import http_camera
from tests.support.servers.servers import ROOT, free_port

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("rtsp://joe:pw@cam:554/1", "rtsp://cam:554/1"),
        ("rtsp://joe:p@ss@cam/1", "rtsp://cam/1"),
        ("rtsp://joe:pw@[fe80::1]:554/1", "rtsp://[fe80::1]:554/1"),
        ("unix://joe:pw@/run/redis@1.sock?db=1", "unix:///run/redis@1.sock?db=1"),
        ("door=rtsp://joe:pw@cam/1", "door=rtsp://cam/1"),
        ("http://cam/a@b", "http://cam/a@b"),
        ("http://cam:80/a@b", "http://cam:80/a@b"),
        ("0", "0"),
        ("/media/a//b@c #2.mp4", "/media/a//b@c #2.mp4"),
    ],
)
def test_names_and_passwords_are_taken_out_of_addresses(source, expected):
    assert without_password(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("http://cam/video.cgi?user=joe&pwd=pw", "http://cam/video.cgi?user=...&pwd=..."),
        ("http://cam:80?user=joe@home&pwd=p=w", "http://cam:80?user=...&pwd=..."),
        ("http://[::1]:80/?user=joe@home;pwd=p/w", "http://[::1]:80/?user=...;pwd=..."),
        ("http://cam/?pw", "http://cam/?..."),
        ("http://cam/#pw", "http://cam/#..."),
        ("http://cam/?pwd=p?w#x", "http://cam/?pwd=...?...#..."),
        (
            "rtsp://cam/user=joe&password=pw&channel=1&stream=0.sdp?x",
            "rtsp://cam/user=...&password=...&channel=1&stream=...?...",
        ),
        ("rtsp://cam/user=joe_password=pw_channel=1", "rtsp://cam/user=..."),
        ("redis://host:6379?db=1&password=pw", "redis://host:6379?db=1&password=..."),
    ],
)
def test_the_values_of_a_query_are_hidden_wherever_it_stands(source, expected):
    assert without_password(source) == expected


def test_two_channels_of_one_camera_are_still_told_apart():
    addresses = [f"rtsp://joe:pw@cam/realmonitor?channel={channel}&subtype=0" for channel in (1, 12)]
    assert [without_password(address).partition("?")[2] for address in addresses] == [
        "channel=1&subtype=0",
        "channel=12&subtype=0",
    ]


@pytest.mark.parametrize(
    "source",
    [
        f"rtsp://joe:{SECRET[:3]}/{SECRET}@cam/1",
        f"rtsp://joe:{SECRET}?x@cam/1",
        f"rtsp://joe:x#{SECRET}@cam/1",
        f"rtsp://joe:{SECRET}",
        f"redis:///:{SECRET}@host/0",
        f"http:/joe:{SECRET}@cam/1",
        f"joe:{SECRET}@cam/1",
        f"cam/video.cgi?pwd={SECRET}",
        f"['redis://:x@host', 'rtsp://joe:{SECRET}@cam']",
    ],
)
def test_of_an_address_that_makes_no_sense_no_password_is_told_either(source):
    assert SECRET not in without_password(source)
    assert SECRET[:3] not in without_password(source)


def test_a_camera_that_is_lost_is_told_of_without_its_password(monkeypatch, caplog):
    monkeypatch.setattr("web.live.video.SNAPSHOT_LIMIT", 1.0)
    address = f"http://127.0.0.1:{free_port()}/video.cgi?user=admin&pwd={SECRET}&channel=7"
    app = create_app(Settings(source=(address,), idle=0.2))
    client = app.test_client()
    answers = [client.get(path).text for path in ("/snapshot.jpg", "/api/state", "/api/cameras", "/")]
    app.extensions["server"].close()
    assert "/video.cgi?user=...&pwd=...&channel=7: nobody answers" in json.loads(answers[0])["detail"]
    assert "channel=7" in json.loads(answers[1])["cameras"][0]["source"]
    assert "nobody answers" in caplog.text
    assert not any(SECRET in text for text in [*answers, caplog.text])


def test_what_ffmpeg_says_of_an_address_is_not_told():
    """A list of addresses, each with the password; FFmpeg's log would name the first one that it cannot have."""
    lines = ("#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXTINF:2,", f"1.ts?pwd={SECRET}", "#EXT-X-ENDLIST")

    def answer(camera):
        found = "1.ts" not in camera.path
        camera.send_response(200 if found else 404)
        camera.send_header("Content-Type", "application/vnd.apple.mpegurl")
        camera.end_headers()
        camera.wfile.write("\n".join(lines).encode() if found else b"")

    with http_camera(answer) as place:  # in a process of its own, since FFmpeg takes its log's level once
        script = f"from camera import open_source; open_source('http://{place}/live.m3u8?pwd={SECRET}')"
        done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"errors.SourceError: http://{place}/live.m3u8?pwd=...: somebody answers, but no video came")
    printed = [line for line in done.stderr.splitlines() if "open_source(" not in line]  # the script's own line
    assert not any(SECRET in line for line in printed)


def refused(attempt, *arguments):
    with pytest.raises(ExpressionError) as error:
        attempt(*arguments)
    return str(error.value)


def test_an_error_that_quotes_an_address_has_no_password_in_it(tmp_path):
    path = tmp_path / "expression.toml"
    path.write_text(f'redis_url = ["redis://:{SECRET}@host"]\n')
    for message in (
        refused(check_address, f"http://:{SECRET}@host/", "redis_url"),
        refused(Jobs, tmp_path, f"http://:{SECRET}@host/"),
        refused(named_sources, (f"front door=rtsp://joe:{SECRET}@cam/1",)),
        refused(check_source, f"joe:{SECRET}@cam/1"),
        refused(parse, "port", f"redis://:{SECRET}@host"),
        refused(parse, "runtime", f"redis://:{SECRET}@host"),
        refused(load, {"config": str(path)}, {}),
    ):
        assert SECRET not in message
        assert "expected" in message or "as in front-door=rtsp://cam/1" in message
    with pytest.raises(SettingError, match="got 'http://host/'"):
        check_address(f"http://:{SECRET}@host/", "redis_url")


def test_check_shows_no_password():
    assert redacted("source", ("a=rtsp://me:secret@host/live", "demo")) == ["a=rtsp://host/live", "demo"]
    assert redacted("queue", "redis://:secret@host:6379/0?password=secret") == "redis://host:6379/0?password=..."
    assert redacted("port", 5000) == 5000
