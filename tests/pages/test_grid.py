"""Several cameras on the live page: one of them chosen, all of them at a glance, and more than a browser can stream."""

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from tests.support.clients.live_page import await_faces, await_movement, await_situation, await_viewers, serving
from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, visit


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.avi"
    write_clip(path)
    return path


@pytest.fixture(scope="module")
def base(clip):
    with serving(f"door={clip}", "desk=demo") as address:
        yield address


def tile(page, camera):
    return page.get_by_role("button", name=camera)


def picture(camera):
    return f".tile:has-text('{camera}') .picture.drawn"


def write_clip(path):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (320, 180))
    for level in range(15):
        writer.write(np.full((180, 320, 3), 10 * level, np.uint8))
    writer.release()


def test_the_choice_of_camera_switches_the_stream_and_is_remembered(browser, base):
    with visit(browser, f"{base}/?camera=nobody") as page:
        await_situation(page, "live")
        expect(page.get_by_role("radio", name="door")).to_be_checked()
        await_viewers(page, base, {"door": 1, "desk": 0})
        page.get_by_role("radio", name="desk").check()
        expect(page.locator("#screen .picture")).to_have_attribute("src", re.compile("camera=desk&"))
        await_movement(page)
        await_faces(page)
        await_viewers(page, base, {"door": 0, "desk": 1})
        assert page.url.endswith("/?camera=desk")
        page.reload()
        await_situation(page, "live")
        expect(page.get_by_role("radio", name="desk")).to_be_checked()
        with page.expect_download() as download:
            page.keyboard.press("s")
        assert download.value.suggested_filename.startswith("desk-")
        page.keyboard.press("1")
        expect(page.get_by_role("radio", name="door")).to_be_checked()


def test_the_grid_obeys_the_same_keys(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.keyboard.press("g")
        await_movement(page, picture("door"))
        expect(page.get_by_role("button", name="Screenshot")).to_be_disabled()
        page.keyboard.press("p")
        expect(page.locator(".tile .picture").first).to_have_attribute("src", re.compile("privacy=blur"))
        await_movement(page, picture("desk"))
        page.keyboard.press("Space")
        await_situation(page, "paused")
        await_viewers(page, base, {"door": 0, "desk": 0})
        expect(page.locator(".tile-status").first).to_have_text("Paused")
        page.keyboard.press("Space")
        await_movement(page, picture("door"))
        page.keyboard.press("2")
        expect(page.locator("#grid")).to_be_hidden()
        await_movement(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_grid_keeps_nobody_out(browser, base, scheme):
    with visit(browser, f"{base}/?camera=*", color_scheme=scheme, reduced_motion="reduce") as page:
        await_movement(page, picture("desk"))
        assert barriers(page) == []
        page.set_viewport_size(PHONE)
        assert barriers(page) == []
        assert page.evaluate(STICKING_OUT) == []


def test_a_camera_that_stops_leaves_the_other_untouched(browser, base, clip):
    with visit(browser, base) as page:
        await_situation(page, "live")
        page.get_by_role("radio", name="All").check()
        expect(page.locator("#screen")).to_be_hidden()
        for camera in ("door", "desk"):
            await_movement(page, picture(camera))
            expect(tile(page, camera).locator(".tile-status")).to_have_text("Live")
        assert page.url.endswith("/?camera=*")
        await_viewers(page, base, {"door": 1, "desk": 1})
        clip.unlink()
        expect(tile(page, "door").locator(".tile-status")).to_have_text("Camera lost")
        expect(tile(page, "desk").locator(".tile-status")).to_have_text("Live")
        await_movement(page, picture("desk"))
        write_clip(clip)
        expect(tile(page, "door").locator(".tile-status")).to_have_text("Live")
        tile(page, "desk").click()
        await_movement(page)
        expect(page.get_by_role("radio", name="desk")).to_be_checked()
        expect(page.locator("#grid")).to_be_hidden()
        await_viewers(page, base, {"door": 0, "desk": 1})


def test_a_grid_of_eight_cameras_moves_and_the_page_still_answers(browser, tmp_path):
    clips = [tmp_path / f"clip{number}.avi" for number in range(8)]
    for clip in clips:
        write_clip(clip)
    sources = [f"camera{number}={clip}" for number, clip in enumerate(clips)]
    with serving(*sources) as base, visit(browser, f"{base}/?camera=*", expected=["503"]) as page:
        for number in range(8):
            await_movement(page, picture(f"camera{number}"))
            expect(tile(page, f"camera{number}").locator(".tile-status")).to_have_text("Live")
        assert "snapshot.jpg" in page.locator(".tile .picture").first.get_attribute("src")
        answered = page.evaluate("""async () => (await fetch("api/state", { cache: "no-store" })).ok""")
        assert answered, "no connection is left for another question"
        page.keyboard.press("8")
        await_movement(page)
