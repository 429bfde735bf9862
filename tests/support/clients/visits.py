"""Visits of pages in a real browser, which fail on whatever the browser complains of or asks of another host."""

from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe

DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
STICKING_OUT = """() => [...document.querySelectorAll("header *, main *, footer *")]
  .filter((element) => element.checkVisibility() && !element.closest(".boxes, .timeline, .unseen, .screen"))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 80))"""
LAYOUT_SHIFT = """() => new Promise((resolve) => {
  let sum = 0
  new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value }))
    .observe({ type: "layout-shift", buffered: true })
  setTimeout(() => resolve(sum), 300)
})"""
SERIOUS = ("serious", "critical")


@contextmanager
def visit(browser, address, expected=(), script="", **options):
    """A page of a new visitor; `expected` are words of complaints that may come, `script` runs before its own."""
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    if script:
        context.add_init_script(script)
    found = []
    host = "/".join(address.split("/")[:3])

    def note(text):
        if not any(words in text for words in expected):
            found.append(text)

    context.on("request", lambda request: None if _is_own(request.url, host) else note(f"another host: {request.url}"))
    page = context.new_page()
    page.on("console", lambda message: note(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    page.goto(address)
    try:
        yield page
    finally:
        context.close()
    assert not found, found


def _is_own(address, host):
    return address.startswith((f"{host}/", "blob:", "data:"))


def barriers(page):
    """What axe-core finds that keeps people from using the page, of the serious and critical kind."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']}: {rule['help']}: {rule['nodes'][0]['html'][:90]}" for rule in found if rule["impact"] in SERIOUS
    ]


def saved(page, click):
    """What a click has the browser save: name and bytes."""
    with page.expect_download() as download:
        page.click(click)
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()
