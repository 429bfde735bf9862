"""What a process may use, and what it gives back, in a process of its own."""

import subprocess
import sys

from tests.support.servers.recorded import feed, recording
from tests.support.servers.servers import ROOT

HOARDER = """
import os
from pathlib import Path
from media.sandbox.limits import release_memory

def megabytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6

pieces = [b"x" * 60_000 for _ in range(1500)]
del pieces[:-1]  # the one that stays lies on top of the others
before = megabytes()
release_memory()
print(before - megabytes() > 80)
"""


def test_what_was_freed_below_something_that_stays_is_given_back():
    done = subprocess.run([sys.executable, "-c", HOARDER], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert done.stdout == "True\n", done.stderr


def test_a_record_that_ended_gives_its_memory_back(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("recording.recorder.release_memory", lambda: calls.append("back"))
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [[]])
        assert calls == []
    assert calls == ["back"]
