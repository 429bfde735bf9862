"""The page for pictures in a real headless Chromium, against the real server."""

import csv
import io
import json
import re
import zipfile

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from demo import Demo
from tests.support.clients.live_page import LABELS, await_until
from tests.support.clients.visits import LAYOUT_SHIFT, PHONE, STICKING_OUT, barriers, saved, visit
from tests.web.files.test_pictures import ASTRONAUT, WALL, encoded, sixteen_bit, turned, with_alpha

# Of each box as it is shown, as shares of the picture as it is shown.
CENTRES = """card => {
  const whole = card.querySelector(".shown img").getBoundingClientRect()
  return [...card.querySelectorAll(".box")].map((box) => box.getBoundingClientRect()).map(({ x, y, width, height }) =>
    [(x + width / 2 - whole.x) / whole.width, (y + height / 2 - whole.y) / whole.height])
}"""
REFUSED = ("422",)


@pytest.fixture
def address(base):
    return f"{base}/pictures"


def three():
    return cv2.imencode(".png", Demo(1280, 720, 30).draw(40)[0])[1].tobytes()


def give(page, *files):
    given = [{"name": name, "mimeType": "image/any", "buffer": content} for name, content in files]
    page.set_input_files("#files", given)


def card(page, name):
    return page.locator(".picture-card", has=page.get_by_role("heading", name=name, exact=True))


def test_every_kind_of_picture_comes_back_with_a_box_in_its_place(browser, address):
    kinds = {
        "a.jpg": encoded(),
        "b.png": encoded(form="PNG"),
        "c.webp": encoded(form="WEBP", quality=90),
        "turned.jpg": turned(),
        "alpha.png": encoded(with_alpha(), "PNG"),
        "grey.jpg": encoded(mode="L"),
        "cmyk.jpg": encoded(mode="CMYK"),
        "deep.png": sixteen_bit(),
        "t.tiff": encoded(form="TIFF", compression="jpeg"),
    }
    with visit(browser, address) as page:
        give(page, *kinds.items())
        for name in kinds:
            boxes = card(page, name).locator(".box")
            expect(boxes).not_to_have_count(0)
            expect(card(page, name).locator(".shown img")).to_have_js_property("naturalWidth", 512)
            centres = card(page, name).evaluate(CENTRES)
            near = [abs(x - 0.44) < 0.05 and abs(y - 0.22) < 0.05 for x, y in centres]
            assert near.count(True) == 1, name
            expect(boxes.nth(near.index(True))).to_have_accessible_name(re.compile("looks happy, [0-9]+"))


def test_a_click_on_a_face_shows_its_seven_bars_and_the_largest_is_marked(browser, address):
    with visit(browser, address) as page:
        give(page, ("three.png", three()))
        boxes = page.locator(".box")
        expect(boxes).to_have_count(3)
        expect(page.locator(".box", has_text="largest")).to_have_count(1)
        expect(page.locator(".box[aria-pressed=true]")).to_have_accessible_name(re.compile("the largest"))
        for index in range(3):
            boxes.nth(index).click()
            expect(boxes.nth(index)).to_have_attribute("aria-pressed", "true")
            expect(page.locator(".box[aria-pressed=true]")).to_have_count(1)
            expect(page.locator(".bars li")).to_have_count(7)
            said, share = re.fullmatch(r"(\w+) (\d+\s%)(?: · largest)?", boxes.nth(index).inner_text()).groups()
            assert page.locator(".bars .most").inner_text().split() == [said, *share.split()]
            expect(page.locator(".which")).to_contain_text(f"Face {index + 1} of 3")
            expect(page.locator(".found")).to_have_text(re.compile(r"^Found with \d+\s% certainty$"))
        boxes.nth(0).focus()
        page.keyboard.press("Enter")
        expect(boxes.nth(0)).to_have_attribute("aria-pressed", "true")


def test_below_the_threshold_a_face_is_not_very_confident(browser, address):
    with visit(browser, address) as page:
        give(page, ("a.jpg", encoded()))
        expect(page.locator(".verdict")).to_have_text("Looks happy")
        slider = page.get_by_label("Confident from")
        assert slider.input_value() == "35"
        slider.fill("100")
        expect(page.locator(".verdict")).to_have_text("Perhaps looks happy, not very confident")
        expect(page.locator(".box.unsure")).to_have_count(1)
        expect(page.locator("#threshold-value")).to_have_text(re.compile(r"100\s%"))


def test_a_picture_without_a_face_is_read_as_one_face_on_request(browser, address):
    with visit(browser, address) as page:
        give(page, ("wall.png", WALL))
        expect(page.locator(".status-text").first).to_have_text("No face was found in this picture")
        page.get_by_role("button", name="Read the whole picture as one face").click()
        expect(page.locator(".status-text").first).to_have_text("Read as one face")
        expect(page.locator(".found")).to_be_empty()
        expect(page.locator(".bars li")).to_have_count(7)


def test_results_are_saved_one_by_one_and_all_as_a_zip(browser, address):
    with visit(browser, address, REFUSED) as page:
        give(page, ("a.jpg", encoded()), ("wall.png", WALL), ("x.jpg", b"no picture"))
        expect(card(page, "x.jpg")).to_contain_text("it is no picture; expected JPEG, PNG, WebP")
        expect(card(page, "wall.png")).to_contain_text("No face")
        expect(page.locator(".box")).to_have_count(1)
        mine = ".picture-card:has(.box)"
        name, content = saved(page, f"{mine} .save-picture")
        assert name == "a-annotated.jpg"
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR).shape == ASTRONAUT.shape
        name, content = saved(page, f"{mine} .save-csv")
        assert (name, len(content.splitlines())) == ("a.csv", 2)
        name, content = saved(page, f"{mine} .save-json")
        assert (name, json.loads(content)["faces"][0]["expression"]) == ("a.json", "happy")
        name, content = saved(page, "#zip")
        archive = zipfile.ZipFile(io.BytesIO(content))
        assert sum(file.endswith("-annotated.jpg") for file in archive.namelist()) == 2
        assert {entry["name"] for entry in json.loads(archive.read("results.json"))} == {"a.jpg", "wall.png"}
        assert len(list(csv.DictReader(io.StringIO(saved(page, "#csv")[1].decode())))) == 1
        assert len(json.loads(saved(page, "#json")[1])) == 2
        card(page, "x.jpg").get_by_role("button", name="Remove").click()
        expect(page.locator(".picture-card")).to_have_count(2)


# Which labels of a picture can be seen, and what each of them covers: its own face, others, other labels.
COVERED = """() => {
  const rect = (element) => element.getBoundingClientRect()
  const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 0.5
  const boxes = [...document.querySelectorAll(".box:not([aria-pressed=true])")]
  const labels = boxes.map((box) => box.querySelector("span")).filter((label) => label.checkVisibility())
  const everybody = [...document.querySelectorAll(".box")]
  const covers = labels.filter((label) => everybody.some((box) => meet(rect(label), rect(box)))
    || labels.some((other) => other !== label && meet(rect(label), rect(other))))
  return { seen: labels.length, short: boxes.filter(({ dataset }) => dataset.label.includes("short")).length,
    covers: covers.map((label) => label.textContent) }
}"""


def crowd():
    """The answer for a picture of thirty people in rows, close to each other."""
    rest = dict.fromkeys(LABELS, 0.02)
    faces = [
        {
            "box": {"x": 20 + 80 * column + 40 * (row % 2), "y": 4 + 90 * row, "width": 36 + row, "height": 42},
            "track": None,
            "seconds": None,
            "detection": 0.97,
            "angle": 0.0,
            "expression": LABELS[(row + column) % 7],
            "confidence": 0.88,
            "probabilities": {**rest, LABELS[(row + column) % 7]: 0.88},
            "largest": (row, column) == (2, 0),
            "sure": True,
        }
        for row in range(3)
        for column in range(10)
    ]
    return {"name": "crowd.png", "width": 860, "height": 260, "faces": faces, "whole": False, "threshold": 0.35}


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1600, "height": 900}], ids=["phone", "wide"])
def test_in_a_crowd_no_label_covers_a_face_and_each_is_told_on_request(browser, address, viewport):
    with visit(browser, address, viewport=viewport) as page:
        page.route("**/api/analyze*", lambda route: route.fulfill(json=crowd()))
        give(page, ("crowd.png", three()))
        expect(page.locator(".box")).to_have_count(30)
        labels = page.evaluate(COVERED)
        assert labels["covers"] == []
        assert labels["seen"] >= (3 if viewport is PHONE else 18)
        assert labels["short"] > 0
        hidden = page.locator(".box[data-label=none]")
        if viewport is PHONE:
            expect(hidden).not_to_have_count(0)
            hidden.first.focus()
            expect(hidden.first.locator("span")).to_be_visible()
            expect(hidden.first).to_have_accessible_name(re.compile(r"Face \d+ of 30: looks [a-z]+, 88"))
        page.set_viewport_size({"width": viewport["width"] - 20, "height": 800})
        await_until(page, lambda: page.evaluate(COVERED)["covers"] == [], lambda: "labels covered something")


DROP = """(bytes) => {
  const data = new DataTransfer()
  data.items.add(new File([new Uint8Array(bytes)], "given.png", { type: "image/png" }))
  const event = (kind) => new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true })
  document.body.dispatchEvent(event("dragover"))
  document.body.dispatchEvent(event("drop"))
}"""
PASTE = """(bytes) => {
  const data = new DataTransfer()
  data.items.add(new File([new Uint8Array(bytes)], "given.png", { type: "image/png" }))
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }))
}"""


@pytest.mark.parametrize("way", [DROP, PASTE], ids=["drop", "paste"])
def test_pictures_may_be_dropped_and_pasted(browser, address, way):
    with visit(browser, address) as page:
        page.evaluate(way, list(WALL))
        expect(card(page, "given.png")).to_contain_text("No face")


def test_a_picture_too_large_is_told_before_it_is_sent(browser, address):
    with visit(browser, address) as page:
        give(page, ("big.jpg", b"\xff" * 2_000_001))
        expect(page.locator("#message")).to_have_text("big.jpg is larger than 2 MB.")
        expect(page.locator(".picture-card")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 1600, "height": 900}], ids=["phone", "wide"])
def test_nothing_sticks_out_jumps_or_keeps_anybody_out(browser, address, scheme, viewport):
    options = {"viewport": viewport, "color_scheme": scheme, "reduced_motion": "reduce"}
    with visit(browser, address, REFUSED, **options) as page:
        assert barriers(page) == []
        give(page, ("three.png", three()), ("wall.png", WALL), ("x.jpg", b"no picture"))
        expect(page.locator(".box")).to_have_count(3)
        expect(card(page, "x.jpg")).to_contain_text("it is no picture")
        assert barriers(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert page.evaluate(STICKING_OUT) == []


def test_about_page_tells_the_limits_and_keeps_nobody_out(browser, address):
    for scheme in ("light", "dark"):
        with visit(browser, address.replace("/pictures", "/about"), viewport=PHONE, color_scheme=scheme) as page:
            expect(page.locator("main")).to_contain_text("It reads how a face looks, not what a person feels")
            matrix = page.get_by_alt_text(re.compile("Confusion matrix"))
            matrix.scroll_into_view_if_needed()
            page.wait_for_function("() => document.querySelector('figure img').naturalWidth > 100")
            assert barriers(page) == []
            assert page.evaluate(STICKING_OUT) == []
            assert page.evaluate(LAYOUT_SHIFT) < 0.02
