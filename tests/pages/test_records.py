"""Recording from the live page, and the record's own page, in a real headless Chromium."""

import csv
import io
import json
import re

import av
import pytest
from playwright.sync_api import expect

from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, saved, visit


@pytest.fixture
def address(base):
    return f"{base}/"


def record(page, seconds):
    """Record by the button until so many seconds are on it, and go to the record's page."""
    begin(page)
    expect(page.locator("#record span")).to_have_text(f"Stop 0:0{seconds}")
    page.click("#record")
    page.get_by_role("link", name="See the record").click()


def begin(page):
    expect(page.locator("#connection")).to_have_text("Live")
    page.click("#record")
    expect(page.locator("#record")).to_have_class(re.compile("recording"))
    expect(page.locator("#toast")).to_have_text("Recording, for 60 min at most.")


def moment(page):
    return page.evaluate("document.querySelector('video').currentTime")


def test_a_record_from_the_live_page_to_a_jump_and_its_files(browser, address):
    with visit(browser, address) as page:
        record(page, 3)
        expect(page.locator("#message")).to_have_text(re.compile(r"^\d+\ss, \d faces?\. It is deleted "))
        page.wait_for_function("() => document.querySelector('video').readyState >= 2")
        film = page.locator("video")
        assert film.evaluate("film => [film.videoWidth, film.videoHeight]") == [640, 360]
        length = film.evaluate("film => film.duration")
        assert length > 2
        line = page.get_by_role("slider", name="Expressions over time")
        box = line.bounding_box()
        line.click(position={"x": box["width"] * 0.5, "y": box["height"] / 2})
        assert moment(page) == pytest.approx(length / 2, abs=0.3)
        expect(line).to_have_attribute("aria-valuetext", re.compile(r"0:\d\d, (\w+ \d+\s%|no face)"))
        page.evaluate("document.querySelector('video').play()")
        page.wait_for_function("from => document.querySelector('video').currentTime > from", arg=length / 2)
        page.evaluate("document.querySelector('video').pause()")
        jump_to_last_moment(page)
        pick_one_face(page)
        name, content = saved(page, "[data-file='video.mp4']")
        assert re.fullmatch(r"camera-\d{8}-\d{6}-video\.mp4", name)
        with av.open(io.BytesIO(content)) as video:
            frames = sum(1 for _ in video.decode(video=0))
        record_file = json.loads(saved(page, "[data-file='record.json']")[1])
        assert len(record_file["frames"]) == frames > 5
        rows = list(csv.DictReader(io.StringIO(saved(page, "[data-file='faces.csv']")[1].decode())))
        assert len(rows) == sum(len(frame["faces"]) for frame in record_file["frames"]) > 5


def jump_to_last_moment(page):
    last = page.locator(".moments button").last
    picture = last.locator("img")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("picture => picture.complete && picture.naturalWidth > 40", arg=picture.element_handle())
    minutes, seconds = map(int, re.search(r"at (\d+):(\d\d)", last.inner_text()).groups())
    last.focus()
    page.keyboard.press("Enter")
    assert moment(page) == pytest.approx(60 * minutes + seconds + 0.5, abs=0.6)


def pick_one_face(page):
    page.locator("#whose select").select_option(index=1)
    expect(page.locator("#shares-about")).to_have_text(re.compile(r"In view for \d+\ss\."))
    shares = page.locator("#shares .bar-share").all_inner_texts()
    assert sum(int(re.match(r"\d+", share).group()) for share in shares) == pytest.approx(100, abs=4)


def test_a_record_is_its_visitors_alone_and_goes_when_they_say_so(browser, address, storage):
    with visit(browser, address) as page, visit(browser, f"{address}records", ("404",)) as other:
        record(page, 2)
        expect(page.locator("#message")).to_contain_text("It is deleted")
        own = page.url
        expect(other.locator("#message")).to_have_text("There are none yet.")
        page.get_by_role("link", name="Your records").click()
        expect(page.locator(".record-line")).to_have_count(1)
        expect(page.locator(".record-about")).to_have_text(re.compile(r"\d+\ss, \d faces?, kept until"))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(PHONE)
            assert barriers(page) == []
            assert page.evaluate(STICKING_OUT) == []
        page.locator(".record-line").click()
        expect(page.locator(".moments button").first).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert barriers(page) == []
            assert page.evaluate(STICKING_OUT) == []
        page.click("#delete")
        assert barriers(page) == []
        page.keyboard.press("Escape")
        page.click("#delete")
        page.get_by_role("button", name="Keep").click()
        expect(page.locator("#question")).to_be_hidden()
        page.click("#delete")
        page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.locator("#message")).to_have_text("There are none yet.")
        other.goto(own)
        expect(other.locator("#message")).to_contain_text("There is no such record")
        assert other.locator("main section:visible").count() == 0
        assert not (storage / "records" / own.rsplit("/", 1)[1]).exists()


def test_a_record_is_taken_up_again_by_a_new_page_and_ended_from_its_own(browser, address):
    with visit(browser, address) as page:
        begin(page)
        page.reload()
        expect(page.locator("#record")).to_have_class(re.compile("recording"))
        expect(page.locator("#record span")).to_have_text(re.compile(r"Stop 0:\d\d"))
        known = page.evaluate("JSON.parse(localStorage.records)[0].id")
        own = page.context.new_page()
        own.goto(f"{address}records/{known}")
        expect(own.locator("#running")).to_contain_text(re.compile(r"Recording 0:\d\d of 60\smin at most"))
        assert barriers(own) == []
        expect(own.locator("#running")).to_contain_text(re.compile(r"Recording 0:(?!00)\d\d of"))
        own.get_by_role("button", name="Stop").click()
        expect(own.locator("#message")).to_contain_text("It is deleted")
        own.close()
        expect(page.locator("#record span")).to_have_text("Record")
        expect(page.locator("#toast")).to_contain_text("See the record")
