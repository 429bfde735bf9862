"""What every test needs: the program's modules, which lie in the folder above."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))


@pytest.fixture(scope="session")
def base():
    """The address of a server with the demo, for all tests of the live page: they leave it as it was."""
    from tests.live_page import ELSEWHERE, serving

    with serving("demo", options=("--hosts", ELSEWHERE)) as address:
        yield address
