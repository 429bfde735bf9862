"""The page for videos in a real headless Chromium, against the real server and its worker."""

import csv
import io
import json
import re
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.cameras.clips import write_clip
from tests.support.clients.live_page import await_until
from tests.support.clients.visits import PHONE, STICKING_OUT, barriers, saved, visit
from tests.support.servers.servers import free_port, running

DONE = 120_000
COLOURS = """canvas => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  return new Set(Array.from({ length: data.length / 4 }, (_, i) => data.slice(4 * i, 4 * i + 3).join())).size
}"""


@pytest.fixture
def address(base):
    return f"{base}/videos"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clips") / "holiday.webm", frames=32, fps=8)


def files(storage):
    found = [path for path in Path(storage, "videos").rglob("*") if path.is_file()]
    return [path.name for path in found if not path.name.startswith(("jobs", "queue"))]


def moment(page):
    return page.evaluate("document.querySelector('video').currentTime")


def test_a_video_from_upload_to_a_jump_on_its_time_line(browser, address, storage, clip):
    with visit(browser, address) as page:
        page.set_input_files("#files", clip)
        expect(page.locator(".status-text")).to_have_text(re.compile("Uploading|Waiting|Analysing"))
        expect(page.locator(".status-text")).to_contain_text("It is deleted", timeout=DONE)
        page.wait_for_function("() => document.querySelector('video').readyState >= 2")
        film = page.locator("video")
        assert film.evaluate("film => [film.videoWidth, film.videoHeight]") == [320, 180]
        assert film.evaluate("film => film.duration") == pytest.approx(4, abs=0.2)
        line = page.get_by_role("slider", name="Expressions over time")
        box = line.bounding_box()
        line.click(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
        assert moment(page) == pytest.approx(3, abs=0.1)
        expect(line).to_have_attribute("aria-valuetext", re.compile(r"0:0[23], \w+ \d+\s%"))
        line.hover(position={"x": box["width"] * 0.25, "y": box["height"] / 2})
        expect(page.locator(".tip")).to_have_text(re.compile(r"0:0[01], \w+ \d+\s%, \w+ \d+\s%"))
        page.keyboard.press("Home")
        assert moment(page) == 0
        page.keyboard.press("ArrowRight")
        assert moment(page) == pytest.approx(1, abs=0.05)
        page.evaluate("document.querySelector('video').play()")
        page.wait_for_function("() => document.querySelector('video').currentTime > 1.3")
        assert page.evaluate("document.querySelector('video').webkitAudioDecodedByteCount") > 0, "the sound is kept"
        colours = page.locator(".timeline canvas").evaluate(COLOURS)
        assert colours >= 5
        assert sorted(files(storage)) == ["annotated.mp4", "result.csv", "result.json", "timeline.json"]
        name, content = saved(page, "[data-file='annotated.mp4']")
        assert (name, content[4:8]) == ("holiday-annotated.mp4", b"ftyp")
        name, content = saved(page, "[data-file='result.csv']")
        assert name == "holiday.csv"
        assert len(list(csv.DictReader(io.StringIO(content.decode())))) > 32
        assert len(json.loads(saved(page, "[data-file='result.json']")[1])["frames"]) == 32
        page.reload()
        expect(page.locator(".status-text")).to_contain_text("It is deleted")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(PHONE)
            assert barriers(page) == []
            assert page.evaluate(STICKING_OUT) == []
        with visit(browser, address) as other:
            other.wait_for_load_state("networkidle")
            expect(other.locator(".video-card")).to_have_count(0)
        page.get_by_role("button", name="Delete now").click()
        expect(page.locator(".video-card")).to_have_count(0)
        assert files(storage) == []


def test_a_video_is_cancelled_and_leaves_nothing(browser, address, storage, tmp_path):
    with visit(browser, address) as page:
        page.set_input_files("#files", write_clip(tmp_path / "long.avi", frames=600, sound=False))
        expect(page.locator(".status-text")).to_have_text(re.compile(r"Analysing: \d+\s%, about \d+ (s|min) left"))
        assert 0 < float(page.locator("progress").get_attribute("value")) < 1
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator(".status-text")).to_have_text("Cancelled; its files are deleted.")
        await_until(page, lambda: files(storage) == [], lambda: f"{files(storage)} were left")
        page.get_by_role("button", name="Remove").click()
        expect(page.locator(".video-card")).to_have_count(0)


def test_what_is_no_video_or_too_large_is_told(browser, address, storage):
    with visit(browser, address) as page:
        page.set_input_files("#files", [{"name": "x.mp4", "mimeType": "video/mp4", "buffer": b"no video" * 99}])
        expect(page.locator(".video-card")).to_contain_text(
            "x.mp4: it is no video that can be read; MP4, MOV, WebM and AVI work.", timeout=60_000
        )
        page.set_input_files("#files", [{"name": "big.mp4", "mimeType": "video/mp4", "buffer": b"x" * 8_000_001}])
        expect(page.locator("#message")).to_have_text("big.mp4 is larger than 8 MB.")
        expect(page.locator(".video-card")).to_have_count(1)
    assert files(storage) == []


def test_a_restarted_server_goes_on_with_a_video_and_the_page_says_what_happens(browser, tmp_path):
    port, store = free_port(), tmp_path / "store"
    command = [sys.executable, "main.py", "--port", str(port), "--source", "demo", "--storage", str(store)]
    clip = write_clip(tmp_path / "long.avi", frames=240, sound=False)
    with ExitStack() as stack:
        with running(command, port):
            page = stack.enter_context(visit(browser, f"http://127.0.0.1:{port}/videos", ("net::ERR",)))
            page.set_input_files("#files", clip)
            expect(page.locator(".status-text")).to_contain_text("Analysing")
        expect(page.locator(".status-text")).to_have_text("The server does not answer. Is it still running?")
        with running(command, port):
            expect(page.locator(".status-text")).to_contain_text("It is deleted", timeout=DONE)
