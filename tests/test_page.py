"""The live page in a real headless Chromium, against the real server."""

import json
import re
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.browsers import chromium
from tests.servers import free_port, running

STRICT = (
    "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
DESKTOP, PHONE = {"width": 1280, "height": 720}, {"width": 360, "height": 740}
LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]

# A small grey copy of the picture as it stands, as a list of brightnesses.
LOOK = """() => {
  const canvas = new OffscreenCanvas(64, 36)
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.drawImage(document.querySelector(".picture.drawn"), 0, 0, 64, 36)
  return Array.from(pen.getImageData(0, 0, 64, 36).data.filter((_, place) => place % 4 === 1))
}"""
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
  const texts = [...document.querySelectorAll("h1 span, h2, p, dt, dd, button, kbd, .count, .said, .guess")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }) && element.textContent.trim())
    .filter((element) => !element.closest(".screen"))
  return texts.map((element) => {
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x)
    return [element.textContent.trim(), (a + 0.05) / (b + 0.05)]
  })
}"""
LAYOUT_SHIFT = """() => new Promise((resolve) => {
  let sum = 0
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value }))
    .observe({ type: "layout-shift", buffered: true })
  setTimeout(() => resolve(sum), 300)
})"""
STICKING_OUT = """() => [...document.querySelectorAll("header *, .notice, main *, footer *")]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden })
  document.dispatchEvent(new Event("visibilitychange"))
}"""

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as launched:
        yield launched


def command(port: int, *sources: str) -> list[str]:
    """The server, with small pictures: a busy machine must draw, analyse and show them all at once."""
    given = [part for source in sources for part in ("--source", source)]
    return [sys.executable, "main.py", "--port", str(port), "--width", "640", "--height", "360", "--fps", "15", *given]


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    port = free_port()
    with running(command(port, "demo"), port):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def problems() -> Iterator[list[str]]:
    """What a browser complains of, and what a page asks of another host; none is expected unless a test clears it."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def visit(browser: Browser, problems: list[str]) -> Iterator[Visit]:
    """Opens an address as a new visitor, under a strict Content-Security-Policy on top of the server's own."""
    contexts = []

    def open_page(address: str, *, states: Callable[[Route], None] | None = None, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": DESKTOP, **options})
        contexts.append(context)
        host = "/".join(address.split("/")[:3])
        context.on("request", lambda request: _note_stranger(request.url, host, problems))
        context.route(re.compile(re.escape(host) + r"/(\?.*)?$"), _be_strict)
        if states:
            context.route("**/api/state?*", states)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def _note_stranger(address: str, host: str, problems: list[str]) -> None:
    if not address.startswith((f"{host}/", "blob:", "data:")):
        problems.append(f"asked another host: {address}")


def _be_strict(route: Route) -> None:
    answer = route.fetch()
    own = answer.headers.get("content-security-policy")
    route.fulfill(
        response=answer, headers={**answer.headers, "content-security-policy": ", ".join(filter(None, (own, STRICT)))}
    )


def await_situation(page: Page, situation: str, timeout: float = 15) -> None:
    expect(page.locator("#connection")).to_have_attribute("data-state", situation, timeout=timeout * 1000)


def state_of(base: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{base}/api/state", timeout=5) as answer:
        return dict(json.load(answer))


def look(page: Page) -> np.ndarray:
    return np.array(page.evaluate(LOOK), float)


def await_movement(page: Page) -> None:
    await_situation(page, "live")
    before = look(page)
    for _ in range(50):
        page.wait_for_timeout(100)
        if np.abs(look(page) - before).max() > 20:
            return
    pytest.fail("the picture stood still for 5 s")


def await_viewers(page: Page, base: str, expected: dict[str, int]) -> None:
    for _ in range(80):
        found = {camera["name"]: camera["viewers"] for camera in state_of(base)["cameras"]}
        if found == expected:
            return
        page.wait_for_timeout(100)
    pytest.fail(f"expected the viewers {expected}, found {found} for 8 s")


def made_up(faces: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A state as the server tells it, of a camera that is live, with `changes` to the camera's part."""
    camera = {
        "name": "camera",
        "source": "demo",
        "status": "live",
        "message": "",
        "width": 1280,
        "height": 720,
        "fps": 29.8,
        "capture_fps": 30.0,
        "frame": 100,
        "latency": 0.0344,
        "viewers": 2,
        "faces": faces,
    }
    model = {"name": "made-up", "labels": LABELS, "runtime": "litert"}
    return {
        "notice": "",
        "threshold": 0.35,
        "model": model,
        "viewers": 2,
        "uptime": 1.0,
        "viewer": {"delivering": True},
        "cameras": [{**camera, **changes}],
    }


def face(track: int, x: int, expression: str, confidence: float) -> dict[str, Any]:
    rest = (1 - confidence) / (len(LABELS) - 1)
    return {
        "box": {"x": x, "y": 200, "width": 160, "height": 160},
        "track": track,
        "expression": expression,
        "confidence": confidence,
        "probabilities": {label: confidence if label == expression else rest for label in LABELS},
    }


class States:
    """Answers a page's questions for the state with what a test puts here."""

    def __init__(self, state: dict[str, Any]) -> None:
        self.state = state

    def __call__(self, route: Route) -> None:
        route.fulfill(json=self.state)


def cards(page: Page) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(".face").all_inner_texts()]


def test_page_shows_moving_pictures_without_jumping(visit: Visit, base: str) -> None:
    page = visit(base)
    await_movement(page)
    assert page.locator("#veil").evaluate("veil => getComputedStyle(veil).visibility") == "hidden"
    assert page.evaluate(LAYOUT_SHIFT) < 0.02


def test_page_lists_the_demos_faces_with_expression_and_probability(visit: Visit, base: str) -> None:
    page = visit(base)
    await_situation(page, "live")
    expect(page.locator(".face .said").first).to_have_text(re.compile(r"^Looks [a-z]+$"), timeout=15_000)
    assert re.search(r"^(Looks [a-z]+|Unsure perhaps [a-z]+) \d+ %$", cards(page)[0])
    expect(page.locator("#fps")).to_have_text(re.compile(r"^[1-9]\d*$"))
    expect(page.locator("#delay")).to_have_text(re.compile(r"^\d+\sms$"))
    expect(page.locator("#viewers")).to_have_text("1")
    expect(page.locator("#model")).to_have_text(state_of(base)["model"]["name"])


def test_faces_are_ordered_as_in_the_picture_and_their_cards_are_kept(visit: Visit, base: str) -> None:
    states = States(made_up([face(7, 900, "happy", 0.93), face(3, 100, "surprise", 0.34)]))
    page = visit(base, states=states)
    expect(page.locator(".face")).to_have_count(2)
    assert cards(page) == ["Unsure perhaps surprised 34 %", "Looks happy 93 %"]
    assert page.locator("#count").inner_text() == "2"
    assert page.locator("#delay").inner_text().split() == ["34", "ms"]
    page.evaluate("document.querySelectorAll('.face').forEach((card, place) => { card.mark = place })")
    states.state = made_up([face(3, 800, "fear", 0.6), face(7, 200, "sad", 0.5), face(9, 500, "neutral", 0.4)])
    expect(page.locator(".face")).to_have_count(3)
    assert cards(page) == ["Looks sad 50 %", "Looks neutral 40 %", "Looks fearful 60 %"]
    assert page.evaluate("[...document.querySelectorAll('.face')].map(card => card.mark ?? null)") == [1, None, 0]


def test_page_says_when_no_face_is_in_view_and_when_the_camera_is_lost(visit: Visit, base: str) -> None:
    states = States(made_up([]))
    page = visit(base, states=states)
    await_situation(page, "live")
    expect(page.locator("#empty")).to_contain_text("No face in view")
    states.state = made_up([], status="lost", message="it gives no new frames")
    await_situation(page, "camera-lost")
    expect(page.locator("#connection")).to_have_text("Camera lost")
    expect(page.locator("#empty")).to_contain_text("It gives no new frames")
    expect(page.locator("#notice")).to_be_hidden()
    states.state = {**made_up([]), "notice": "No camera was found."}
    expect(page.locator("#notice")).to_have_text("No camera was found.")
    expect(page.get_by_role("link", name="Use your own camera")).to_have_attribute("href", "/camera")


def assert_picture(path: Path, base: str) -> None:
    camera = state_of(base)["cameras"][0]
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (camera["height"], camera["width"], 3)
    assert image.std() > 5, "the screenshot shows nothing"


@pytest.mark.parametrize("way", ["button", "key"])
def test_screenshot_is_saved_as_a_jpeg_of_the_frames_size(visit: Visit, base: str, way: str) -> None:
    page = visit(base)
    await_situation(page, "live")
    with page.expect_download() as download:
        page.click("#screenshot") if way == "button" else page.keyboard.press("s")
    assert re.fullmatch(r"camera-\d{4}(-\d\d){5}\.jpg", download.value.suggested_filename)
    expect(page.locator("#toast")).to_have_text(f"Saved {download.value.suggested_filename}")
    assert_picture(download.value.path(), base)


def test_failed_screenshot_is_told(visit: Visit, base: str, problems: list[str]) -> None:
    page = visit(base)
    await_situation(page, "live")
    page.route("**/snapshot.jpg?*", lambda route: route.fulfill(status=503, body="none"))
    page.keyboard.press("s")
    expect(page.locator("#toast")).to_contain_text("No screenshot")
    assert all("503" in problem for problem in problems)
    problems.clear()


def test_key_f_goes_to_full_screen_and_back(visit: Visit, base: str) -> None:
    page = visit(base)
    await_situation(page, "live")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.id === 'stage'")
    expect(page.locator("#fullscreen")).to_have_text("Exit full screen")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    page.click("#fullscreen")
    page.wait_for_function("document.fullscreenElement?.id === 'stage'")


def test_keys_with_modifiers_are_left_to_the_browser(visit: Visit, base: str) -> None:
    page = visit(base)
    press = """(modifiers) => document.dispatchEvent(
      new KeyboardEvent("keydown", { key: "f", cancelable: true, ...modifiers }))"""
    await_situation(page, "live")
    assert page.evaluate(press, {"ctrlKey": True})
    assert page.evaluate(press, {"metaKey": True})
    assert not page.evaluate(press, {})


def test_phone_shows_everything_without_sideways_scrolling(visit: Visit, base: str) -> None:
    page = visit(base, viewport=PHONE, has_touch=True, is_mobile=True)
    await_situation(page, "live")
    expect(page.locator(".face")).not_to_have_count(0, timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.evaluate(STICKING_OUT) == []
    picture = page.locator("#screen").bounding_box()
    assert picture["width"] == PHONE["width"]
    assert picture["y"] < 120, "the picture comes first"
    for button in ("#screenshot", "#fullscreen"):
        box = page.locator(button).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]
        assert box["height"] >= 40, "large enough for a thumb"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(visit: Visit, base: str, scheme: str) -> None:
    states = States({**made_up([face(1, 100, "happy", 0.9), face(2, 500, "sad", 0.3)]), "notice": "No camera."})
    page = visit(base, states=states, color_scheme=scheme, reduced_motion="reduce")
    expect(page.locator(".face")).to_have_count(2)
    await_situation(page, "live")
    contrasts = page.evaluate(CONTRASTS)
    assert len(contrasts) > 15
    assert [(text, contrast) for text, contrast in contrasts if contrast < 4.5] == []


def test_every_control_has_a_name_and_is_reached_by_tab(visit: Visit, base: str) -> None:
    page = visit(base)
    await_situation(page, "live")
    expect(page.get_by_role("button", name="Screenshot")).to_be_visible()
    expect(page.get_by_role("button", name="Full screen")).to_be_visible()
    expect(page.get_by_alt_text(re.compile("Live picture of camera"))).to_be_visible()
    reached = []
    page.get_by_role("link", name="About").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert reached == ["screenshot", "fullscreen", "people"]


def test_stream_that_ends_while_the_server_lives_is_taken_up_again(visit: Visit, browser: Browser, base: str) -> None:
    asked: list[str] = []

    def end_the_first(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            return route.continue_()
        part = (
            b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + cv2.imencode(".jpg", np.zeros((72, 128, 3)))[1].tobytes()
        )
        kind = "multipart/x-mixed-replace; boundary=frame"
        return route.fulfill(body=part + b"\r\n--frame--\r\n", content_type=kind)

    page = visit(f"{base}/healthz")
    page.route("**/video_feed?*", end_the_first)
    page.goto(base)
    await_movement(page)
    assert len(asked) == 2
    assert asked[0] != asked[1], "each connection has its own id"


def test_hidden_page_gives_its_stream_back_until_it_is_shown(visit: Visit, base: str) -> None:
    page = visit(base)
    await_situation(page, "live")
    await_viewers(page, base, {"camera": 1})
    page.evaluate(HIDE, True)
    await_viewers(page, base, {"camera": 0})
    page.evaluate(HIDE, False)
    await_movement(page)
    await_viewers(page, base, {"camera": 1})


def test_choice_of_camera_switches_the_stream_and_is_remembered(visit: Visit) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    with running(command(port, "left=demo", "right=demo"), port):
        page = visit(f"{base}/?camera=nobody")
        await_situation(page, "live")
        expect(page.get_by_role("radio", name="left")).to_be_checked()
        await_viewers(page, base, {"left": 1, "right": 0})
        page.get_by_role("radio", name="right").check()
        expect(page.locator(".picture")).to_have_attribute("src", re.compile("camera=right&"))
        await_movement(page)
        await_viewers(page, base, {"left": 0, "right": 1})
        assert page.url.endswith("/?camera=right")
        page.reload()
        await_situation(page, "live")
        expect(page.get_by_role("radio", name="right")).to_be_checked()
        with page.expect_download() as download:
            page.keyboard.press("s")
        assert download.value.suggested_filename.startswith("right-")
        page.close()


def tile(page: Page, camera: str) -> Locator:
    return page.get_by_role("button", name=camera)


TILE_LOOK = """tile => {
  const canvas = new OffscreenCanvas(32, 18)
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.drawImage(tile.querySelector(".picture.drawn"), 0, 0, 32, 18)
  return Array.from(pen.getImageData(0, 0, 32, 18).data.filter((_, place) => place % 4 === 1))
}"""


def await_tile_movement(page: Page, camera: str) -> None:
    expect(tile(page, camera).locator(".picture.drawn")).to_have_count(1, timeout=15_000)
    before = np.array(tile(page, camera).evaluate(TILE_LOOK), float)
    for _ in range(60):
        page.wait_for_timeout(100)
        if np.abs(np.array(tile(page, camera).evaluate(TILE_LOOK), float) - before).max() > 15:
            return
    pytest.fail(f"the picture of {camera} stood still for 6 s")


def write_clip(path: Path) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 180))
    for level in range(15):
        writer.write(np.full((180, 320, 3), 10 * level, np.uint8))
    writer.release()


def test_grid_shows_all_cameras_and_one_that_stops_leaves_the_other_untouched(visit: Visit, tmp_path: Path) -> None:
    clip, port = tmp_path / "clip.avi", free_port()
    write_clip(clip)
    base = f"http://127.0.0.1:{port}"
    with running(command(port, f"door={clip}", "desk=demo"), port):
        page = visit(base)
        await_situation(page, "live")
        page.get_by_role("radio", name="All").check()
        expect(page.locator("#single")).to_be_hidden()
        for camera in ("door", "desk"):
            await_tile_movement(page, camera)
            expect(tile(page, camera).locator(".tile-status")).to_have_text("Live")
        assert page.url.endswith("/?camera=*")
        await_viewers(page, base, {"door": 1, "desk": 1})
        clip.unlink()
        expect(tile(page, "door").locator(".tile-status")).to_have_text("Camera lost", timeout=5_000)
        expect(tile(page, "desk").locator(".tile-status")).to_have_text("Live")
        await_tile_movement(page, "desk")
        write_clip(clip)
        expect(tile(page, "door").locator(".tile-status")).to_have_text("Live", timeout=10_000)
        tile(page, "desk").click()
        await_movement(page)
        expect(page.get_by_role("radio", name="desk")).to_be_checked()
        expect(page.locator("#grid")).to_be_hidden()
        await_viewers(page, base, {"door": 0, "desk": 1})
        page.close()


def test_page_behind_gunicorn_moves_too(visit: Visit) -> None:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    small = {"EXPRESSION_WIDTH": "640", "EXPRESSION_HEIGHT": "360", "EXPRESSION_FPS": "15"}
    env = {"EXPRESSION_PORT": str(port), "EXPRESSION_SOURCE": "door=demo;desk=demo", **small}
    with running([sys.executable, "-m", "gunicorn", "main:app"], port, env):
        page = visit(f"{base}/?camera=desk")
        await_movement(page)
        page.get_by_role("radio", name="All").check()
        for camera in ("door", "desk"):
            await_tile_movement(page, camera)
        await_viewers(page, base, {"door": 1, "desk": 1})
        page.close()


def test_grid_of_more_cameras_than_a_browser_opens_streams_moves_too(visit: Visit, problems: list[str]) -> None:
    port = free_port()
    names = [f"camera{number}" for number in range(6)]
    with running(command(port, *(f"{name}=demo" for name in names)), port):
        page = visit(f"http://127.0.0.1:{port}/?camera=*")
        for name in names:
            await_tile_movement(page, name)
        page.close()
    assert all("503" in problem for problem in problems), "six cameras that open at once may take their time, no more"
    problems.clear()


def test_lost_server_is_told_and_the_picture_comes_back_by_itself(visit: Visit, problems: list[str]) -> None:
    port = free_port()
    with running(command(port, "demo"), port) as server:
        page = visit(f"http://127.0.0.1:{port}")
        await_situation(page, "live")
        server.kill()
        await_situation(page, "connection-lost", timeout=6)
        expect(page.locator("#connection")).to_have_text("Connection lost")
        expect(page.locator("#veil")).to_contain_text("trying again")
        assert page.evaluate("document.getElementById('still').width") > 0, "the last picture stays"
    with running(command(port, "demo"), port):
        await_movement(page)
        page.close()
    assert all("net::ERR" in problem for problem in problems)
    problems.clear()
