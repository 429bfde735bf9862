"""Takes the README's pictures from the running program, so that they stay true: `make screenshots`."""

import sys
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browsers import chromium  # noqa: E402 - the path above comes first
from tests.servers import free_port, running  # noqa: E402

SHOTS: dict[str, dict[str, Any]] = {
    "live": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "live-dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "live-phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "device_scale_factor": 2},
}
WAIT = 6.0
"""Seconds until the demo's people look like something."""


def main() -> None:
    """Write docs/NAME.png for every shot."""
    port = free_port()
    command = [sys.executable, "main.py", "--source", "demo", "--port", str(port)]
    with running(command, port), chromium() as browser:
        for name, options in SHOTS.items():
            page: Page = browser.new_context(**options).new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            time.sleep(WAIT)
            page.screenshot(path=ROOT / "docs" / f"{name}.png")
            page.context.close()


if __name__ == "__main__":
    main()
