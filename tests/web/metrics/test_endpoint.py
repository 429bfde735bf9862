from dataclasses import replace

import pytest

from config.settings import Settings
from main import create_app
from recording.manager import OUTCOMES
from tests.support.blazeface import no_blazeface
from tests.support.servers.scrapes import samples
from tests.support.waiting import until

SMALL = Settings(source=("left=demo", "right=demo"), width=320, height=180, fps=15, idle=0.2)


@pytest.fixture
def client():
    app = create_app(SMALL)
    yield app.test_client()
    app.extensions["server"].close()


def read(client) -> dict[tuple[str, ...], float]:
    """Every sample by its name and its labels' values, as Prometheus' own parser reads them."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    return samples(answer.text)


def test_an_idle_server_is_told_without_opening_a_camera(client):
    figures = read(client)
    assert figures["expression_camera_status", "left", "idle"] == 1
    assert figures["expression_camera_status", "left", "live"] == 0
    assert figures["expression_viewers", "right"] == 0
    assert figures["expression_viewers_limit",] == 200
    assert figures["expression_visitors",] == figures["expression_visitor_frames_total",] == 0
    assert figures["expression_frames_captured_total", "left"] == 0
    assert figures["process_resident_memory_bytes", "1"] > 20e6
    ended = {
        labels[0]: value for (name, *labels), value in figures.items() if name == "expression_record_seconds_count"
    }
    assert ended == dict.fromkeys(OUTCOMES, 0), "told before the first one, or its growth would not be seen"


@pytest.mark.parametrize(("setting", "name"), [("auto", "blazeface"), ("haar", "haar")])
def test_the_networks_in_use_are_told_by_name(setting, name):
    figures = read(create_app(replace(SMALL, detector=setting)).test_client())
    assert figures["expression_model", "ferplus", "litert"] == 1
    assert [labels for family, *labels in figures if family == "expression_detector"] == [[name]]


def test_a_detector_that_cannot_run_is_left_out_of_the_metrics():
    with no_blazeface():
        figures = read(create_app(replace(SMALL, detector="blazeface")).test_client())
    assert not [key for key in figures if key[0] == "expression_detector"]
    assert figures["expression_viewers", "left"] == 0


def test_a_watched_camera_is_counted_and_the_other_is_not(client):
    stream = client.get("/video_feed/right?fps=1", buffered=False)
    parts = iter(stream.response)
    until(lambda: next(parts) and read(client)["expression_frames_dropped_total", "right", "capped"] > 0)
    figures = read(client)
    stream.close()
    assert figures["expression_camera_status", "right", "live"] == 1
    assert figures["expression_viewers", "right"] == 1
    assert (
        figures["expression_frames_captured_total", "right"] >= figures["expression_frames_analysed_total", "right"] > 0
    )
    assert figures["expression_frames_delivered_total", "right"] > 0
    assert figures["expression_frames_dropped_total", "right", "capped"] > 0
    assert figures["expression_stage_seconds_count", "right", "draw"] > 0
    assert figures["expression_stage_seconds_sum", "right", "draw"] > 0
    whole = figures["expression_delay_seconds_bucket", "right", "+Inf"]
    assert whole == figures["expression_delay_seconds_count", "right"] > 0
    assert figures["expression_frames_captured_total", "left"] == 0


def test_counters_do_not_fall_when_viewers_leave(client):
    def delivered() -> float:
        return read(client)["expression_delivered_bytes_total", "left"]

    before = 0.0
    for _ in range(3):
        stream = client.get("/video_feed/left", buffered=False)
        for _, _ in zip(range(4), stream.response, strict=False):
            pass
        stream.close()
        assert delivered() > before
        before = delivered()


def test_names_are_told_as_they_are():
    client = create_app(replace(SMALL, source=("a-b_C=demo",))).test_client()
    assert read(client)["expression_viewers", "a-b_C"] == 0
