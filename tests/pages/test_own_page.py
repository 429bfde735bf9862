"""The page of the visitor's own camera in a real headless Chromium, whose fake camera plays the drawn demo."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.support.cameras.fake_cameras import flags, write_demo
from tests.support.clients.browsers import another
from tests.support.clients.live_page import ELSEWHERE, HIDE, await_situation, await_until
from tests.support.clients.own_page import (
    DESKTOP,
    HEAD,
    PHONE,
    REFUSE,
    await_painted,
    await_visitors,
    camera_is_on,
    command,
    note_stranger,
    painted,
    switch_on,
    visitors,
)
from tests.support.servers.servers import free_port, running

Visit = Callable[..., Page]


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """What a browser complains of, and what a page asks of another host; none is expected unless a test clears it."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def visit(problems: list[str]) -> Iterator[Visit]:
    """Opens the page as a new visitor."""
    with ExitStack() as stack:

        def open_page(browser: Browser, base: str, **options: Any) -> Page:
            context = browser.new_context(**{"viewport": DESKTOP, **options})
            stack.callback(context.close)
            page = context.new_page()
            page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("request", lambda request: note_stranger(request.url, base, problems))
            page.goto(f"{base}/camera")
            return page

        yield open_page


def test_nothing_is_asked_for_until_it_is_wanted_and_the_dialogue_is_explained(visit, browser, base):
    page = visit(browser, base)
    await_visitors(page, base, 0)
    expect(page.locator("#gate")).to_contain_text("Your browser will ask whether this page may use your camera")
    expect(page.locator("#gate")).to_contain_text("Nothing is stored")
    assert not camera_is_on(page)
    assert visitors(base) == 0
    for control in ("Stop", "Mirror", "All seven", "Screenshot"):
        expect(page.get_by_role("button", name=control)).to_be_disabled()


def test_boxes_lie_over_the_faces_as_in_a_mirror_and_not(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    x, y = HEAD[0] / 640, HEAD[1] / 480
    await_painted(page, 1 - x, y)
    page.keyboard.press("m")
    await_painted(page, x, y)
    expect(page.get_by_role("button", name="Mirror")).to_have_attribute("aria-pressed", "false")
    thumbnail = page.locator(".face .thumb").evaluate("canvas => canvas.toDataURL().length")
    assert thumbnail > 5000, "the card shows the face"


def test_answers_come_at_a_pace_with_words_and_probabilities(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    expect(page.locator(".face .said")).to_have_text(re.compile("^(Looks [a-z]+|Unsure)$"))
    expect(page.locator(".face .share")).to_have_text(re.compile(r"^\d+\s%$"))
    expect(page.locator(".face .found")).to_have_text(re.compile(r"^a face: \d+\s%$"))
    expect(page.locator("#fps")).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(page.locator("#delay")).to_have_text(re.compile(r"^\d+\sms$"))
    await_visitors(page, base, 1)


def test_all_seven_are_drawn_on_request(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    await_painted(page, 1 - HEAD[0] / 640, HEAD[1] / 480)
    before = painted(page)["count"]
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="All seven")).to_have_attribute("aria-pressed", "true")
    await_until(page, lambda: painted(page)["count"] > 1.5 * before, lambda: "no more was drawn than before")


def test_a_screenshot_has_the_picture_and_the_boxes_as_seen(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    with page.expect_download() as download:
        page.keyboard.press("s")
    assert re.fullmatch(r"own-camera-\d{4}(-\d\d){5}\.jpg", download.value.suggested_filename)
    expect(page.locator("#toast")).to_have_text(f"Saved {download.value.suggested_filename}")
    image = cv2.imread(str(download.value.path()))
    assert image.shape == (480, 640, 3)
    contrast = [side.std() for side in np.hsplit(image, 2)]
    assert contrast[1] > 2 * contrast[0], "the head is on the right, as in a mirror"


def test_stop_gives_the_camera_back_and_forgets(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    page.evaluate("window.track = document.getElementById('video').srcObject.getTracks()[0]")
    page.click("#stop")
    await_situation(page, "off")
    assert page.evaluate("track.readyState") == "ended"
    assert painted(page)["count"] == 0
    expect(page.locator(".face")).to_have_count(0)
    await_visitors(page, base, 0)
    switch_on(page)


def test_a_hidden_page_gives_the_camera_back_until_it_is_shown(visit, browser, base):
    page = visit(browser, base, permissions=["camera"])
    switch_on(page)
    page.evaluate("window.track = document.getElementById('video').srcObject.getTracks()[0]")
    page.evaluate(HIDE, True)
    assert page.evaluate("track.readyState") == "ended"
    await_visitors(page, base, 0)
    expect(page.locator("#gate")).to_contain_text("switched off while this page was out of sight")
    page.evaluate(HIDE, False)
    await_situation(page, "live")
    expect(page.locator(".face")).to_have_count(1)


def test_a_camera_that_is_unplugged_is_told(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    page.evaluate("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    await_situation(page, "ended")
    expect(page.locator("#gate")).to_contain_text("The camera was switched off")
    await_visitors(page, base, 0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "The camera was not allowed"),
        ("NotReadableError", "Another program may be using it"),
        ("OverconstrainedError", "That camera is gone"),
        ("AbortError", "The camera does not answer"),
        ("UnheardOfError", "The browser says: made up"),
    ],
)
def test_every_refusal_is_told_in_words_and_can_be_tried_again(visit, browser, base, name, words):
    page = visit(browser, base)
    page.evaluate("() => { window.original = navigator.mediaDevices.getUserMedia }")
    page.evaluate(REFUSE, name)
    page.click("#start")
    expect(page.locator("#gate")).to_contain_text(words)
    expect(page.locator("#connection")).to_have_text("No camera")
    await_visitors(page, base, 0)
    page.evaluate("() => { navigator.mediaDevices.getUserMedia = window.original }")
    page.get_by_role("button", name="Try again").click()
    await_situation(page, "live")


def test_a_real_refusal_and_a_real_lack_are_told(visit, browser, base):
    with another(browser, (*flags(asks=True), "--deny-permission-prompts"), whole=True) as refusing:
        page = visit(refusing, base)
        page.click("#start")
        await_situation(page, "not-allowed")
        expect(page.locator("#gate")).to_contain_text("open the icon beside the address")
        page.context.close()
    with another(browser, flags(devices=0)) as lacking:
        page = visit(lacking, base)
        page.click("#start")
        await_situation(page, "not-found")
        expect(page.locator("#gate")).to_contain_text("No camera was found")
        page.context.close()


def test_plain_http_from_another_machine_is_told(visit, browser, base, problems):
    port = base.rpartition(":")[2]
    page = visit(browser, f"http://{ELSEWHERE}:{port}")
    await_situation(page, "insecure")
    expect(page.locator("#gate")).to_contain_text("plain http from another machine")
    page.get_by_role("button", name="Try again").click()
    await_situation(page, "insecure")
    page.context.close()
    # Chromium says of a protective header that it means nothing there.
    assert all("Cross-Origin-Opener-Policy" in problem for problem in problems)
    problems.clear()


def test_the_camera_can_be_chosen(visit, browser, base):
    with another(browser, flags(devices=2)) as rich:
        page = visit(rich, base)
        expect(page.locator("#device")).to_be_hidden()
        page.click("#start")
        await_situation(page, "live")
        choice = page.get_by_role("combobox", name="Camera")
        expect(choice.locator("option")).to_have_count(2)
        device = "document.getElementById('video').srcObject.getTracks()[0].getSettings().deviceId"
        other = choice.evaluate("choice => [...choice.options].find((option) => !option.selected).value")
        assert page.evaluate(device) == choice.input_value() != other
        choice.select_option(other)
        await_situation(page, "live")
        assert page.evaluate(device) == choice.input_value() == other
        page.context.close()


def test_two_visitors_do_not_see_each_others_faces(visit, browser, base, tmp_path):
    with (
        another(browser, flags(write_demo(tmp_path / "one.mjpeg", 1))) as first,
        another(browser, flags(write_demo(tmp_path / "three.mjpeg", 3))) as second,
    ):
        one, three = visit(first, base), visit(second, base)
        switch_on(one, faces=1)
        switch_on(three, faces=3)
        await_visitors(one, base, 2)
        for _ in range(15):
            one.wait_for_timeout(100)
            assert one.locator(".face").count() <= 1
        expect(three.locator(".face")).to_have_count(3)
        for page in (one, three):
            page.context.close()


def test_one_visitor_too_many_is_told_and_comes_in_later(visit, browser, problems):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(command(port, "--max-visitors", "1"), port):
        first, second = visit(browser, base), visit(browser, base)
        switch_on(first)
        second.click("#start")
        await_situation(second, "connection-lost")
        expect(second.locator("#veil")).to_contain_text("1 visitors show their camera already")
        first.click("#stop")
        await_situation(second, "live")
        for page in (first, second):
            page.context.close()
    # Browsers write to the console what was refused, and 426 where the place was free again when the page asked why.
    assert all(re.search("503|426", problem) for problem in problems)
    problems.clear()


def test_a_lost_server_is_told_and_boxes_come_back_by_themselves(visit, browser, problems):
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(command(port), port) as server:
        page = visit(browser, base)
        switch_on(page)
        server.kill()
        await_situation(page, "connection-lost")
        expect(page.locator("#veil")).to_contain_text("Your camera stays on")
        assert painted(page)["count"] == 0
    with running(command(port), port):
        await_situation(page, "live")
        expect(page.locator(".face")).to_have_count(1)
        page.context.close()
    problems.clear()


def test_a_phone_shows_everything_without_sideways_scrolling(visit, browser, base):
    page = visit(browser, base, viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)
    start = page.locator("#start").bounding_box()
    screen = page.locator("#screen").bounding_box()
    assert screen["y"] < start["y"] < start["y"] + start["height"] < screen["y"] + screen["height"]
    switch_on(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate("document.getElementById('boxes').width") == 2 * PHONE["width"], "sharp on a dense screen"
    for name in ("Stop", "Mirror", "All seven", "Screenshot", "Full screen"):
        box = page.get_by_role("button", name=name).bounding_box()
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["height"] >= 40, "large enough for a thumb"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_before_and_after(visit, browser, base, scheme):
    page = visit(browser, base, color_scheme=scheme, reduced_motion="reduce")
    for step in (lambda: None, lambda: switch_on(page)):
        step()
        found = Axe().run(page).response["violations"]
        serious = [
            (rule["id"], rule["nodes"][0]["html"]) for rule in found if rule["impact"] in ("serious", "critical")
        ]
        assert serious == []


def test_it_works_by_keyboard_alone(visit, browser, base):
    page = visit(browser, base)
    focused = "document.activeElement.id"
    for _ in range(10):
        if page.evaluate(focused) == "start":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    await_situation(page, "live")
    assert page.evaluate(focused) == "stop"
    page.keyboard.press("Enter")
    await_situation(page, "off")
    assert page.evaluate(focused) == "start"


def test_the_picture_takes_its_own_shape_and_the_header_stays(visit, browser, base):
    page = visit(browser, base)
    switch_on(page)
    box = page.locator("#screen").bounding_box()
    assert abs(box["width"] / box["height"] - 640 / 480) < 0.02
