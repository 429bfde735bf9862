"""Real camera nodes, a real Redis and real web workers: nobody can tell them from one process, and they outlive each
other."""

import itertools
import json
import os
import signal
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress

import numpy as np
import pytest

from delivery.renditions import encode
from demo import Demo
from relay.messages import lock_key
from tests.support.cameras.camera_nodes import CameraNode, camera_node
from tests.support.clients.streams import Faithful, Viewer, open_stream
from tests.support.servers.clusters import cluster_of_two
from tests.support.servers.recovery import Watch, outage
from tests.support.servers.servers import free_port, running
from tests.support.waiting import until


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with cluster_of_two(tmp_path_factory.mktemp("store")) as running_one:
        yield running_one


def test_viewers_of_all_workers_get_the_same_frames(cluster):
    viewers = [Viewer(cluster.port, f"/video_feed/door?viewer=v{number}") for number in range(6)]
    small = Viewer(cluster.port, "/video_feed/door?width=160&bars=1")
    for viewer in (*viewers, small):
        viewer.await_frames(10)
    until(lambda: cluster.camera()["viewers"] == 7)
    connections = [cluster.get("/api/state?viewer=v0&viewer=nobody")["connections"] for _ in range(6)]
    assert connections == [{"v0": True, "nobody": False}] * 6, "another worker does not know who is being served"
    pictures: dict[int, set[bytes]] = {}
    for viewer in (*viewers, small):
        viewer.leave()
    for part in (part for viewer in viewers for part in viewer.frames()):
        pictures.setdefault(part.number, set()).add(part.jpeg)
    assert all(len(jpegs) == 1 for jpegs in pictures.values()), "a frame was encoded more than once"
    assert {len(part.jpeg) for part in small.parts}.isdisjoint({len(part.jpeg) for part in viewers[0].parts})
    until(lambda: cluster.camera()["delivered"]["frames"] >= 7 * 10)


def test_the_api_tells_what_one_process_would(cluster):
    port = free_port()
    single = [sys.executable, "main.py", "--source", "door=demo", "--port", str(port)]
    with running(single, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state") as answer:
            alone = json.load(answer)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/cameras") as answer:
            cameras = json.load(answer)
    together = cluster.get("/api/state")
    assert together.keys() == alone.keys()
    assert together["cameras"][0].keys() == alone["cameras"][0].keys()
    assert cluster.get("/api/cameras")["cameras"][0].keys() == cameras["cameras"][0].keys()


def test_events_tell_of_faces_and_of_streams_that_ended_at_another_worker(cluster):
    path = "/api/events?camera=door&smoothing=1.6"
    request = urllib.request.urlopen(f"http://127.0.0.1:{cluster.port}{path}", timeout=30)
    gone = [Viewer(cluster.port, f"/video_feed/door?viewer=gone{number}") for number in range(4)]
    for viewer in gone:
        viewer.await_frames(1)
        viewer.leave()
    wanted, end = {f"gone{number}" for number in range(4)}, time.monotonic() + 30
    with request as answer:
        for line in answer:
            if line.startswith(b"data: "):
                camera = json.loads(line[6:])["cameras"][0]
                if camera["faces"] and wanted <= set(camera["left"]):
                    assert camera["faces"][0]["probabilities"]
                    return
            assert time.monotonic() < end, f"it was never told: {line!r}"


def test_a_record_begun_at_one_worker_is_told_of_stopped_and_deleted_at_any(cluster):
    before = cluster.figures()
    begun = cluster.ask("POST", "/api/records", b'{"camera": "door"}')
    path = f"/api/records/{begun['id']}"
    until(lambda: all(cluster.get(path)["frames"] > 5 for _ in range(3)))
    until(lambda: cluster.figures()["expression_records",] == 1)
    for _ in range(4):
        cluster.ask("POST", f"{path}/stop")
    until(lambda: all(cluster.get(path)["status"] == "done" for _ in range(4)))
    cluster.ask("DELETE", path)
    with pytest.raises(urllib.error.HTTPError) as gone:
        cluster.get(path)
    gone.value.close()
    assert gone.value.code == 404
    until(lambda: cluster.figures()["expression_records",] == 0)
    figures = cluster.figures()
    assert figures["expression_records_begun_total",] == before["expression_records_begun_total",] + 1
    ended = "expression_record_seconds_count", "closed"
    assert figures[ended] == before[ended] + 1


def analysed(cluster) -> dict:
    picture = encode(np.asarray(Demo(640, 360).draw(0)[0], np.uint8), 90)
    return cluster.ask("POST", "/api/analyze", picture, "image/jpeg")


ASKED = ("expression_request_seconds_count", "GET", "/healthz", "200")


def test_whichever_worker_is_asked_tells_the_figures_of_all(cluster):
    read, faces = ("expression_pictures_total",), ("expression_picture_faces_total",)
    before = cluster.figures()
    wanted = {read: before[read] + 1, ("expression_server_viewers",): 4, ("expression_viewers_limit",): 400}
    with ExitStack() as streams:
        for _ in range(4):
            streams.enter_context(open_stream(cluster.port))
        for _ in range(30):
            cluster.get("/healthz")
        wanted |= {ASKED: before.get(ASKED, 0) + 30, faces: before[faces] + len(analysed(cluster)["faces"])}
        until(lambda: wanted.items() <= cluster.figures().items())
        for worker in cluster.workers():
            with cluster.alone(worker):
                figures = cluster.figures()
            assert wanted.items() <= figures.items()
            memory = [value for key, value in figures.items() if key[0] == "process_resident_memory_bytes"]
            assert len(memory) == figures["expression_workers",] == 2
            assert min(memory) > 20e6
    assert wanted[faces] > before[faces]
    until(lambda: cluster.figures()["expression_server_viewers",] == 0)


def test_no_figure_falls_when_a_worker_is_killed_and_all_are_replaced(cluster):
    seen = [cluster.figures()]
    watching = Faithful(cluster.port)

    def grown_to(count: float) -> bool:
        with suppress(OSError):  # asked of a worker that ends
            seen.append(cluster.figures())
        return seen[-1].get(ASKED) == count

    for _ in range(10):
        cluster.get("/healthz")
    asked = seen[0].get(ASKED, 0) + 10
    until(lambda: grown_to(asked))
    first = cluster.workers()
    os.kill(first[0], signal.SIGKILL)
    until(lambda: grown_to(asked) and first[0] not in cluster.workers())
    os.kill(cluster.web.pid, signal.SIGHUP)
    until(lambda: grown_to(asked) and not set(first) & set(cluster.workers()) and len(cluster.workers()) == 2)
    for _ in range(10):
        cluster.get("/healthz")
    until(lambda: grown_to(asked + 10) and seen[-1]["expression_workers",] == 2)
    watching.leave()
    watching.join(30)
    for earlier, later in itertools.pairwise(seen):
        for key, value in earlier.items():
            if key[0].endswith(("_total", "_count", "_sum", "_bucket")):
                assert later[key] >= value, key


def check(cluster, fail, mend) -> None:
    """Viewers are told of an outage, and see the camera again; benchmarks/recovery.py measures how soon."""
    watch = Watch(cluster.port)
    watch.await_live()
    outage(watch, fail, mend, lasts=1.0)
    watch.leave()


def test_redis_killed_and_back_is_told_and_over_while_pictures_are_still_taken(cluster):
    def fail():
        cluster.redis.kill()
        assert cluster.get("/healthz")["status"] == "ok"
        assert analysed(cluster)["faces"]

    check(cluster, fail, cluster.redis.start)


def test_a_redis_that_hangs_is_told_and_over(cluster):
    check(cluster, lambda: cluster.redis.tell(signal.SIGSTOP), lambda: cluster.redis.tell(signal.SIGCONT))


def test_a_camera_node_killed_and_back_is_told_and_over(cluster):
    check(cluster, cluster.node.kill, cluster.node.start)


def test_a_second_node_of_the_same_name_is_refused_and_disturbs_nobody(cluster):
    watch = Viewer(cluster.port, "/video_feed/door")
    watch.await_frames(5)
    owner = owner_of(cluster)
    second = CameraNode(cluster.redis, "door")
    second.start()
    try:
        assert second.ended() == 2
        assert f"another camera node has the name 'door' ({os.uname().nodename}, process " in second.said()
        assert "end that one, or give this one another: --name" in second.said()
    finally:
        second.close()
    watch.await_frames(5)
    watch.leave()
    assert owner_of(cluster) == owner


def owner_of(cluster) -> bytes:
    with cluster.redis.client() as redis:
        return redis.get(lock_key("door"))


def test_a_slow_reader_makes_redis_no_larger_and_goes_on_with_the_newest_frame(cluster):
    viewer = Viewer(cluster.port, "/video_feed/door")
    viewer.await_frames(5)
    with cluster.redis.client() as redis:
        before = redis.info("memory")["used_memory"]
        for worker in cluster.workers():
            os.kill(worker, signal.SIGSTOP)
        held = time.time()
        time.sleep(2.5)
        grown = redis.info("memory")["used_memory"] - before
        waiting = sum(int(client["omem"]) for client in redis.client_list())
        for worker in cluster.workers():
            os.kill(worker, signal.SIGCONT)
    assert grown < 300_000, "frames wait in Redis for who does not read them"
    assert waiting < 100_000
    woken, seen = time.time(), len(viewer.parts)
    until(lambda: any(part.captured_at > woken for part in viewer.parts[seen:]))
    late = [part for part in viewer.parts[seen:] if held + 1 < part.captured_at < woken - 1]
    viewer.leave()
    assert late == [], "frames of the pause were sent after it"


def test_cameras_come_and_go(cluster):
    def names():
        return [camera["name"] for camera in cluster.get("/api/cameras")["cameras"]]

    with camera_node(cluster.redis, "desk"):
        until(lambda: all(names() == ["desk", "door"] for _ in range(4)))
        with urllib.request.urlopen(f"http://127.0.0.1:{cluster.port}/snapshot/desk.jpg", timeout=30) as answer:
            assert answer.read(2) == b"\xff\xd8"
    until(lambda: cluster.get("/api/state?camera=desk")["cameras"][0]["message"] == "its camera node has ended")
