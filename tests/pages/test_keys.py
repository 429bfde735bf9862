"""Every key of the live page, and what stands still, is saved or is remembered by it."""

import re
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import (
    await_faces,
    await_movement,
    await_situation,
    await_true,
    await_until,
    await_viewers,
    pixels,
    state_of,
)
from tests.support.clients.visits import visit


def asked(page):
    """What the picture was asked for, beside camera and connection."""
    address = page.locator("#screen .picture").last.get_attribute("src")
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    return {name: value for name, value in query.items() if name not in ("camera", "viewer")}


def await_asked(page, expected):
    expect(page.locator("#screen .picture.drawn")).to_have_count(1)
    await_until(page, lambda: asked(page) == expected, lambda: f"expected {expected} asked for, found {asked(page)}")


def saved_picture(download):
    image = cv2.imread(str(download.value.path()))
    assert image is not None
    assert image.std() > 5, "the screenshot shows nothing"
    return image


def test_space_stops_everything_gives_the_connection_back_and_goes_on(browser, base):
    with visit(browser, base) as page:
        await_faces(page)
        await_viewers(page, base, {"camera": 1})
        page.keyboard.press("Space")
        await_situation(page, "paused")
        await_viewers(page, base, {"camera": 0})
        assert page.locator("#screen .picture").count() == 0
        standing = [
            pixels(page, "#still"),
            page.locator("#live").inner_text(),
            page.locator(".plot canvas").evaluate("canvas => canvas.toDataURL()"),
        ]
        assert standing[0].std() > 10, "the last picture stays"
        expect(page.get_by_role("button", name="Resume")).to_have_attribute("aria-pressed", "true")
        page.wait_for_timeout(1500)
        assert (pixels(page, "#still") == standing[0]).all()
        assert page.locator("#live").inner_text() == standing[1]
        assert page.locator(".plot canvas").evaluate("canvas => canvas.toDataURL()") == standing[2]
        with page.expect_download() as download:
            page.keyboard.press("s")
        kept = cv2.resize(
            cv2.cvtColor(saved_picture(download), cv2.COLOR_BGR2GRAY), (64, 36), interpolation=cv2.INTER_AREA
        )
        assert np.corrcoef(kept.ravel(), standing[0])[0, 1] > 0.95, "what is saved is what stands there"
        page.keyboard.press("Space")
        await_movement(page)
        await_situation(page, "live")


@pytest.mark.parametrize("way", ["button", "key"])
def test_s_saves_a_jpeg_of_the_frames_size_in_the_chosen_look(browser, base, way):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.keyboard.press("m")
        await_asked(page, {"mirror": "1"})
        with page.expect_request("**/snapshot.jpg?*") as request, page.expect_download() as download:
            page.click("#screenshot") if way == "button" else page.keyboard.press("s")
        assert "mirror=1" in request.value.url
        assert re.fullmatch(r"camera-\d{4}(-\d\d){5}\.jpg", download.value.suggested_filename)
        expect(page.locator("#toast")).to_have_text(f"Saved {download.value.suggested_filename}")
        camera = state_of(base)["cameras"][0]
        assert saved_picture(download).shape == (camera["height"], camera["width"], 3)


def test_a_screenshot_that_fails_is_told(browser, base):
    with visit(browser, base, expected=["503"]) as page:
        await_situation(page, "live")
        page.route("**/snapshot.jpg?*", lambda route: route.fulfill(status=503, body="none"))
        page.keyboard.press("s")
        expect(page.locator("#toast")).to_contain_text("No screenshot")


def test_a_m_and_p_change_the_picture_of_this_visitor_and_are_remembered(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.keyboard.press("a")
        await_asked(page, {"bars": "1"})
        page.keyboard.press("m")
        await_asked(page, {"bars": "1", "mirror": "1"})
        page.keyboard.press("p")
        await_asked(page, {"bars": "1", "mirror": "1", "privacy": "blur"})
        expect(page.locator("#toast")).to_contain_text("unrecognisable before your picture leaves the server")
        for button, name in (("bars", "All seven"), ("mirror", "Mirror"), ("privacy", "Blurred")):
            expect(page.locator(f"#{button}")).to_have_attribute("aria-pressed", "true")
            expect(page.locator(f"#{button}")).to_have_text(name)
        page.reload()
        await_asked(page, {"bars": "1", "mirror": "1", "privacy": "blur"})
        for key in "ampp":
            page.keyboard.press(key)
        await_asked(page, {})


def test_a_new_look_replaces_the_picture_without_a_blank(browser, base):
    with visit(browser, base) as page:
        await_faces(page)
        page.evaluate("""() => {
          window.blank = 0
          const look = () => {
            const still = document.getElementById("still")
            if (!document.querySelector("#screen .picture.drawn") && !still.width) window.blank += 1
            if (Number(getComputedStyle(document.getElementById("veil")).opacity) > 0) window.blank += 1
            requestAnimationFrame(look)
          }
          look()
        }""")
        page.keyboard.press("a")
        await_asked(page, {"bars": "1"})
        await_movement(page)
        assert page.evaluate("window.blank") == 0


def test_t_opens_the_sliders_which_change_what_is_asked_for(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        expect(page.get_by_label("Unsure below")).to_be_hidden()
        page.keyboard.press("t")
        expect(page.get_by_label("Unsure below")).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(page.locator("#threshold-value")).to_have_text(re.compile(r"40\s%"))
        await_asked(page, {"threshold": "0.4"})
        page.get_by_label("Smoothing").press("ArrowRight")
        expect(page.locator("#smoothing-value")).to_have_text(re.compile(r"0.8\ss"))
        await_asked(page, {"threshold": "0.4", "smoothing": "0.8"})
        await_faces(page)
        page.get_by_role("button", name="Reset").click()
        await_asked(page, {})
        page.keyboard.press("t")
        expect(page.get_by_label("Smoothing")).to_be_hidden()


def test_f_goes_to_full_screen_and_back(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.keyboard.press("f")
        await_true(page, "document.fullscreenElement?.id === 'stage'")
        expect(page.locator("#fullscreen")).to_have_text("Exit full screen")
        page.keyboard.press("f")
        await_true(page, "document.fullscreenElement === null")
        page.click("#fullscreen")
        await_true(page, "document.fullscreenElement?.id === 'stage'")


def test_question_mark_lists_the_keys_which_rest_meanwhile(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keys")
        expect(dialog).to_be_visible()
        keys = dialog.locator("kbd").all_inner_texts()
        assert keys == ["Space", "A", "M", "P", "S", "R", "T", "F", "?"]
        page.keyboard.press("a")
        expect(page.locator("#bars")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        page.get_by_role("button", name="Keys").click()
        dialog.get_by_role("button", name="Close").click()
        expect(dialog).to_be_hidden()


def test_keys_with_modifiers_are_left_to_the_browser_and_space_to_a_button(browser, base):
    press = """(modifiers) => document.dispatchEvent(
      new KeyboardEvent("keydown", { key: "a", cancelable: true, ...modifiers }))"""
    with visit(browser, base) as page:
        await_situation(page, "live")
        assert page.evaluate(press, {"ctrlKey": True})
        assert page.evaluate(press, {"metaKey": True})
        assert not page.evaluate(press, {})
        page.locator("#mirror").focus()
        page.keyboard.press("Space")
        await_asked(page, {"bars": "1", "mirror": "1"})
        expect(page.locator("#pause")).to_have_attribute("aria-pressed", "false")
