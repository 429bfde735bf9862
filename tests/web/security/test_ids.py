"""The id of a record or a video is its only lock: no log holds more of it than its beginning."""

import json
import logging
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from config.logs import JSONFormatter, TextFormatter
from config.settings import Settings
from media.queue.worker import Worker
from recording.manager import RecordManager
from recording.store import Record
from tests.support.cameras.clips import write_clip
from tests.support.servers.handed_in import hand_in, work_off
from tests.support.servers.recorded import a_picture, feed, recording, show

ID = "Abc-123_" * 2


@pytest.fixture
def settings(tmp_path):
    return Settings(source=("demo",), storage=str(tmp_path))


def is_cut(text: str, known: str) -> bool:
    return known not in text and f"{known[:6]}..." in text


def test_a_record_whose_end_fails_is_told_of_by_the_beginning_of_its_id(tmp_path, settings, caplog):
    with recording(tmp_path / "records") as (hub, recorder):
        feed(hub, recorder, [()])
        record = recorder.record
        assert is_cut(" ".join(thread.name for thread in threading.enumerate()), record.id)
        (record.folder / "summary.json").mkdir()
        recorder.record.stop()
        recorder.join(30)
    ended = caplog.text
    assert is_cut(ended, record.id)
    assert "could not be finished (Is a directory)" in ended
    caplog.clear()
    RecordManager(settings)._log_unclosed(record, IsADirectoryError(21, "Is a directory", str(record.folder)))
    assert is_cut(caplog.text, record.id)
    assert "could not be closed; trying again (Is a directory)" in caplog.text


@pytest.mark.parametrize("name", ["video.mp4", "record.json"])
def test_a_record_that_breaks_off_is_told_of_by_the_beginning_of_its_id(tmp_path, caplog, name):
    with recording(tmp_path / "records") as (hub, recorder):
        (recorder.record.folder / name).mkdir()
        show(hub, a_picture(0))
        recorder.join(30)
        assert not recorder.is_alive()
    assert is_cut(caplog.text, recorder.record.id)
    assert "ended: Is a directory" in caplog.text


def test_a_record_that_cannot_be_deleted_is_told_of_by_the_beginning_of_its_id(tmp_path, monkeypatch, caplog):
    def refuse(record):
        raise PermissionError(13, "Permission denied", str(record.folder))

    monkeypatch.setattr(Record, "delete", refuse)
    with recording(tmp_path / "records") as (_, recorder):
        (recorder.record.folder / "discard").touch()
        recorder.join(30)
    assert is_cut(caplog.text, recorder.record.id)
    assert "could not be deleted; trying again (Permission denied)" in caplog.text


def test_a_video_whose_copy_cannot_be_written_is_told_of_without_its_folder(tmp_path, settings, monkeypatch, caplog):
    monkeypatch.setattr("media.queue.analysis.VIDEO", "gone/annotated.mp4")
    worker = Worker(replace(settings, storage=str(tmp_path / "store")), "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=5), ID)
    work_off(worker)
    message = worker.jobs.get(job.id).message
    assert message.startswith("annotated.mp4: this video cannot be written")
    assert str(tmp_path) not in message
    assert is_cut(caplog.text, job.id)


def test_a_fault_in_the_midst_of_a_video_is_told_of_by_the_beginning_of_its_id(tmp_path, settings, monkeypatch, caplog):
    def broken(source, *_):
        raise FileNotFoundError(2, "No such file or directory", str(source))

    monkeypatch.setattr("media.queue.worker.analyse", broken)
    worker = Worker(replace(settings, storage=str(tmp_path / "store")), "one")
    job = hand_in(worker.jobs, write_clip(tmp_path / "clip.mp4", frames=5), ID)
    work_off(worker)
    assert is_cut(caplog.text, job.id)
    assert "broke off (No such file or directory)" in caplog.text


@pytest.mark.parametrize(
    "place", [f"/var/lib/expression/records/{ID}/lock", f"store/videos/{ID}", f"/records/{ID}?a=b"]
)
@pytest.mark.parametrize("form", [TextFormatter(), JSONFormatter()])
def test_a_traceback_holds_no_whole_id(place, form):
    try:
        Path(place, "nothing").read_bytes()
    except OSError:
        record = logging.LogRecord("web", logging.ERROR, "x.py", 1, "%s failed", (place,), sys.exc_info())
    text = form.format(record)
    assert is_cut(text, ID)
    assert text.count("Abc-12...") == 2, "the words and the traceback"
    assert "FileNotFoundError" in text
    if isinstance(form, JSONFormatter):
        assert json.loads(text)["message"] == place.replace(ID, "Abc-12...") + " failed"


def test_what_only_looks_like_an_id_stays_in_the_log():
    text = "/opt/recordings/sixteen_letters_/x /opt/records/seventeen_letters /opt/videos/short"
    assert TextFormatter().format(logging.LogRecord("web", logging.INFO, "x.py", 1, text, (), None)).endswith(text)
