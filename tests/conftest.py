"""What every test needs: the program's modules, which lie in the folder above."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture(scope="session")
def base():
    """The address of a server with the demo, for all tests of the live page: they leave it as it was."""
    from tests.support.clients.live_page import ELSEWHERE, serving

    with serving("demo", options=("--hosts", ELSEWHERE)) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, for all tests of a file."""
    from tests.support.clients.browsers import chromium

    with chromium() as launched:
        yield launched


@pytest.fixture(scope="module")
def redis_process():
    """A Redis server, for all tests of a file."""
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
