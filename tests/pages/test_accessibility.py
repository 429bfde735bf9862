"""axe-core on the pages with a live picture; the tests of the other pages check theirs with something on them."""

import sys

import pytest

from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, visit
from tests.support.servers.servers import free_port, running


@pytest.fixture(scope="module")
def base():
    port = free_port()
    sources = ["--source", "left=demo", "--source", "right=demo"]
    with running([sys.executable, "main.py", "--port", str(port), *sources, "--width", "640", "--height", "360"], port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/?camera=*", "/camera", "/videos"])
def test_a_page_keeps_nobody_out(browser, base, path, scheme):
    with visit(browser, f"{base}{path}", color_scheme=scheme, reduced_motion="reduce") as page:
        page.wait_for_timeout(2000)  # until faces are shown
        assert barriers(page) == []
        if path in ("/", "/camera"):
            page.keyboard.press("?")
            assert barriers(page) == []
            page.keyboard.press("Escape")
            page.keyboard.press("t")
        page.set_viewport_size(PHONE)
        assert barriers(page) == []
        assert page.evaluate(STICKING_OUT) == []
