"""The page on which the API is tried, in a real headless Chromium under the server's own content policy."""

import pytest
from playwright.sync_api import expect

from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, visit
from tests.web.files.test_pictures import encoded


@pytest.fixture
def address(base):
    return f"{base}/api/docs"


def test_each_endpoint_can_be_opened_by_its_name_and_asked(browser, address):
    with visit(browser, f"{address}#api_cameras") as page:
        form = page.locator("#api_cameras form")
        expect(form.locator(".curl")).to_have_text(f"curl '{address.removesuffix('/api/docs')}/api/cameras'")
        form.get_by_role("button", name="Send").click()
        expect(form.locator(".answer")).to_contain_text("200 OK application/json")
        expect(form.locator(".answer pre")).to_contain_text('"video_feed": "/video_feed/camera"')


def test_a_picture_is_sent_and_an_error_is_shown_with_its_words(browser, address):
    with visit(browser, f"{address}#pictures_analyze", expected=("400",)) as page:
        form = page.locator("#pictures_analyze form")
        form.get_by_label("Body, a file").set_input_files(
            {"name": "me.jpg", "mimeType": "image/jpeg", "buffer": encoded()}
        )
        form.get_by_label("threshold").fill("0.2")
        expect(form.locator(".curl")).to_contain_text("--data-binary '@me.jpg'")
        form.get_by_role("button", name="Send").click()
        expect(form.locator(".answer pre")).to_contain_text('"expression": "happy"')
        expect(form.locator(".answer pre")).to_contain_text('"threshold": 0.2')
        form.get_by_label("threshold").fill("much")
        form.get_by_role("button", name="Send").click()
        expect(form.locator(".answer pre")).to_contain_text("threshold: got 'much', expected a probability")


def test_a_snapshot_a_stream_and_events_are_shown_and_events_stop(browser, address):
    with visit(browser, f"{address}#live_snapshot_camera") as page:
        form = page.locator("#live_snapshot_camera form")
        form.get_by_role("button", name="Send").click()
        shown = "image => image.complete && image.naturalWidth > 0"
        picture = form.locator(".answer img")
        expect(picture).to_be_visible()
        page.wait_for_function(shown, arg=picture.element_handle())
        page.locator("#live_video_feed > summary").click()
        stream = page.locator("#live_video_feed form")
        stream.get_by_role("button", name="Send").click()
        page.wait_for_function(shown, arg=stream.locator(".answer img").element_handle())
        stream.get_by_role("button", name="Stop").click()
        expect(stream.locator(".answer img")).to_have_count(0)
        expect(stream.get_by_role("button", name="Stop")).to_be_hidden()
        page.locator("#events_events > summary").click()
        events = page.locator("#events_events form")
        events.get_by_role("button", name="Send").click()
        expect(events.locator(".answer pre")).to_contain_text("event: state")
        events.get_by_role("button", name="Stop").click()
        expect(events.get_by_role("button", name="Stop")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_keeps_nobody_out(browser, address, scheme):
    with visit(browser, f"{address}#pictures_analyze", color_scheme=scheme, viewport=PHONE) as page:
        page.locator("#api_cameras > summary").click()
        page.locator("#api_cameras").get_by_role("button", name="Send").click()
        expect(page.locator("#api_cameras .answer pre")).to_be_visible()
        assert barriers(page) == []
        assert page.evaluate(STICKING_OUT) == []
