"""axe-core on the live page and two more; the tests of the other pages check theirs with something on them."""

import pytest

from tests.support.clients.live_page import await_faces
from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, visit


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/camera", "/videos"])
def test_a_page_keeps_nobody_out(browser, base, path, scheme):
    with visit(browser, f"{base}{path}", color_scheme=scheme, reduced_motion="reduce") as page:
        if path == "/":
            await_faces(page)
        assert barriers(page) == []
        if path != "/videos":
            page.keyboard.press("?")
            assert barriers(page) == []
            page.keyboard.press("Escape")
            page.keyboard.press("t")
        page.set_viewport_size(PHONE)
        assert barriers(page) == []
        assert page.evaluate(STICKING_OUT) == []
