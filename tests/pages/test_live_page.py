"""The live page in a real headless Chromium, against the real server: picture, cards, words, layout."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import (
    MADE_UP_EVENTS,
    await_faces,
    await_movement,
    await_situation,
    await_until,
    face,
    made_up,
    pixels,
    state_of,
    tell,
)
from tests.support.clients.visits import LAYOUT_SHIFT, PHONE, STICKING_OUT, visit

# Contrast of each text with the ground that it stands on, by WCAG 2.2's relative luminance.
CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = (colour) => parts(colour).slice(0, 3)
    .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0)
  const ground = (element) => {
    const colour = getComputedStyle(element).backgroundColor
    return (parts(colour)[3] ?? 1) === 1 ? colour : ground(element.parentElement)
  }
  const texts = [...document.querySelectorAll("h1 span, h2, p, dt, dd, button, kbd, li, .count, .said, .guess")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.textContent.trim())
    .filter((element) => !element.closest(".screen, .toast, :disabled"))
  return texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x)
    return [element.textContent.trim(), (a + 0.05) / (b + 0.05)]
  })
}"""


def cards(page):
    rows = page.locator(".face").all()
    return [
        " ".join(f"{row.locator('.looks').inner_text()} {row.locator('.share').inner_text()}".split()) for row in rows
    ]


def test_page_shows_moving_pictures_and_faces_without_jumping(browser, base):
    with visit(browser, base) as page:
        await_movement(page)
        await_faces(page)
        assert page.locator("#veil").evaluate("veil => getComputedStyle(veil).visibility") == "hidden"
        assert page.evaluate(LAYOUT_SHIFT) < 0.02
        expect(page.locator(".face .said").first).to_have_text(re.compile("^(Looks [a-z]+|Unsure)$"))
        expect(page.locator(".face .since").first).to_have_text(re.compile(r"^in view \d+:\d\d$"))
        expect(page.locator("#fps")).to_have_text(re.compile(r"^[1-9]\d*$"))
        expect(page.locator("#delay")).to_have_text(re.compile(r"^\d+\sms$"))
        expect(page.locator("#viewers")).to_have_text("1")
        expect(page.locator("#model")).to_have_text(state_of(base)["model"]["name"])


def test_a_card_has_the_face_cut_from_the_picture_and_seven_bars(browser, base):
    with visit(browser, base) as page:
        await_faces(page)
        card = page.locator(".face").first
        expect(card.locator(".bars li")).to_have_count(7)
        await_until(page, lambda: pixels(page, ".face .thumb").std() > 10, lambda: "the thumbnail showed nothing")
        shares = [int(text.rstrip(" %\xa0")) for text in card.locator(".bar-share").all_inner_texts()]
        assert 97 <= sum(shares) <= 103
        lengths = card.locator(".gauge span").evaluate_all("bars => bars.map(bar => bar.style.transform)")
        assert len(set(lengths)) > 2, "bars are as long as they are probable"


def order(page):
    """The cards by what they were marked with, None for new ones."""
    return page.evaluate("[...document.querySelectorAll('.face')].map(card => card.mark ?? null)")


def mark(page):
    page.evaluate("document.querySelectorAll('.face').forEach((card, place) => { card.mark = place })")


def test_faces_alike_are_ordered_as_in_the_picture_and_their_cards_are_kept(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, made_up([face(7, 900, "happy", 0.93, 65.2), face(3, 100, "surprise", 0.34)]))
        expect(page.locator(".face")).to_have_count(2)
        assert cards(page) == ["Unsure perhaps surprised 34 %", "Looks happy 93 %"]
        assert page.locator(".since").nth(1).inner_text() == "in view 1:05"
        assert page.locator(".found").nth(1).inner_text().split() == ["a", "face:", "97", "%"]
        assert page.locator("#count").inner_text() == "2"
        assert page.locator("#delay").inner_text().split() == ["34", "ms"]
        mark(page)
        tell(page, made_up([face(3, 800, "fear", 0.6), face(7, 200, "sad", 0.5), face(9, 500, "neutral", 0.4)]))
        expect(page.locator(".face")).to_have_count(3)
        assert cards(page) == ["Looks fearful 60 %", "Looks sad 50 %", "Looks neutral 40 %"], "those who cross stay"
        assert order(page) == [0, 1, None]


def sized(*sides, expression="happy"):
    """Faces of these sizes, from the left."""
    return made_up([face(track, 40 * track, expression, 0.9, side=side) for track, side in enumerate(sides)])


def test_the_largest_faces_come_first_and_cards_of_nearly_the_same_size_keep_their_places(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, sized(40, 100, 80))
        expect(page.locator(".face")).to_have_count(3)
        mark(page)
        page.locator(".pick").nth(1).focus()
        for sides in ((40, 84, 92), (40, 80, 94), (42, 100, 90)):
            tell(page, sized(*sides, expression="sad"))
            expect(page.locator(".said").last).to_have_text("Looks sad")
            assert order(page) == [0, 1, 2]
            tell(page, sized(*sides))
            expect(page.locator(".said").last).to_have_text("Looks happy")
        tell(page, sized(40, 70, 94, expression="sad"))
        expect(page.locator(".said").last).to_have_text("Looks sad")
        assert order(page) == [1, 0, 2], "clearly larger"
        assert page.evaluate("document.activeElement.closest('.face').mark") == 1, "the focus went with its card"
        tell(page, sized(140, 70, 94))
        expect(page.locator(".said").last).to_have_text("Looks happy")
        assert order(page) == [2, 1, 0]


def test_of_a_crowd_the_largest_have_cards_and_the_others_are_shown_on_request(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, sized(*range(30, 60)))
        expect(page.locator(".face")).to_have_count(6)
        expect(page.locator("#count")).to_have_text("30")
        more = page.get_by_role("button", name="and 24 more faces: show all")
        expect(more).to_have_attribute("aria-expanded", "false")
        page.locator(".pick").last.press("Enter")
        tell(page, sized(*range(30, 60), 200))
        expect(page.locator("#count")).to_have_text("31")
        expect(page.locator(".face")).to_have_count(7)
        expect(page.locator(".pick").last).to_have_attribute("aria-pressed", "true")
        page.get_by_role("button", name="and 24 more faces: show all").press("Enter")
        expect(page.locator(".face")).to_have_count(31)
        page.get_by_role("button", name="Show the 6 largest only").click()
        expect(page.locator(".face")).to_have_count(7)
        tell(page, sized(*range(30, 36)))
        expect(page.locator(".face")).to_have_count(6)
        expect(page.locator("#more")).to_be_hidden()
        tell(page, sized(*range(30, 37)))
        expect(page.locator("#more")).to_have_text("and 1 more face: show all")


def test_a_crowd_tells_a_screen_reader_nothing_by_itself(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, sized(*range(30, 60)))
        expect(page.locator(".face")).to_have_count(6)
        spoken = page.locator("[aria-live], [role=status], [role=alert], [role=log], output").all()
        assert not [one for one in spoken if one.locator(".face, #more, #count, .whose").count()]
        assert page.locator("#panel-title, .people, .face").evaluate_all(
            "(parts) => parts.every((part) => !part.closest('[aria-live], [role=status], [role=alert], [role=log]'))"
        )


def test_page_says_when_no_face_is_in_view_and_when_the_camera_is_lost(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, made_up([]))
        await_situation(page, "live")
        expect(page.locator("#empty")).to_contain_text("No face in view")
        tell(page, made_up([], status="lost", message="it gives no new frames"))
        await_situation(page, "camera-lost")
        expect(page.locator("#connection")).to_have_text("Camera lost")
        expect(page.locator("#empty")).to_contain_text("It gives no new frames")
        expect(page.locator("#notice")).to_be_hidden()
        tell(page, {**made_up([]), "notice": "No camera was found."})
        expect(page.locator("#notice")).to_have_text("No camera was found.")
        expect(page.get_by_role("link", name="Use your own camera")).to_have_attribute("href", "/camera")


def test_phone_shows_everything_without_sideways_scrolling(browser, base):
    with visit(browser, base, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        await_faces(page)
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        assert page.evaluate(STICKING_OUT) == []
        picture = page.locator("#screen").bounding_box()
        assert picture["width"] == PHONE["width"]
        assert picture["y"] < 120, "the picture comes first"
        expect(page.locator("#keys")).to_be_hidden()
        for button in page.locator(".tool:visible").all():
            box = button.bounding_box()
            assert 0 <= box["x"] < box["x"] + box["width"] <= PHONE["width"]
            assert box["height"] >= 44, "large enough for a thumb"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, base, scheme):
    with visit(browser, base, script=MADE_UP_EVENTS, color_scheme=scheme, reduced_motion="reduce") as page:
        tell(page, {**made_up([face(1, 100, "happy", 0.9), face(2, 500, "sad", 0.3)]), "notice": "No camera."})
        expect(page.locator(".face")).to_have_count(2)
        await_situation(page, "live")
        page.keyboard.press("a")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 40
        assert [(text, contrast) for text, contrast in contrasts if contrast < 4.5] == []


def test_every_control_has_a_name_and_is_reached_by_tab(browser, base):
    with visit(browser, base, script=MADE_UP_EVENTS) as page:
        tell(page, made_up([face(1, 100, "happy", 0.9)]))
        expect(page.locator(".face")).to_have_count(1)
        expect(page.get_by_alt_text(re.compile("Live picture of camera"))).to_be_visible()
        names = ["Pause", "All seven", "Mirror", "Privacy", "Screenshot", "Record", "Adjust", "Full screen", "Keys"]
        for name in names:
            expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()
        page.get_by_role("link", name="About").focus()
        reached = []
        for _ in range(len(names) + 2):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        tools = ["pause", "bars", "mirror", "privacy", "screenshot", "record", "adjust", "fullscreen", "keys"]
        assert reached == [*tools, "plot", "pick"]
