"""What the tests of the page of the visitor's own camera share: its server's command line, and what they wait for."""

import json
import sys
import urllib.request

from playwright.sync_api import Page, expect

from tests.support.clients.live_page import await_situation, await_until

DESKTOP, PHONE = {"width": 1000, "height": 640}, {"width": 360, "height": 740}
HEAD = (180, 240)
"""Where the head stands in the clip of 640x480."""
# Middle and number of the pixels painted over the picture, as shares of its width and height.
PAINTED = """() => {
  const canvas = document.getElementById("boxes")
  const { data, width, height } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
  let count = 0, x = 0, y = 0
  for (let place = 3; place < data.length; place += 4) {
    if (data[place] < 128) continue
    count += 1
    x += ((place - 3) / 4) % width
    y += Math.floor((place - 3) / 4 / width)
  }
  return { count, x: x / count / width, y: y / count / height }
}"""
REFUSE = """(name) => {
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("made up", name))
}"""


def command(port: int, *options: str) -> list[str]:
    return [sys.executable, "main.py", "--source", "demo", "--port", str(port), *options]


def note_stranger(address: str, base: str, problems: list[str]) -> None:
    """Put down as a problem what goes to another host than ours."""
    if not address.startswith((f"{base}/", base.replace("http", "ws"), "blob:", "data:")):
        problems.append(f"asked another host: {address}")


def switch_on(page: Page, faces: int = 1) -> None:
    page.click("#start")
    await_situation(page, "live")
    expect(page.locator(".face")).to_have_count(faces)


def visitors(base: str) -> int:
    with urllib.request.urlopen(f"{base}/api/state", timeout=30) as answer:
        return int(json.load(answer)["visitors"])


def await_visitors(page: Page, base: str, count: int) -> None:
    await_until(page, lambda: visitors(base) == count, lambda: f"expected {count} visitors, found {visitors(base)}")


def painted(page: Page) -> dict[str, float]:
    return dict(page.evaluate(PAINTED))


def camera_is_on(page: Page) -> bool:
    return bool(page.evaluate("Boolean(document.getElementById('video').srcObject)"))


def await_painted(page: Page, x: float, y: float) -> None:
    """Wait until what is painted lies around a place, in shares of the picture."""

    def is_there() -> bool:
        found = painted(page)
        return bool(found["count"]) and abs(found["x"] - x) < 0.05 and abs(found["y"] - y) < 0.12

    await_until(page, is_there, lambda: f"expected boxes around {x:.2f}, {y:.2f}, found {painted(page)}")
