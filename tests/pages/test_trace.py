"""The live page's time line: what it tells of which moment, by mouse, touch and key, and how much it remembers."""

import re
from itertools import pairwise

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import MADE_UP_EVENTS, await_situation, await_until, face, made_up, tell
from tests.support.clients.visits import visit

# Half a day of four faces at a time, who change every minute; then what is kept, and what is known of some moments.
HALF_A_DAY = """async () => {
  const { History, MOMENTS, MOST_FACES, STEP } = await import("./static/panel/history.js")
  const history = new History()
  const box = { x: 0, y: 0, width: 50, height: 50 }
  const look = (track, happy) => ({ track, box, expression: "happy", probabilities: { happy, sad: 1 - happy } })
  const sizes = []
  const began = 1_700_000_000
  for (let second = 0; second < 43_200; second += 0.5) {
    const minute = Math.floor(second / 60)
    const faces = second % 3600 < 60 ? [] : [0, 1, 2, 3].map((place) => look(4 * minute + place, place / 4))
    history.add(faces, began + second)
    if (second % 3600 === 3599.5) sizes.push(history.size)
  }
  const at = (track, back) => { const row = history.at(track, history.newest - back / STEP); return row && [...row] }
  return { sizes, mean: at(null, 0), one: at(4 * 719 + 3, 1), before: at(4 * 719 + 3, 61), far: at(null, 301),
    known: [history.has(4 * 719), history.has(0)], length: history.length, limit: (MOST_FACES + 1) * MOMENTS * 2 }
}"""
GAPS = """async () => {
  const { History, STEP } = await import("./static/panel/history.js")
  const history = new History()
  const box = { x: 0, y: 0, width: 50, height: 50 }
  const look = (happy) => [{ track: 1, box, expression: "happy", probabilities: { happy, sad: 1 - happy } }]
  const known = () => [0, 1, 2, 3, 4].map((back) => history.at(1, history.newest - back / STEP)?.[0] ?? null)
  history.add(look(0.25), 1000)
  history.add(look(0.75), 1003)
  const lost = known()
  history.add([], 1004)
  const away = known()
  history.add(look(0.5), 2000)
  const long = known()
  history.add(look(0.5), 1990)
  const late = new History()
  for (const now of [3000, 3001.5, 3003.5]) late.add(look(0.5), now)
  const bridged = [0, 1, 2, 3, 4, 5, 6, 7].map((steps) => late.at(1, late.newest - steps) !== null)
  return { bridged, lost, away, long, back: known() }
}"""

# More faces at a time than are kept, the first the largest, a few times.
CROWD = """async () => {
  const { History, MOST_FACES } = await import("./static/panel/history.js")
  const history = new History()
  const face = (track, side) => ({ track, box: { x: 0, y: 0, width: side, height: side }, expression: "happy",
    probabilities: { happy: 0.75, sad: 0.25 } })
  for (let now = 1000; now < 1003; now += 0.5) {
    history.add(Array.from({ length: MOST_FACES + 20 }, (_, track) => face(track, 200 - track)), now)
  }
  const whole = (track) => [0, 1, 2, 3].every((back) => history.at(track, history.newest - back))
  return { largest: [0, 1, MOST_FACES - 1].map(whole), smaller: history.has(MOST_FACES),
    mean: [...history.at(null, history.newest)] }
}"""


@pytest.fixture
def page(browser, base):
    """The page with two faces, told by made-up events for some seconds."""
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, made_up([face(1, 100, "happy", 0.8), face(2, 500, "sad", 0.6)]))
        expect(page.locator(".face")).to_have_count(2)
        await_until(page, lambda: painted(page)[-5], lambda: "the time line was not two seconds long")
        yield page


def painted(page):
    """Which of the minute's moments have a colour on the time line, (120,) bools, the oldest first."""
    places = page.evaluate("""() => {
      const canvas = document.querySelector(".plot canvas")
      const { data, width } = canvas.getContext("2d").getImageData(0, canvas.height / 2, canvas.width, 1)
      return Array.from({ length: width }, (_, x) => data[4 * x + 3] > 0)
    }""")
    return [bool(np.mean(part) > 0.5) for part in np.array_split(places, 120)]


def pieces(page):
    """Into how many pieces the time line falls."""
    moments = painted(page)
    return sum(after and not before for before, after in pairwise([False, *moments]))


def shares(page):
    return dict(
        re.fullmatch(r"(\w+)\s+(\S.*)", text).groups() for text in page.locator("#trace .legend li").all_inner_texts()
    )


def test_the_mean_of_all_faces_is_shown_until_one_is_chosen(page):
    assert shares(page)["happy"] == "43\xa0%"
    expect(page.locator("#trace .summary")).to_have_text("On average happy 43\xa0%, sad 32\xa0%")
    card = page.locator(".face").nth(1)
    card.get_by_role("button", name="Time line of this face").press("Enter")
    expect(card.locator(".pick")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#trace .whose")).to_have_text("The chosen face")
    assert shares(page)["sad"] == "60\xa0%"
    page.locator(".face").first.click()
    assert shares(page)["happy"] == "80\xa0%"
    page.get_by_role("button", name="Show all faces").click()
    expect(page.locator("#trace .whose")).to_have_text("All faces")
    assert shares(page)["happy"] == "43\xa0%"


def test_the_chosen_face_leaves_a_gap_when_it_goes(page):
    page.locator(".face").first.click()
    tell(page, made_up([face(2, 500, "sad", 0.6)]))
    expect(page.locator(".face")).to_have_count(1)
    expect(page.locator("#trace .when")).to_have_text("Now, no face")
    assert set(shares(page).values()) == {"\u2013"}
    plot = page.locator(".plot").bounding_box()
    page.mouse.move(plot["x"] + plot["width"] * (1 - 2 / 60), plot["y"] + 20)
    assert shares(page)["happy"] == "80\xa0%", "what was read before is still there"


def test_pointing_and_arrow_keys_tell_time_and_values(page):
    plot = page.locator(".plot")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] * (1 - 1.2 / 60), box["y"] + 20)
    expect(page.locator("#trace .cursor")).to_be_visible()
    expect(page.locator("#trace .when")).to_have_text(re.compile(r"^\d+:\d\d:\d\d"))
    page.mouse.move(box["x"] + 5, box["y"] + 20)
    expect(page.locator("#trace .when")).to_have_text(re.compile("no face$"))
    page.mouse.move(0, 0)
    expect(page.locator("#trace .when")).to_have_text("Now")
    plot.focus()
    page.keyboard.press("ArrowLeft")
    expect(plot).to_have_attribute("aria-valuenow", "-1")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"happy 43\s%, sad 32\s%"))
    page.keyboard.press("PageDown")
    expect(plot).to_have_attribute("aria-valuenow", "-11")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("no face"))
    page.keyboard.press("End")
    expect(plot).to_have_attribute("aria-valuenow", "0")
    page.keyboard.press("Escape")
    expect(page.locator("#trace .cursor")).to_be_hidden()


def test_the_picture_of_it_has_the_colours_of_the_expressions(page):
    newest = page.locator(".plot canvas").evaluate("""(canvas) => {
      const { data } = canvas.getContext("2d").getImageData(canvas.width - 2, 0, 1, canvas.height)
      const colours = new Set()
      for (let place = 0; place < data.length; place += 4) colours.add(data.slice(place, place + 3).join())
      return colours.size
    }""")
    assert newest == 7, "one band for each expression"


def test_paused_time_is_a_gap(page):
    page.keyboard.press("Space")
    await_situation(page, "paused")
    page.wait_for_timeout(2500)  # what is shorter counts as a late moment, and is bridged
    page.keyboard.press("Space")
    await_situation(page, "live")
    await_until(page, lambda: pieces(page) == 2, lambda: f"{pieces(page)} pieces, where two are expected")


def test_hours_take_no_more_memory_than_minutes_and_what_was_not_seen_is_a_gap(browser, base):
    with visit(browser, f"{base}/about") as page:
        measured = page.evaluate(HALF_A_DAY)
        gaps = page.evaluate(GAPS)
    assert max(measured["sizes"]) <= measured["limit"]
    assert measured["sizes"][-1] == measured["sizes"][1], "it grows no more"
    assert measured["mean"] == [0.375, 0.625]
    assert measured["one"] == [0.75, 0.25]
    assert measured["before"] is measured["far"] is None
    assert measured["known"] == [True, False]
    assert 299 <= measured["length"] <= 300
    assert gaps["bridged"] == [True, False, False, False, True, True, True, True], "what comes a little late is no gap"
    assert gaps["lost"] == [0.75, None, None, 0.25, None]
    assert gaps["away"] == [None, 0.75, None, None, 0.25]
    assert gaps["long"] == [0.5, None, None, None, None]
    assert gaps["back"] == [0.5, None, None, None, None], "a clock that was put back makes what is known worthless"


def test_of_a_crowd_the_largest_faces_are_remembered_and_the_mean_is_of_all(browser, base):
    with visit(browser, f"{base}/about") as page:
        known = page.evaluate(CROWD)
    assert known == {"largest": [True, True, True], "smaller": False, "mean": [0.75, 0.25]}


def test_the_time_line_of_a_crowd_tells_how_many_are_in_view(page):
    tell(page, made_up([face(track, 40 * track, "happy", 0.8) for track in range(30)]))
    expect(page.locator("#trace .whose")).to_have_text("All faces, 30 in view")
    tell(page, made_up([face(track, 40 * track, "happy", 0.8) for track in range(4)]))
    expect(page.locator("#trace .whose")).to_have_text("All faces")
