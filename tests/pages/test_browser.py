"""What a real browser lets our own pages do, and what it and the server let other sites' pages do."""

import http.client
import json
import re
import sys
import threading
import urllib.request
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.support.clients.browsers import another
from tests.support.clients.live_page import ELSEWHERE
from tests.support.clients.visits import barriers, visit
from tests.support.servers.grants import PASSWORD
from tests.support.servers.servers import ROOT, free_port, running

PAGES = ("/", "/camera", "/pictures", "/videos", "/about", "/login")
SMALL = {"EXPRESSION_SOURCE": "demo", "EXPRESSION_WIDTH": "320", "EXPRESSION_HEIGHT": "180"}
NEVER_OPENED = [("idle", {})]
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
    script: await element("script", "/static/live/live.js"),
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

FRAME = """(address) => new Promise((loaded) => {
  const frame = document.createElement("iframe");
  frame.onload = loaded;
  frame.src = address;
  document.body.replaceChildren(frame);
})"""
"""Shows an address within the page; the frame of a refused one loads too, and is empty."""
EMBED = """([target, policy]) => {
  for (const name of ["img", "iframe", "embed", "object", "link"]) {
    const made = document.createElement(name);
    made.referrerPolicy = policy;
    made.rel = "prefetch";
    made.src = made.href = made.data = target + "/video_feed";
    document.body.append(made);
  }
  const options = { mode: "no-cors", credentials: "include", headers: { Accept: "text/html" }, referrerPolicy: policy };
  fetch(target + "/snapshot.jpg", options).catch(() => null);
  new EventSource(target + "/api/events", { withCredentials: true });
}"""
"""All ways of asking for something from within a page, each with a policy that keeps the page's address or tells it."""
SEEN = """
  addEventListener("pageshow", ({ persisted }) => {
    const look = () => {
      if (getComputedStyle(document.body).visibility === "visible") sessionStorage.seen = document.body.textContent;
      requestAnimationFrame(look);
    };
    if (persisted) look();
  });
"""
"""Has a page that the browser has kept take down what it shows when it comes back."""
SHOWN = "() => document.images[0]?.naturalWidth === 320"


@pytest.fixture(scope="module")
def port():
    """A server whose camera nobody may have opened."""
    port = free_port()
    env = {**SMALL, "EXPRESSION_PORT": str(port), "EXPRESSION_HOSTS": ELSEWHERE}
    with running([sys.executable, "main.py"], port, env):
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
def another_site(handler=_Page):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def cameras(port):
    """Of each camera whether it is open, and how long its stages took since it was ever opened."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=30) as answer:
        return [(camera["status"], camera["stages"]) for camera in json.load(answer)["cameras"]]


@pytest.mark.parametrize("host", ["evil.example", "localhost"], ids=["another-site", "another-port"])
def test_another_sites_page_gets_nothing_and_switches_nothing_on(browser, port, host):
    with another_site() as theirs:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://{host}:{theirs}/")
        outcomes = page.evaluate(ATTACK, f"http://localhost:{port}")
        assert set(outcomes.values()) == {"blocked"}, outcomes
        page.evaluate(FRAME, f"http://localhost:{port}/about")
        assert page.frames[1].locator("main").count() == 0, "our page is shown within theirs"
        page.goto(f"http://localhost:{port}/about")
        assert page.locator("main h1").count() == 1, "a link may lead here"
        context.close()
    assert cameras(port) == NEVER_OPENED


@pytest.mark.parametrize("host", ["evil.example", ELSEWHERE], ids=["another-site", "another-port"])
def test_where_browsers_do_not_tell_of_the_site_another_page_switches_nothing_on_either(browser, port, host):
    """Over plain http to anything but this machine, they send no Sec-Fetch-Site."""
    with another_site() as theirs:
        context = browser.new_context()
        page, sent = context.new_page(), []
        page.on("request", lambda request: sent.append(request.all_headers()) if str(port) in request.url else None)
        for target in (f"http://{ELSEWHERE}:{port}", f"http://0.0.0.0:{port}", f"http://[::ffff:127.0.0.1]:{port}"):
            for policy in ("no-referrer", "unsafe-url"):
                page.goto(f"http://{host}:{theirs}/")
                page.evaluate(EMBED, [target, policy])
                page.wait_for_load_state("networkidle")
        page.goto(f"http://{host}:{theirs}/")
        page.evaluate("(address) => location.assign(address)", f"http://{ELSEWHERE}:{port}/video_feed")
        page.wait_for_selector("text=Another site's page")
        context.close()
    assert sent
    assert not any("sec-fetch-site" in headers for headers in sent)
    assert cameras(port) == NEVER_OPENED


def test_where_browsers_do_not_tell_of_the_site_a_typed_address_and_our_own_page_show_the_picture(browser, base):
    address = base.replace("127.0.0.1", ELSEWHERE)
    context = browser.new_context()
    for path in ("/video_feed?width=320", "/snapshot.jpg?width=320"):
        page = context.new_page()
        page.goto(f"{address}{path}", wait_until="commit")
        page.wait_for_function(SHOWN)
        assert page.url == f"{address}{path}"
        page.close()
    page = context.new_page()
    page.goto(f"{address}/")
    page.wait_for_selector("#screen .picture.drawn")
    context.close()


def test_a_window_of_which_nothing_is_ever_told_is_not_led_in_circles(browser, port):
    asked = []

    class Between(_Page):
        """Passes on to the server what is asked, without a Referer, as some proxies do."""

        def do_GET(self):
            asked.append(self.path)
            sent = {name: self.headers[name] for name in ("Host", "User-Agent", "Accept")}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            with closing(connection):
                connection.request("GET", self.path, headers=sent)
                answer = connection.getresponse()
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.getheader("Content-Type"))
                self.end_headers()
                self.wfile.write(answer.read())

    with another_site(Between) as theirs:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"http://{ELSEWHERE}:{theirs}/metrics", wait_until="commit")
        page.wait_for_selector("text=Open it")
        page.wait_for_load_state("networkidle")
        assert asked.count("/metrics") == 2
        assert barriers(page) == []
        context.close()


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


@pytest.fixture(scope="module")
def guarded(grants):
    """The port of a server that asks who is there."""
    port = free_port()
    env = {**SMALL, "EXPRESSION_PORT": str(port), "EXPRESSION_ACCESS": str(grants.path)}
    with running([sys.executable, "main.py"], port, env):
        yield port


@pytest.fixture(scope="module")
def keeping(shared_browser):
    """A browser that keeps pages as they were left, which Playwright's own flags forbid."""
    with another(shared_browser, (), without=("--disable-back-forward-cache",), whole=True) as launched:
        yield launched


def test_a_person_logs_in_watches_and_logs_out(browser, guarded):
    port = guarded
    with visit(browser, f"http://localhost:{port}/", expected=("403",), reduced_motion="reduce") as page:
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


@pytest.mark.parametrize("path", ["/", "/pictures"])
def test_after_a_log_out_the_way_back_does_not_lead_to_a_page_as_it_was_left(keeping, guarded, grants, path):
    port = guarded
    with keeping.new_context() as context:
        page = context.new_page()
        page.add_init_script(SEEN)
        page.goto(f"http://localhost:{port}/login?next={path}")
        page.fill("#password", grants.tokens["operate"])
        page.click("main button")
        page.wait_for_url(f"http://localhost:{port}{path}")
        page.evaluate("() => { document.querySelector('h1').textContent = 'As it was left'; }")
        page.click("text=Log out")
        page.wait_for_selector("text=You are operate-er")
        if path != "/":  # which browsers do not always keep, for its stream
            page.go_back(wait_until="commit")
            page.wait_for_selector("text=As it was left")
            page.click("text=Log out")
            page.wait_for_selector("text=You are operate-er")
        page.evaluate("() => sessionStorage.clear()")
        page.click("main button")
        page.wait_for_selector("#password")
        page.go_back(wait_until="commit")
        page.wait_for_selector("#password")
        page.go_back(wait_until="commit")
        page.wait_for_url(f"http://localhost:{port}/login?next=*")
        assert "As it was left" not in page.evaluate("() => sessionStorage.seen ?? ''")
