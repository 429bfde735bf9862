"""The Chromium that the tests and the screenshots drive: the machine's own, or the one that CHROMIUM names."""

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from playwright.sync_api import Browser, BrowserType, expect, sync_playwright

PATIENCE = 30_000
"""Milliseconds for which a page may take to show what is expected of it."""
NAMES = ("chromium", "chromium-browser", "google-chrome")
WINDOWLESS = "chromium-headless-shell"
"""Debian's Chromium without a window, which starts and draws at half the cost."""
FLAGS = [
    "--no-sandbox",  # tests may run as root, in a container
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium(extra_flags: tuple[str, ...] = ()) -> Iterator[Browser]:
    """A headless Chromium, closed at the end of the `with` block.

    Raises:
        AssertionError: there is none on this machine.
    """
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as tools, _launched(tools.chromium, extra_flags) as browser:
        yield browser


def another(
    browser: Browser, extra_flags: tuple[str, ...], without: tuple[str, ...] = (), whole: bool = False
) -> AbstractContextManager[Browser]:
    """A second Chromium beside one that runs, with flags of its own, and without some that Playwright gives.

    One without a window asks nobody for a permission, and keeps no page to go back to: for that take a whole one.
    """
    return _launched(browser.browser_type, extra_flags, without, whole)


@contextmanager
def _launched(
    kind: BrowserType, extra_flags: tuple[str, ...], without: tuple[str, ...] = (), whole: bool = False
) -> Iterator[Browser]:
    usual = NAMES if whole else (WINDOWLESS, *NAMES)
    names = [os.environ["CHROMIUM"]] if "CHROMIUM" in os.environ else usual
    path = next(filter(None, map(shutil.which, names)), None)
    assert path, f"found no {' or '.join(names)}: apt-get install chromium, or name one as CHROMIUM=/path"
    browser = kind.launch(executable_path=path, args=[*FLAGS, *extra_flags], ignore_default_args=list(without))
    try:
        yield browser
    finally:
        browser.close()
