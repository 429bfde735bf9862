"""What a camera node and gunicorn say of a command line or settings with which they cannot start."""

import os
import subprocess

import pytest

from service import node
from tests.support.servers.clusters import GUNICORN
from tests.support.servers.servers import ROOT


def test_several_workers_without_redis_are_refused():
    done = subprocess.run(
        GUNICORN, cwd=ROOT, env={**os.environ, "EXPRESSION_WORKERS": "2"}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert "workers: got 2 without redis_url, expected 1: a camera has one owner" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "redis_url: got none, expected the Redis server over which the web servers see this camera"),
        (["--redis-url", "http://x"], "redis_url: got 'http://x', expected an address such as redis://localhost"),
        (["--redis-url", "redis://x", "--name", "a b"], "source: 'a b' cannot name a camera"),
        (
            ["--redis-url", "redis://x", "--name", "a", "--source", "demo", "--source", "0"],
            "name: got one for 2 sources; name each as --source NAME=SOURCE",
        ),
    ],
)
def test_a_node_says_what_is_wrong_with_its_command_line(arguments, message, capsys, monkeypatch):
    monkeypatch.delenv("EXPRESSION_REDIS_URL", raising=False)
    assert node.main(arguments) == 2
    assert message in capsys.readouterr().err
