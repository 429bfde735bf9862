"""Records when the server is stopped or killed in the middle, for real, by gunicorn."""

import json
import os
import signal
import sys
import urllib.request
from pathlib import Path

from tests.support.servers.recorded import film, until
from tests.support.servers.servers import free_port, running


def ask(port, path, method="GET", content=None):
    body = json.dumps(content).encode() if content is not None else None
    headers = {"Content-Type": "application/json"} if body else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_record_outlives_the_server_and_is_whole_at_the_next_start(tmp_path):
    port = free_port()
    env = {
        "EXPRESSION_SOURCE": "demo",
        "EXPRESSION_WIDTH": "480",
        "EXPRESSION_HEIGHT": "270",
        "EXPRESSION_FPS": "15",
        "EXPRESSION_PORT": str(port),
        "EXPRESSION_STORAGE": str(tmp_path),
    }
    command = [sys.executable, "-m", "gunicorn", "main:app"]
    with running(command, port, env) as process:
        stopped, frames = begun(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    summary = json.loads(summary_file(tmp_path, stopped).read_text())
    assert (summary["frames"] >= frames, summary["settled"]) == (True, False), "the stop waits for no record"
    with running(command, port, env) as process:
        is_whole(port, tmp_path, stopped, frames, "The server was stopped")
        killed, frames = begun(port)
        kill_whole(process)
        assert process.wait(30) == -signal.SIGKILL
    assert not summary_file(tmp_path, killed).exists()
    kept = len(film(tmp_path / "records" / killed / "video.mp4"))
    assert kept >= frames - 15, "all but the last second plays, even before the next start"
    with running(command, port, env):
        is_whole(port, tmp_path, killed, frames, "The server broke off")
    assert len(film(tmp_path / "records" / killed / "video.mp4")) == kept


def begun(port):
    """The id of a record that is going on, and how many frames it has."""
    record = ask(port, "/api/records", "POST", {})["id"]
    until(lambda: ask(port, f"/api/records/{record}")["duration"] >= 2)
    return record, ask(port, f"/api/records/{record}")["frames"]


def summary_file(storage, record):
    return storage / "records" / record / "summary.json"


def is_whole(port, storage, record, frames, message):
    until(lambda: ask(port, f"/api/records/{record}")["status"] == "done")
    until(lambda: json.loads(summary_file(storage, record).read_text())["settled"])
    done = ask(port, f"/api/records/{record}")
    assert done["message"].startswith(message)
    assert done["frames"] >= frames
    assert ask(port, f"/api/records/{record}/record.json")["summary"]["frames"] == done["frames"]
    folder = storage / "records" / record
    assert b"moof" not in (folder / "video.mp4").read_bytes()
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".") or path.is_dir()]


def kill_whole(process):
    """Master and worker at once, as when the power goes: neither can do anything more."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    for child in children:
        os.kill(int(child), signal.SIGKILL)
