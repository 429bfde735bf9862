"""The live page in several windows of one browser, which opens six connections to a server and no more."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import (
    ELSEWHERE,
    await_faces,
    await_movement,
    await_situation,
    await_true,
    await_until,
    await_viewers,
    state_of,
)

STREAMS = "document.querySelector('#screen .picture.drawn')?.src.includes('video_feed')"
STILLS = "document.querySelector('#screen .picture.drawn')?.src.includes('snapshot.jpg')"


@pytest.fixture
def tabs(browser):
    """Opens pages of one visitor, whose complaints fail the test."""
    with ExitStack() as stack:
        context = stack.enter_context(browser.new_context(viewport={"width": 900, "height": 700}))
        found = []

        def note(message):
            if message.type == "error" and "503" not in message.text:  # a still may not come in time; another will
                found.append(message.text)

        def open_tab(address):
            page = context.new_page()
            page.on("pageerror", lambda error: found.append(str(error)))
            page.on("console", note)
            page.goto(address)
            return page

        yield open_tab
        assert found == []


def await_listeners(page, base, expected):

    def listeners():
        return state_of(base)["listeners"]

    await_until(page, lambda: listeners() == expected, lambda: f"expected {expected} listeners, found {listeners()}")


def test_four_windows_load_answer_and_share_one_event_stream(tabs, base):
    pages = [tabs(base) for _ in range(4)]
    for page in pages:
        await_movement(page)
        await_faces(page)
        await_true(page, STREAMS)
    await_viewers(pages[0], base, {"camera": 4})
    await_listeners(page, base, 1)
    with pages[3].expect_download() as download:
        pages[3].keyboard.press("s")
    assert download.value.suggested_filename.startswith("camera-")
    pages[0].goto(f"{base}/about")
    expect(pages[0].get_by_role("heading", level=1)).to_be_visible()


def test_a_fifth_window_shows_stills_until_a_stream_is_given_back(tabs, base):
    pages = [tabs(base) for _ in range(4)]
    for page in pages:
        await_movement(page)
        await_true(page, STREAMS)
    fifth = tabs(base)
    await_movement(fifth)
    await_true(fifth, STILLS)
    await_situation(fifth, "live")
    await_faces(fifth)
    expect(fifth.locator("#veil")).not_to_have_class("veil shown")
    pages[1].keyboard.press("Space")
    await_true(fifth, STREAMS)
    await_movement(fifth)
    pages[1].keyboard.press("Space")
    await_movement(pages[1])
    await_true(pages[1], STILLS)
    pages[2].close()
    await_true(pages[1], STREAMS)


def test_windows_share_the_sliders_but_not_the_privacy(tabs, base):
    one, other = (tabs(base) for _ in range(2))
    for page in (one, other):
        await_situation(page, "live")
    one.keyboard.press("t")
    one.get_by_label("Smoothing").press("End")
    one.keyboard.press("p")
    expect(other.locator("#smoothing-value")).to_have_text("3\N{NO-BREAK SPACE}s")
    await_true(other, "document.querySelector('#screen .picture.drawn')?.src.includes('smoothing=3')")
    assert "privacy" not in other.locator("#screen .picture").get_attribute("src")
    for page in (one, other):
        await_faces(page)
    await_listeners(page, base, 1)


def test_windows_share_it_on_plain_http_from_another_machine_too(browser, base):
    context = browser.new_context()
    pages = [context.new_page() for _ in range(2)]
    for page in pages:
        page.goto(base.replace("127.0.0.1", ELSEWHERE))
        assert not page.evaluate("isSecureContext")
    for page in pages:
        await_movement(page)
        await_faces(page)
        await_true(page, STREAMS)
    await_listeners(page, base, 1)
    context.close()
