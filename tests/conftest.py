"""What every test needs: the program's modules, which lie in the folder above."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    """The folder in which the server of `base` keeps videos and records."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def base(storage):
    """The address of a server with the demo, for all tests of pages: they leave it as it was."""
    from tests.support.clients.live_page import ELSEWHERE, serving

    limits = ("--max-picture", "2", "--max-video", "8")
    with serving("demo", options=("--hosts", ELSEWHERE, "--storage", str(storage), *limits)) as address:
        yield address


@pytest.fixture
def browser(shared_browser):
    """A headless Chromium; what a test leaves open in it is closed."""
    yield shared_browser
    for context in shared_browser.contexts:
        context.close()


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory):
    """A headless Chromium for all tests: its camera shows one head, and two more names lead it to this machine."""
    from tests.support.cameras.fake_cameras import flags, write_head
    from tests.support.clients.browsers import chromium
    from tests.support.clients.live_page import ELSEWHERE
    from tests.support.clients.own_page import HEAD

    clip = write_head(tmp_path_factory.mktemp("clip") / "head.mjpeg", *HEAD)
    names = f"--host-resolver-rules=MAP evil.example 127.0.0.1, MAP {ELSEWHERE} 127.0.0.1"
    with chromium((*flags(clip), names)) as launched:
        yield launched


@pytest.fixture(scope="session")
def gunicorn(tmp_path_factory):
    """A running `gunicorn main:app` for all tests that leave it as it was: its process and its port."""
    from tests.support.servers.gunicorns import gunicorn

    with gunicorn(tmp_path_factory.mktemp("gunicorn")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_process():
    """A Redis server, which no test stops."""
    from tests.support.servers.redis_server import redis_server

    with redis_server() as running:
        yield running


@pytest.fixture
def redis(redis_process):
    """A client of the Redis server, which holds nothing yet."""
    with redis_process.client() as client:
        client.flushall()
        yield client


@pytest.fixture(scope="module")
def grants(tmp_path_factory):
    """An access file with a token for each role and Ben's password, for all tests of a file."""
    from tests.support.servers.grants import Grants

    grants = Grants(tmp_path_factory.mktemp("access"))
    grants.add_ben()
    return grants
