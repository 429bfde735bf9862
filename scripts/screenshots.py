"""Takes the README's pictures from the running program, so that they stay true: `make screenshots`."""

import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page
from skimage import data

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.cameras.clips import write_clip  # noqa: E402
from tests.support.cameras.fake_cameras import flags, write_demo  # noqa: E402
from tests.support.clients.browsers import chromium  # noqa: E402 - the path above comes first
from tests.support.servers.servers import free_port, running  # noqa: E402

SHOTS: dict[str, dict[str, Any]] = {
    "live": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "live-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "live-phone": {
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "light",
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}
WAIT = 6.0
"""Seconds until the demo's people show something."""
LINE = 25.0
"""Seconds until the time line does."""
QUALITY = 82
"""Quality of WebP, 1 to 100: text stays sharp, and no picture takes more than 150 kB."""


def main() -> None:
    """Write docs/NAME.webp for every shot."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        running([sys.executable, "main.py", "--source", "demo", "--port", str(port), "--storage", folder], port),
        chromium(flags(write_demo(Path(folder, "visitor.mjpeg"), people=1, frames=300))) as browser,
    ):
        for name, options in SHOTS.items():
            page: Page = browser.new_context(**options).new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            time.sleep(LINE)
            save(page, name)
            page.context.close()
        record(browser, f"http://127.0.0.1:{port}/")
        own_camera(browser, f"http://127.0.0.1:{port}/camera")
        picture(browser, f"http://127.0.0.1:{port}/pictures", write_photograph(Path(folder, "astronaut.png")))
        video(
            browser, f"http://127.0.0.1:{port}/videos", write_clip(Path(folder, "three-people.webm"), 135, (640, 360))
        )


def save(page: Page, name: str, whole: bool = False) -> None:
    """Write the visible part of a page, or the whole page, to docs/NAME.webp."""
    with Image.open(io.BytesIO(page.screenshot(full_page=whole))) as picture:
        picture.convert("RGB").save(ROOT / "docs" / f"{name}.webp", quality=QUALITY, method=6)


def record(browser: Browser, address: str) -> None:
    """Show a record of a quarter of a minute."""
    page = browser.new_context(**SHOTS["live"]).new_page()
    page.goto(address)
    page.wait_for_selector(".face")
    page.click("#record")
    time.sleep(15)
    page.click("#record")
    page.click("#toast a")
    page.wait_for_selector("#moments img")
    page.wait_for_timeout(2000)
    save(page, "record", whole=True)
    page.context.close()


def own_camera(browser: Browser, address: str) -> None:
    """Show a visitor's own camera, played by one of the demo's people, with all probabilities drawn."""
    page = browser.new_context(**SHOTS["live"]).new_page()
    page.goto(address)
    page.click("#start")
    page.click("#bars")
    page.mouse.move(0, 0)
    time.sleep(WAIT)
    save(page, "own-camera")
    page.context.close()


def write_photograph(path: Path) -> Path:
    """Write the astronaut that scikit-image contains."""
    image: Any = data.astronaut()  # type: ignore[no-untyped-call]
    cv2.imwrite(str(path), np.ascontiguousarray(image[:, :, ::-1]))
    return path


def picture(browser: Browser, address: str, photograph: Path) -> None:
    """Show an uploaded photograph, with the bars of its face."""
    page = browser.new_context(**SHOTS["live"]).new_page()
    page.goto(address)
    page.set_input_files("#files", photograph)
    page.wait_for_selector(".bars")
    page.locator("#list").scroll_into_view_if_needed()
    save(page, "picture", whole=True)
    page.context.close()


def video(browser: Browser, address: str, clip: Path) -> None:
    """Show a video's result, at a moment chosen on its time line."""
    page = browser.new_context(**SHOTS["live"]).new_page()
    page.goto(address)
    page.set_input_files("#files", clip)
    page.wait_for_selector("video[src]", timeout=120_000)
    page.locator(".timeline").click(position={"x": 500, "y": 20})
    page.wait_for_timeout(1000)
    save(page, "video", whole=True)
    page.context.close()


if __name__ == "__main__":
    main()
