import fcntl
import io
import multiprocessing
import os
import shutil
import signal
from collections import namedtuple
from types import SimpleNamespace

import pytest

from errors import StorageError, UploadError
from media.limits.disk import SPARE
from media.limits.uploads import Upload, sweep


def test_a_kept_file_is_in_its_place_and_nothing_else_is_left(tmp_path):
    with Upload(tmp_path / "in", 100) as upload:
        upload.read_from(io.BytesIO(b"x" * 100))
        upload.keep(tmp_path / "job" / "upload")
    assert (tmp_path / "job" / "upload").read_bytes() == b"x" * 100
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_upload_that_breaks_off_leaves_nothing(tmp_path, error):
    def broken_off(_):
        assert len(list(tmp_path.iterdir())) == 1
        raise error

    stream = io.BytesIO(b"x")
    with pytest.raises(error), Upload(tmp_path, 100) as upload:
        upload.read_from(SimpleNamespace(read=lambda size: stream.read(size) or broken_off(size)))
    assert list(tmp_path.iterdir()) == []


def test_one_byte_too_many_is_refused_with_the_limit(tmp_path):
    with pytest.raises(UploadError, match="it is larger than 1 MB"), Upload(tmp_path, 1_000_000) as upload:
        upload.read_from(io.BytesIO(b"x" * 1_000_001))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_before_it_is_full(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1, 1, SPARE - 1))
    with pytest.raises(StorageError, match="the server's disk is full"), Upload(tmp_path, 100) as upload:
        upload.write(b"x")


def hold(folder, ready):
    with Upload(folder, 100) as upload:
        upload.write(b"x")
        ready.set()
        signal.pause()


def test_what_a_killed_process_left_is_swept_but_not_what_is_being_written(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    assert sweep(tmp_path) == 0
    assert len(list(tmp_path.iterdir())) == 1
    os.kill(process.pid, signal.SIGKILL)
    process.join(30)
    process.close()
    assert sweep(tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_sweep_at_the_very_moment_of_its_opening_loses_no_upload(tmp_path, monkeypatch):
    lock, swept = fcntl.flock, []

    def lock_late(file, how):
        if not swept and how == fcntl.LOCK_EX:
            swept.append(sweep(tmp_path / "in"))
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with Upload(tmp_path / "in", 100) as upload:
        upload.write(b"x")
        upload.keep(tmp_path / "job" / "upload")
    assert swept == [1]
    assert (tmp_path / "job" / "upload").read_bytes() == b"x"
    assert list((tmp_path / "in").iterdir()) == []
