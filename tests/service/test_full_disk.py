"""A disk that is really full: what writes ends in words, the rest goes on, room mends all without a restart."""

import http.client
import io
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from media.limits.disk import SPARE
from recording.closing import FULL
from tests.support.cameras.clips import write_clip
from tests.support.clients.streams import Viewer
from tests.support.servers.recorded import film, until
from tests.support.servers.servers import free_port, running
from tests.support.servers.small_disk import Disk, on_small_disk
from tests.web.files.test_pictures import multipart

MEGABYTES = SPARE // 2**20 + 48
DEMO = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180", "EXPRESSION_FPS": "15"}
OWN = ("jobs.db", "queue.", "filler", ".lock")
"""What is no file of anybody: the queue's, and the one that fills the disk."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    return [write_clip(folder / f"{count}.avi", count, sound=False).read_bytes() for count in (450, 10)]


def noise(side):
    made = io.BytesIO()
    Pillow.fromarray(np.random.default_rng(1).integers(0, 255, (side, side, 3), np.uint8)).save(made, "PNG")
    return made.getvalue()


class Client:
    def __init__(self, port):
        self.port = port

    def ask(self, path, data=None, method=None, content_type="application/json"):
        """Status and answer, a dict where it is JSON."""
        address, kind = f"http://127.0.0.1:{self.port}{path}", {"Content-Type": content_type}
        request = urllib.request.Request(address, data, kind, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, read(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.status, read(error)

    def await_state(self, path, condition, seconds=240):
        end = time.monotonic() + seconds
        while not condition(state := self.ask(path)[1]):
            assert time.monotonic() < end, state
            time.sleep(0.1)
        return state


def read(answer):
    data = answer.read()
    return json.loads(data) if "json" in answer.headers.get("Content-Type", "") else data


@contextmanager
def half_an_upload(port, disk):
    """An upload of which a part is written; gives what sends the rest and returns status and answer."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.putrequest("POST", "/api/videos?name=cut.mp4")
        connection.putheader("Content-Length", "900000")
        connection.endheaders()
        connection.send(b"x" * 300_000)
        until(lambda: any(path.stat().st_size for path in disk.folder.glob("store/uploads/*.part")))

        def finish():
            connection.send(b"x" * 600_000)
            with connection.getresponse() as answer:
                return answer.status, json.load(answer)

        yield finish


def workers(pid):
    """The workers for videos among the processes that see the same disks."""
    found = set()
    for other in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.readlink(other / "ns/mnt") == os.readlink(f"/proc/{pid}/ns/mnt"):
                found |= {other.name} if b"--attached" in (other / "cmdline").read_bytes() else set()
    return found


def test_a_server_outlasts_a_disk_that_is_full(tmp_path, clips):
    port, folder = free_port(), tmp_path / "disk"
    folder.mkdir()
    env = {**DEMO, "EXPRESSION_PORT": str(port), "EXPRESSION_STORAGE": f"{folder}/store", "TMPDIR": str(folder)}
    command = on_small_disk(folder, MEGABYTES, [sys.executable, "-m", "gunicorn", "main:app"])
    client = Client(port)
    with (tmp_path / "log").open("w+b") as log, running(command, port, env, output=log) as process:
        disk = Disk(folder, process.pid)
        live = Viewer(port)
        record = client.ask("/api/records", b"{}")[1]["id"]
        client.await_state(f"/api/records/{record}", lambda state: state["frames"] > 5)
        long, short = (client.ask("/api/videos?name=clip.avi", clip)[1]["id"] for clip in clips)
        until(lambda: list(disk.folder.glob(f"store/videos/{long}/attempt-*/.*.part")), 90)
        before = workers(process.pid)

        with half_an_upload(port, disk) as finish:
            disk.fill()
            client.await_state(f"/api/records/{record}", lambda state: state["status"] != "recording")
            disk.fill()  # also the room that was kept for the record's end
            assert finish()[0] == 507
        assert "disk is full" in client.ask("/api/videos", clips[1])[1]["detail"]
        assert client.ask("/api/videos", **multipart("video", clips[1]))[0] == 507
        assert client.ask("/api/records", b"{}")[0] == 507
        assert client.ask("/api/analyze", noise(40))[0] == 200
        assert client.ask("/api/analyze", noise(600))[0] == 200
        assert client.ask("/api/analyze", **multipart("image", noise(600)))[0] == 507, "its form is kept on that disk"
        assert client.ask(f"/api/videos/{short}")[1]["status"] == "queued"
        live.await_frames(5)
        assert list(disk.folder.glob("store/uploads/*")) == []

        disk.clear()
        ended = client.await_state(f"/api/records/{record}", lambda state: state["status"] == "done")
        assert ended["message"] == FULL
        (tmp_path / "video.mp4").write_bytes(client.ask(ended["results"]["video.mp4"])[1])
        assert len(film(tmp_path / "video.mp4")) >= 5
        assert len(client.ask(ended["results"]["record.json"])[1]["frames"]) == ended["frames"]
        over = client.await_state(f"/api/videos/{long}", lambda state: state["status"] not in ("queued", "running"))
        assert (over["status"], "disk became full" in over["message"]) in (("failed", True), ("done", False))
        client.await_state(f"/api/videos/{short}", lambda state: state["status"] == "done")
        assert workers(process.pid) == before != set(), "the worker has lived through it"
        again = client.ask("/api/records", b"{}")[1]["id"]
        client.await_state(f"/api/records/{again}", lambda state: state["frames"] > 0)
        assert client.ask(f"/api/records/{again}/stop", b"")[1]["message"] == ""
        for path in (f"records/{record}", f"records/{again}", f"videos/{long}", f"videos/{short}"):
            assert client.ask(f"/api/{path}", method="DELETE")[0] == 204
        assert disk.files(*OWN) == []
        assert not live.ended
        log.seek(0)
        assert set(re.findall(r" (5\d\d) in ", log.read().decode())) == {"507"}


def test_queue_records_and_worker_lose_nothing_on_a_disk_that_is_full(tmp_path):
    command = [sys.executable, "-m", "tests.support.servers.full_disk_steps", str(tmp_path)]
    done = subprocess.run(on_small_disk(tmp_path, 16, command), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
