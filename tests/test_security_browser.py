"""What a real browser lets our own pages do, and what it and the server let other sites' pages do."""

import json
import re
import sys
import threading
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browsers import chromium
from tests.grants import PASSWORD, Grants
from tests.servers import ROOT, free_port, running
from tests.visits import barriers, visit

PAGES = ("/", "/camera", "/pictures", "/videos", "/about", "/login")
SMALL = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180"}
WATCH_POLICY = """
  window.violations = [];
  document.addEventListener("securitypolicyviolation",
    (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
ATTACK = """async (target) => {
  const outcome = (start) => Promise.race([new Promise(start), new Promise((end) => setTimeout(end, 4000, "silence"))]);
  const element = (name, path) => outcome((end) => {
    const made = document.createElement(name);
    made.onload = () => end("loaded");
    made.onerror = () => end("blocked");
    made.src = target + path;
    document.body.append(made);
  });
  const read = (path, options) => fetch(target + path, options).then(() => "answered", () => "blocked");
  return {
    snapshot: await element("img", "/snapshot.jpg"),
    stream: await element("img", "/video_feed"),
    script: await element("script", "/static/live.js"),
    state: await read("/api/state", { credentials: "include" }),
    opaque: await read("/api/state", { mode: "no-cors", credentials: "include" }),
    upload: await read("/api/analyze", { method: "POST", mode: "no-cors", body: "x" }),
    deletion: await read("/api/videos/aaaaaaaaaaaaaaaa", { method: "DELETE" }),
    socket: await outcome((end) => {
      const socket = new WebSocket(target.replace("http", "ws") + "/api/own-camera");
      socket.onmessage = () => end("answered");
      socket.onclose = () => end("blocked");
    }),
    events: await outcome((end) => {
      const source = new EventSource(target + "/api/events");
      source.onmessage = source.onopen = () => end("answered");
      source.onerror = () => end("blocked");
    }),
  };
}"""


@pytest.fixture(scope="module")
def browser():
    with chromium(("--host-resolver-rules=MAP evil.example 127.0.0.1",)) as browser:
        yield browser


@pytest.fixture(scope="module")
def port():
    port = free_port()
    with running([sys.executable, "main.py"], port, {**SMALL, "EXPRESSION_PORT": str(port)}):
        yield port


class _Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Another site</title><body>")

    def log_message(self, *_):
        pass


@contextmanager
def another_site():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def cameras(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=5) as answer:
        return [camera["status"] for camera in json.load(answer)["cameras"]]


@pytest.mark.parametrize("host", ["evil.example", "localhost"], ids=["another-site", "another-port"])
def test_another_sites_page_gets_nothing_and_switches_nothing_on(browser, port, host):
    with another_site() as theirs:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://{host}:{theirs}/")
        outcomes = page.evaluate(ATTACK, f"http://localhost:{port}")
        assert set(outcomes.values()) == {"blocked"}, outcomes
        page.evaluate("(address) => { document.body.innerHTML = `<iframe src='${address}'></iframe>` }",
                      f"http://localhost:{port}/about")  # fmt: skip
        page.wait_for_function("() => document.querySelector('iframe') !== null")
        page.wait_for_timeout(500)
        assert page.frames[1].locator("main").count() == 0, "our page is shown within theirs"
        page.goto(f"http://localhost:{port}/about")
        assert page.locator("main h1").count() == 1, "a link may lead here"
        context.close()
    assert cameras(port) == ["idle"]


def test_a_name_that_was_made_to_point_here_shows_nothing(browser, port):
    context = browser.new_context()
    page = context.new_page()
    answer = page.goto(f"http://evil.example:{port}/")
    assert answer.status == 421
    assert page.locator("main").count() == 0
    read = page.evaluate("() => fetch('/api/state').then((answer) => answer.status)")
    assert read == 421
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_our_pages_keep_to_their_own_policy_which_stops_what_is_put_into_them(browser, port, path):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(WATCH_POLICY)
    page.goto(f"http://localhost:{port}{path}")
    page.wait_for_timeout(300)
    assert page.evaluate("() => window.violations") == []
    page.evaluate("""() => {
      const code = document.createElement("script");
      code.textContent = "window.taken = true";
      document.body.append(code);
      document.body.insertAdjacentHTML("beforeend", "<img src='/nothing' onerror='window.taken = true'>");
      document.body.insertAdjacentHTML("beforeend", "<p style='color: red'>x</p>");
      const other = document.createElement("script");
      other.src = "http://evil.example/x.js";
      document.body.append(other);
    }""")
    page.wait_for_function("() => window.violations.length >= 4")
    assert page.evaluate("() => window.taken") is None
    context.close()


@pytest.mark.parametrize("path", sorted((ROOT / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_template_has_code_or_styles_in_it(path):
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert all(" src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_a_person_logs_in_watches_and_logs_out(browser, tmp_path):
    grants, port = Grants(tmp_path), free_port()
    grants.add_ben()
    env = {**SMALL, "EXPRESSION_PORT": str(port), "EXPRESSION_ACCESS": str(grants.path)}
    with (
        running([sys.executable, "main.py"], port, env),
        visit(browser, f"http://localhost:{port}/", expected=("403",), reduced_motion="reduce") as page,
    ):
        assert page.url.endswith("/login?next=/") or page.url.endswith("/login?next=%2F")
        assert barriers(page) == []
        page.fill("#name", "ben")
        page.fill("#password", "not the right one")
        page.click("main button")
        page.wait_for_selector("[role=alert]:has-text('not known here')")
        page.fill("#name", "ben")
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_selector(".screen img")
        assert page.url == f"http://localhost:{port}/"
        assert "expression_session" not in page.evaluate("() => document.cookie")
        page.click("text=Log out")
        page.wait_for_selector("text=You are ben, who may operate.")
        page.click("main button")
        page.wait_for_selector("#password")
        page.goto(f"http://localhost:{port}/videos")
        assert "/login" in page.url
