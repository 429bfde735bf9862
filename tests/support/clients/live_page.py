"""What the browser tests of the live page share: its server, its picture as pixels, and states that are made up."""

import json
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.support.servers.servers import free_port, running

ELSEWHERE = "elsewhere.test"
"""What the tests' server is called where a browser is to think it another machine."""
LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden })
  document.dispatchEvent(new Event("visibilitychange"))
}"""
# A small grey copy of a picture as it stands, as a list of brightnesses; empty for one that could not be loaded.
LOOK = """(picture) => {
  if (picture.naturalWidth === 0) return []
  const canvas = new OffscreenCanvas(64, 36)
  const pen = canvas.getContext("2d", { willReadFrequently: true })
  pen.drawImage(picture, 0, 0, 64, 36)
  return Array.from(pen.getImageData(0, 0, 64, 36).data.filter((_, place) => place % 4 === 1))
}"""
# In place of the server's events: what a test puts into `window.state` is told ten times a second.
MADE_UP_EVENTS = """
  delete window.SharedWorker
  window.EventSource = class extends EventTarget {
    static OPEN = 1
    static CLOSED = 2
    readyState = 1
    #timer = setInterval(() => {
      if (window.state) this.dispatchEvent(new MessageEvent("state", { data: JSON.stringify(window.state) }))
    }, 100)
    close() { clearInterval(this.#timer) }
  }
"""


def command(port: int, *sources: str) -> list[str]:
    """The server, with small pictures: a busy machine must draw, analyse and show them all at once."""
    given = [part for source in sources for part in ("--source", source)]
    return [sys.executable, "main.py", "--port", str(port), "--width", "640", "--height", "360", "--fps", "5", *given]


@contextmanager
def serving(*sources: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    """A running server's address."""
    port = free_port()
    with running([*command(port, *sources), *options], port):
        yield f"http://127.0.0.1:{port}"


def await_until(page: Page, condition: Callable[[], bool], describe: Callable[[], str], seconds: float = 30) -> None:
    """Wait until something holds; it is described only where it does not."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"{describe()} for {seconds:g} s")
        page.wait_for_timeout(50)


def await_situation(page: Page, situation: str) -> None:
    """Wait until the header tells of a situation."""
    expect(page.locator("#connection")).to_have_attribute("data-state", situation)


def await_faces(page: Page) -> None:
    """Wait until there is a card."""
    await_situation(page, "live")
    expect(page.locator(".face")).not_to_have_count(0)


def pixels(page: Page, selector: str = "#screen .picture.drawn") -> np.ndarray:
    """A picture of the page, (2304,) brightnesses of 64x36 places; (0,) for one that could not be loaded."""
    return np.array(page.locator(selector).first.evaluate(LOOK), float)


def await_movement(page: Page, selector: str = "#screen .picture.drawn") -> None:
    """Wait until a picture is there and changes."""
    expect(page.locator(selector)).to_have_count(1)
    first = np.array([])

    def moves() -> bool:
        nonlocal first
        now = pixels(page, selector)
        if not now.size:  # on a busy machine a still may not come in time; the page asks for the next one
            return False
        first = first if first.size else now
        return bool(np.abs(now - first).max() > 15)

    await_until(page, moves, lambda: f"{selector} stood still")


def state_of(base: str) -> dict[str, Any]:
    """What the server tells of itself."""
    with urllib.request.urlopen(f"{base}/api/state", timeout=30) as answer:
        return dict(json.load(answer))


def await_true(page: Page, expression: str) -> None:
    """Wait until something holds; Playwright's own way evaluates in the page, which its policy forbids."""
    await_until(page, lambda: bool(page.evaluate(expression)), lambda: f"{expression} did not hold")


def await_viewers(page: Page, base: str, expected: dict[str, int]) -> None:
    """Wait until the cameras have so many viewers."""

    def viewers() -> dict[str, int]:
        return {camera["name"]: camera["viewers"] for camera in state_of(base)["cameras"]}

    await_until(page, lambda: viewers() == expected, lambda: f"expected the viewers {expected}, found {viewers()}")


def made_up(faces: list[dict[str, Any]], **changes: Any) -> dict[str, Any]:
    """A state as the server's events tell it, of a camera that is live, with `changes` to the camera's part."""
    camera = {
        "name": "camera",
        "status": "live",
        "message": "",
        "width": 1280,
        "height": 720,
        "fps": 29.8,
        "latency": 0.0344,
        "viewers": 2,
        "faces": faces,
        "left": [],
    }
    model = {"name": "made-up", "labels": LABELS, "runtime": "litert"}
    return {"notice": "", "threshold": 0.35, "model": model, "viewers": 2, "cameras": [{**camera, **changes}]}


def face(
    track: int, x: int, expression: str, confidence: float, seconds: float = 5.0, side: int = 160
) -> dict[str, Any]:
    """A face as the server's events tell it."""
    rest = (1 - confidence) / (len(LABELS) - 1)
    return {
        "box": {"x": x, "y": 200, "width": side, "height": side},
        "track": track,
        "expression": expression,
        "confidence": confidence,
        "seconds": seconds,
        "detection": 0.97,
        "angle": 0.0,
        "probabilities": {label: confidence if label == expression else rest for label in LABELS},
    }


def tell(page: Page, state: dict[str, Any]) -> None:
    """Have a page with made-up events hear of a state."""
    page.evaluate("(state) => { window.state = state }", state)
