"""Videos from others are read within limits, by a process that is not the server."""

import resource
import subprocess
import sys

import av
import numpy as np
import pytest

from config.settings import Settings
from errors import SourceError
from media.queue.heartbeat import STALLED
from media.queue.jobs import UPLOAD
from media.queue.worker import Worker
from media.videos.files import VideoReader
from media.videos.restrictions import OPTIONS
from tests.support.cameras.clips import write_clip
from tests.support.servers.servers import ROOT

STUCK = """
import sys, time
from media.queue import analysis
from media.queue import heartbeat
from media.queue import worker
from config.settings import Settings
heartbeat.BEAT, heartbeat.STALL = 0.05, 0.3
analysis.analyse_frames = lambda *_: iter(lambda: time.sleep(60), None)
worker.Worker(Settings(storage=sys.argv[1]), "stuck").run()
"""
GREEDY = """
from media.sandbox.limits import limit_memory
limit_memory(100_000_000)
try:
    bytearray(200_000_000)
except MemoryError:
    print("refused")
"""


def grown(path, first, then):
    """A video whose later frames are larger than its head says: two H.264 streams, one behind the other."""
    with path.open("wb") as file:
        for size, count in ((first, 300), (then, 3)):
            part = path.with_suffix(".h264")
            with av.open(str(part), "w", format="h264") as made:
                stream = made.add_stream("libx264", rate=5, options={"preset": "ultrafast"})
                stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
                for _ in range(count):
                    frame = av.VideoFrame.from_ndarray(np.zeros((size[1], size[0], 3), np.uint8), format="bgr24")
                    made.mux(stream.encode(frame))
                made.mux(stream.encode(None))
            file.write(part.read_bytes())
    return path


def test_a_frame_larger_than_the_head_said_is_not_decoded(tmp_path, monkeypatch):
    monkeypatch.setattr("media.videos.files.MAX_PIXELS", 200 * 150)
    with VideoReader(grown(tmp_path / "small", (64, 48), (128, 96))) as reader:
        assert {image.shape for _, image in reader.pictures()} == {(48, 64, 3), (96, 128, 3)}
    with VideoReader(grown(tmp_path / "large", (64, 48), (256, 192))) as reader:
        assert {image.shape for _, image in reader.pictures()} == {(48, 64, 3)}
        assert reader.damaged
    with pytest.raises(SourceError, match="256x192 pixels a frame, expected at most"):
        VideoReader(grown(tmp_path / "all", (256, 192), (256, 192)))


@pytest.mark.parametrize("codec", [b"V_VP8", b"A_OPUS"])
def test_a_codec_that_nobody_knows_is_told_or_left_out(tmp_path, codec):
    clip = write_clip(tmp_path / "clip.webm", frames=3)
    clip.write_bytes(clip.read_bytes().replace(codec, codec[:2] + b"X" * (len(codec) - 2)))
    if codec == b"V_VP8":
        with pytest.raises(SourceError, match="in a form that cannot be read"):
            VideoReader(clip)
    else:
        with VideoReader(clip) as reader:
            assert reader.sound is None
            assert len(list(reader.pictures())) == 3


def test_a_title_that_is_no_text_is_passed_over(tmp_path):
    clip = write_clip(tmp_path / "clip.mp4", frames=3, sound=False)
    whole = clip.read_bytes()
    assert b"Lavf" in whole  # the tag of the writer
    clip.write_bytes(whole.replace(b"Lavf", b"L\xff\xfef"))
    with VideoReader(clip) as reader:
        assert len(list(reader.pictures())) == 3


@pytest.mark.parametrize("name", ["magicyuv", "ffvhuff"])
def test_no_decoder_is_run_but_of_what_cameras_and_browsers_write(tmp_path, name):
    path = tmp_path / "odd.avi"
    with av.open(str(path), "w") as made:
        picture = made.add_stream(name, rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
        made.mux([*picture.encode(frame), *picture.encode(None)])
    with pytest.raises(SourceError, match="in a form that cannot be read"):
        VideoReader(path)
    for options, looked_into in (({}, "yuv420p"), (OPTIONS, None)):
        with av.open(str(path), options=options) as opened:
            assert opened.streams.video[0].codec_context.pix_fmt == looked_into


def test_uncompressed_video_as_laboratories_have_it_is_read(tmp_path):
    with av.open(str(tmp_path / "raw.avi"), "w") as made:
        picture = made.add_stream("rawvideo", rate=5)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "bgr24"
        for level in (60, 120, 180):
            made.mux(picture.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), level, np.uint8), format="bgr24")))
    with VideoReader(tmp_path / "raw.avi") as reader:
        assert [int(image.mean()) for _, image in reader.pictures()] == [60, 120, 180]


def test_a_worker_whose_decoder_hangs_gives_itself_up_and_its_job_is_taken_up_again(tmp_path):
    worker = Worker(Settings(storage=str(tmp_path)), "another")
    clip = write_clip(tmp_path / "clip.mp4", frames=3)
    worker.jobs.files("a" * 16).mkdir(parents=True)
    (worker.jobs.files("a" * 16) / UPLOAD).write_bytes(clip.read_bytes())
    job = worker.jobs.add("a" * 16, clip.name)
    done = subprocess.run([sys.executable, "-c", STUCK, str(tmp_path)], cwd=ROOT, timeout=60, capture_output=True)
    assert done.returncode == STALLED, done.stderr
    assert worker.jobs.get(job.id).status == "running"
    worker.jobs.recover("stuck")
    assert worker.jobs.get(job.id).status == "queued"
    assert worker.jobs.process_next(worker._process)
    assert worker.jobs.get(job.id).status == "done"


def test_a_workers_memory_is_bounded_and_it_leaves_no_image_of_it():
    done = subprocess.run([sys.executable, "-c", GREEDY], cwd=ROOT, timeout=60, capture_output=True, text=True)
    assert done.stdout == "refused\n"


@pytest.mark.parametrize(("given", "behind"), [(["--attached", "me"], [10]), ([], [])])
def test_every_worker_is_bounded_and_the_servers_own_stands_back(monkeypatch, tmp_path, given, behind):
    from media.queue import worker

    bounds, nice = [], []
    monkeypatch.setattr(worker, "limit_memory", bounds.append)
    monkeypatch.setattr(worker.os, "nice", nice.append)
    monkeypatch.setattr(Worker, "run", lambda self: None)
    monkeypatch.setattr(worker, "_stop_on_signals", lambda _: None)
    monkeypatch.setattr(worker, "_watch_parent", lambda _: None)
    assert worker.main([*given, "--storage", str(tmp_path)]) == 0
    assert bounds == [worker.MEMORY]
    assert nice == behind
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY, "the test itself is not"
