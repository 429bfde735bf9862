"""What is lost and comes back on the live page: its stream, its server, the events, and the page when out of sight."""

import sys
from contextlib import ExitStack

import cv2
import numpy as np
from playwright.sync_api import expect

from tests.support.clients.live_page import (
    HIDE,
    MADE_UP_EVENTS,
    await_faces,
    await_movement,
    await_situation,
    await_true,
    await_until,
    await_viewers,
    command,
    made_up,
    tell,
)
from tests.support.clients.visits import visit
from tests.support.servers.servers import free_port, running

NO_SHARED_WORKER = "delete window.SharedWorker"


def end_the_first(asked):
    """Answers the first request for a stream with one that ends after a picture."""
    jpeg = cv2.imencode(".jpg", np.zeros((72, 128, 3)))[1].tobytes()
    part = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg + b"\r\n--frame--\r\n"

    def answer(route):
        asked.append(route.request.url.rpartition("viewer=")[2])
        if len(asked) > 1:
            return route.continue_()
        return route.fulfill(body=part, content_type="multipart/x-mixed-replace; boundary=frame")

    return answer


def test_a_stream_that_ends_while_the_server_lives_is_taken_up_again(browser, base):
    asked = []
    with visit(browser, f"{base}/about", script=MADE_UP_EVENTS) as page:
        page.route("**/video_feed?*", end_the_first(asked))
        page.goto(base)
        tell(page, made_up([]))
        await_situation(page, "live")
        tell(page, made_up([], left=["another", asked[0]]))
        await_movement(page)
        assert len(asked) == 2
        assert asked[0] != asked[1], "each connection has its own id"


def test_a_hidden_page_gives_its_connections_back_until_it_is_shown(browser, base):
    with visit(browser, base) as page:
        await_situation(page, "live")
        await_viewers(page, base, {"camera": 1})
        page.evaluate(HIDE, True)
        await_viewers(page, base, {"camera": 0})
        page.evaluate(HIDE, False)
        await_movement(page)
        await_viewers(page, base, {"camera": 1})


def test_a_lost_server_is_told_and_everything_comes_back_by_itself(browser):
    port = free_port()
    with ExitStack() as stack:
        with running(command(port, "old=demo", "desk=demo"), port) as server:
            pages = [
                stack.enter_context(visit(browser, f"http://127.0.0.1:{port}/?camera={name}", ["net::ERR", "404"]))
                for name in ("desk", "old")
            ]
            for page in pages:
                await_faces(page)
                await_true(page, "document.getElementById('still').width > 0")
            server.kill()
            for page in pages:
                await_situation(page, "connection-lost")
                expect(page.locator("#connection")).to_have_text("Connection lost")
                expect(page.locator("#veil")).to_contain_text("trying again")
                expect(page.locator(".face")).to_have_count(0)
                assert page.evaluate("document.getElementById('still').width") > 0, "the last picture stays"
        with running(command(port, "desk=demo"), port):
            await_movement(pages[0])
            await_faces(pages[0])
            expect(pages[0].get_by_role("radio", name="old")).to_be_visible(), "this page was not loaded again"
            expect(pages[1].get_by_role("radio", name="old")).to_have_count(0)
            await_movement(pages[1])
            stack.close()


def test_a_server_that_takes_no_more_listeners_is_asked_now_and_then(browser, base):
    with visit(browser, f"{base}/about", expected=["503"], script=NO_SHARED_WORKER) as page:
        asked = []
        page.route("**/api/events?*", lambda route: (asked.append(1), route.fulfill(status=503, body="full")))
        page.goto(base)
        await_movement(page)
        await_faces(page)
        await_until(page, lambda: len(asked) > 2, lambda: f"the page asked for events {len(asked)} times")
        assert page.locator("#connection").get_attribute("data-state") == "live"


def test_a_server_that_takes_no_more_viewers_is_told(browser, base):
    with visit(browser, f"{base}/about", expected=["503"]) as page:
        page.route("**/video_feed?*", lambda route: route.fulfill(status=503, body="full"))
        page.goto(base)
        await_situation(page, "refused")
        expect(page.locator("#veil")).to_contain_text("it may have reached its limit of viewers")
        page.unroute("**/video_feed?*")
        await_movement(page)
        await_situation(page, "live")


def test_events_reach_a_page_whose_browser_shares_no_worker(browser, base):
    with visit(browser, base, script=NO_SHARED_WORKER) as page:
        await_faces(page)
        await_movement(page)


def test_the_page_behind_gunicorn_moves_too(browser):
    port = free_port()
    small = {"EXPRESSION_WIDTH": "640", "EXPRESSION_HEIGHT": "360", "EXPRESSION_FPS": "15"}
    env = {"EXPRESSION_PORT": str(port), "EXPRESSION_SOURCE": "door=demo;desk=demo", **small}
    with (
        running([sys.executable, "-m", "gunicorn", "main:app"], port, env),
        visit(browser, f"http://127.0.0.1:{port}/?camera=desk") as page,
    ):
        await_movement(page)
        await_faces(page)
        page.keyboard.press("g")
        for camera in ("door", "desk"):
            await_movement(page, f".tile:has-text('{camera}') .picture.drawn")
        await_viewers(page, f"http://127.0.0.1:{port}", {"door": 1, "desk": 1})
