"""What a visitor of the live page chooses for the picture: seen in its pixels, and by nobody else."""

from contextlib import ExitStack

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import await_faces, await_situation, await_true, serving
from tests.support.clients.visits import visit

# How much detail is left in the middle of the first face, and its hue's spread: mean step from pixel to pixel.
DETAIL = """async (privacy) => {
  const { cameras: [{ faces, width }] } = await (await fetch("api/state")).json()
  const picture = document.querySelector("#screen .picture.drawn")
  if (!faces.length || !picture) return null
  const scale = picture.naturalWidth / width
  const { box } = faces[0]
  const [side, left, top] = [box.width * scale * 0.5, (box.x + box.width / 4) * scale, (box.y + box.height / 4) * scale]
  const canvas = new OffscreenCanvas(Math.round(side), Math.round(side))
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.drawImage(picture, left, top, side, side, 0, 0, canvas.width, canvas.height)
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height)
  let sum = 0
  for (let place = 4; place < data.length; place += 4) sum += Math.abs(data[place + 1] - data[place - 3])
  return sum / (data.length / 4)
}"""


def detail(page):
    """The smallest of some readings: a face may have moved between the picture and the state."""
    found = []
    for _ in range(300):
        reading = page.evaluate(DETAIL)
        found += [] if reading is None else [reading]
        if len(found) == 5:
            return float(np.median(found))
        page.wait_for_timeout(100)
    pytest.fail(f"a face was in view {len(found)} times of 300")


def brightness(page):
    """Mean brightness of the picture's left and right quarter."""
    return page.evaluate("""() => {
      const canvas = new OffscreenCanvas(64, 36)
      const pen = canvas.getContext("2d", { willReadFrequently: true })
      pen.drawImage(document.querySelector("#screen .picture.drawn"), 0, 0, 64, 36)
      const mean = (left) => pen.getImageData(left, 0, 12, 12).data.reduce((sum, value) => sum + value, 0) / 576
      return [mean(0), mean(52)]
    }""")


def choose(page, key, button):
    page.keyboard.press(key)
    expect(page.locator(f"#{button}")).to_have_attribute("aria-pressed", "true")
    await_situation(page, "live")
    page.wait_for_timeout(500)


def test_privacy_hides_the_faces_of_one_visitor_and_leaves_another_s_view_alone(browser, base):
    with ExitStack() as stack:
        one, other = (stack.enter_context(visit(browser, base)) for _ in range(2))
        for page in (one, other):
            await_faces(page)
        clear = detail(one)
        assert clear > 2
        choose(one, "p", "privacy")
        assert detail(one) < 0.45 * clear, "the pixels of the served frame are blurred"
        assert detail(other) > 0.6 * clear, "the other visitor sees what they saw before"
        assert "privacy" not in other.locator("#screen .picture").get_attribute("src")
        thumbs = [page.locator(".face .thumb").first.evaluate(STEPS) for page in (one, other)]
        assert thumbs[0] < 0.6 * thumbs[1], "what is cut from the picture is blurred as well"


STEPS = """(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  let sum = 0
  for (let place = 4; place < data.length; place += 4) sum += Math.abs(data[place + 1] - data[place - 3])
  return sum / (data.length / 4)
}"""


def test_privacy_that_the_server_demands_is_the_least_that_may_be_chosen(browser):
    with serving("demo", options=("--privacy", "blur")) as base, visit(browser, base) as page:
        await_faces(page)
        assert page.locator("#privacy").get_attribute("aria-pressed") == "true"
        assert page.locator("#privacy").inner_text() == "Blurred"
        hidden = detail(page)
        page.keyboard.press("p")
        await_true(page, "document.getElementById('privacy').innerText === 'Covered'")
        page.keyboard.press("p")
        await_true(page, "document.getElementById('privacy').innerText === 'Blurred'")
        await_situation(page, "live")
        page.wait_for_timeout(300)
        assert max(hidden, detail(page)) < 3.5, "no choice shows a face"


def test_the_mirror_turns_the_picture_and_leaves_the_cards_where_they_are(browser, base):
    with visit(browser, base) as page:
        await_faces(page)
        await_true(page, "document.querySelectorAll('.face').length === 3")
        left, right = brightness(page)
        assert abs(left - right) > 15, "the demo's window makes its left brighter"
        page.evaluate("document.querySelectorAll('.face').forEach((card, place) => { card.mark = place })")
        choose(page, "m", "mirror")
        mirrored = brightness(page)
        assert abs(mirrored[0] - right) < 12
        assert abs(mirrored[1] - left) < 12
        await_true(page, "String([...document.querySelectorAll('.face')].map(card => card.mark)) === '0,1,2'")
