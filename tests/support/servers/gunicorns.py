"""`gunicorn main:app` as a process of its own, with a small camera."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.servers.servers import free_port, running

COMMAND = [sys.executable, "-m", "gunicorn", "main:app"]
DEMO = {
    "EXPRESSION_SOURCE": "demo",
    "EXPRESSION_WIDTH": "320",
    "EXPRESSION_HEIGHT": "180",
    "EXPRESSION_FPS": "15",
    "EXPRESSION_MAX_VISITORS": "3",
    "EXPRESSION_VISITOR_FPS": "60",
}


@contextmanager
def gunicorn(folder: Path, **settings: str) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """A running one and its port; fails where its log, kept in `folder`, tells of a fault at the end."""
    port, log = free_port(), folder / "log"
    env = {**DEMO, "EXPRESSION_PORT": str(port), "EXPRESSION_STORAGE": str(folder / "storage"), **settings}
    with running([*COMMAND, "--log-file", str(log)], port, env) as process:
        yield process, port
    text = log.read_text()
    assert "SIGABRT" not in text, "the worker crashed when it stopped"
    assert "Traceback" not in text, text
