"""The examples of docs/api.md are run as they stand, against a real server."""

import json
import re
import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import pytest
from PIL import Image
from skimage import data

from tests.support.cameras.clips import write_clip
from tests.support.servers.grants import Grants
from tests.support.servers.servers import ROOT, free_port, running
from tests.support.waiting import until

DOCUMENT = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:5000"
ENDLESS = ("/video_feed", "/api/events")
CURL = re.findall(r"^    (curl .*)$", DOCUMENT, re.MULTILINE)
PYTHON = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
PATIENCE = 40.0
SMALL = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180", "EXPRESSION_FPS": "15"}


@contextmanager
def serving(app, storage):
    port = free_port()
    env = {"EXPRESSION_STORAGE": str(storage), "EXPRESSION_PORT": str(port), **SMALL}
    with running([sys.executable, "-m", "gunicorn", app], port, env):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serving("main:app", tmp_path_factory.mktemp("storage")) as address:
        yield address


@pytest.fixture(scope="module")
def late_address(tmp_path_factory):
    with serving("tests.support.servers.late:late_app()", tmp_path_factory.mktemp("late")) as address:
        yield address


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for name in ("me.jpg", "you.jpg"):
        Image.fromarray(data.astronaut()).save(folder / name)
    write_clip(folder / "clip.mp4", frames=8)
    write_clip(folder / "long.mp4", frames=300)
    return folder


def asked(address, path, body=None):
    with urllib.request.urlopen(urllib.request.Request(address + path, body), timeout=10) as answer:
        return json.load(answer)


def awaited(address, path, ready):
    until(lambda: ready(asked(address, path)), PATIENCE)


def done(state):
    assert state["status"] not in ("failed", "cancelled"), state
    return state["status"] == "done"


@pytest.fixture(scope="module")
def ids(address, folder):
    """By the word that stands in an example's address: the id of a video or record as it expects one."""
    read = asked(address, "/api/videos?name=clip.mp4", (folder / "clip.mp4").read_bytes())["id"]
    recorded = asked(address, "/api/records", b"")["id"]
    awaited(address, f"/api/videos/{read}", done)
    awaited(address, f"/api/records/{recorded}", lambda state: state["frames"])
    asked(address, f"/api/records/{recorded}/stop", b"")
    awaited(address, f"/api/records/{recorded}", done)
    return {"videos/ID": f"videos/{read}", "records/ID": f"records/{recorded}"}


def fitted(text, address, folder, ids):
    if "WAITING_ID" in text:
        text = text.replace("WAITING_ID", asked(address, "/api/videos", (folder / "long.mp4").read_bytes())["id"])
    for word, real in ids.items():
        text = text.replace(word, real)
    return re.sub(r"\bid=ID\b", "id=" + ids["records/ID"].split("/")[1], text).replace(ADDRESS, address)


def test_the_curl_examples_are_answered_well(address, folder, ids):
    for line in sorted(CURL, key=lambda line: "-X DELETE" in line):
        options = "--fail --silent --show-error --max-time " + ("2" if any(path in line for path in ENDLESS) else "20")
        command = fitted(line, address, folder, ids).replace("curl ", f"curl {options} ", 1)
        done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, timeout=60)
        left = done.returncode == 28 and any(path in line for path in ENDLESS)  # curl's own word for --max-time
        assert done.returncode == 0 or left, f"{line}\n{done.stderr.decode()}"


@pytest.mark.parametrize("code", PYTHON, ids=lambda code: re.findall(r"/\w+", code.split("5000")[-1])[0][1:])
def test_the_python_examples_run_and_say_something_on_a_slow_server_too(late_address, folder, code):
    with subprocess.Popen(
        [sys.executable, "-u", "-c", code.replace(ADDRESS, late_address)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said = process.stdout.readline()
        assert said, "the example ended without a word"
        assert "Traceback" not in said, process.communicate(timeout=10)[0]
        if any(path in code for path in ("/api/events",)):
            process.kill()
        else:
            rest = process.communicate(timeout=PATIENCE)[0]
            assert process.returncode == 0, rest


def test_the_example_of_a_log_in_holds_where_the_server_asks(tmp_path):
    grants, port = Grants(tmp_path), free_port()
    grants.add_ben()
    (code,) = (code for code in PYTHON if "/api/access/login" in code)
    env = {"EXPRESSION_PORT": str(port), "EXPRESSION_SOURCE": "demo", "EXPRESSION_ACCESS": str(grants.path)}
    with running([sys.executable, "main.py"], port, env):
        code = code.replace(ADDRESS, f"http://127.0.0.1:{port}")
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("ben may operate\nnobody may nothing\n", "")


def test_every_endpoint_has_an_example_in_both_forms(address):
    python = "\n".join(PYTHON)
    for path, methods in asked(address, "/api/openapi.json")["paths"].items():
        pattern = re.compile(r":5000" + re.sub(r"\\?\{\w+\\?\}", r"[^/\\s\"?]+", re.escape(path)) + r"(?=[\"?\s]|$)")
        for method in methods:
            wanted = {"get": "", "post": "-X POST|--data|-F |-d ", "delete": "-X DELETE"}[method]
            assert any(pattern.search(line) and re.search(wanted, line) for line in CURL), f"no curl: {method} {path}"
        stem = path.split("{")[0].rstrip("/").removesuffix(".jpg")
        assert stem in python or "/openapi.json" in stem, f"no Python: {path}"
