"""The folder of all records: damaged ones, and servers that share it."""

import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict

import pytest

from config.settings import Settings
from delivery.stream import Hub
from delivery.view_options import ViewOptions
from delivery.viewers import Viewer
from errors import RecordError
from recording.closing import BROKEN, recover
from recording.manager import RecordManager
from recording.store import Record, Records
from tests.support.servers.recorded import LABELS, a_face, about, feed, film, recording


@pytest.mark.parametrize("damaged", [b"", b"\0" * 100, b'{"ended": 1', b"[]", b"{}"])
def test_a_damaged_record_keeps_no_other_and_is_itself_kept_no_longer(tmp_path, damaged):
    record_manager = RecordManager(Settings(storage=str(tmp_path), keep=1.0))
    made = {}
    for name in ("summary.json", "about.json", "old", "fresh"):
        made[name], lock = record_manager.records.begin(about())
        lock.close()
        since = time.time() if name == "fresh" else time.time() - 3601
        made[name].write("summary.json", {"ended": since, "settled": True})
    (made["about.json"].folder / "summary.json").unlink()
    for name in ("summary.json", "about.json"):
        (made[name].folder / name).write_bytes(damaged)
        os.utime(made[name].folder, (0, time.time() - 3601))
    record_manager.tidy()
    assert {record.id for record in record_manager.records.all()} == {made["fresh"].id, made["summary.json"].id}
    assert made["summary.json"].summary["message"] == BROKEN, "it was closed anew"


def test_a_record_whose_summary_and_moments_are_damaged_is_closed_anew_from_its_rows(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [(a_face(),)] * 10)
        recorder.record.stop()
        recorder.join(30)
    record = recorder.record
    before = record.summary
    for name in ("summary.json", "moments.json"):
        (record.folder / name).write_bytes(b"")
    recover(record, lambda: False)
    same = ("frames", "faces", "width", "height", "settled")
    assert {key: record.summary[key] for key in same} == {key: before[key] for key in same}
    assert len(json.loads((record.folder / "record.json").read_bytes())["frames"]) == before["frames"] == 10
    assert len(film(record.folder / "video.mp4")) >= 10


def test_what_a_record_came_to_is_on_the_disk_before_it_takes_the_place_of_what_was_there(tmp_path, monkeypatch):
    record, lock = Records(tmp_path, 3600).begin(about())
    record.write("summary.json", {"ended": 1.0})
    synced = []

    def seen(number):
        synced.append((os.readlink(f"/proc/self/fd/{number}"), record.summary))

    monkeypatch.setattr(os, "fsync", seen)
    record.write("progress.json", {"frames": 1})
    assert synced == [], "that is lost without any harm"
    record.write("summary.json", {"ended": 2.0})
    assert synced == [(str(record.folder / ".summary.json.part"), {"ended": 1.0})]
    assert record.summary == {"ended": 2.0}
    lock.close()


def test_one_that_somebody_else_has_just_deleted_is_stopped_and_deleted_without_a_word(tmp_path):
    record, lock = Records(tmp_path, 3600).begin(about())
    lock.close()
    shutil.rmtree(record.folder)
    record.stop()
    record.delete()
    assert not record.folder.exists()


def begun_by(record_manager):
    """The record that a server begins, or in which words it refuses."""
    header = {"camera": "door", "look": asdict(ViewOptions())}
    try:
        return record_manager.begin(header, LABELS, Hub(), Viewer(), lambda: None, lambda: True)
    except RecordError as error:
        return str(error)


@pytest.fixture
def servers(tmp_path):
    """Three that share one storage, of which one may record nothing."""
    made = [RecordManager(Settings(storage=str(tmp_path / "shared"), max_records=most)) for most in (1, 1, 0)]
    yield made
    for record_manager in made:
        record_manager.close()


def test_servers_that_share_a_storage_begin_no_more_together_than_one_may(servers, monkeypatch):
    count, counted = Records.active, threading.Barrier(2)

    def active(records):
        number = count(records)
        with suppress(threading.BrokenBarrierError):
            counted.wait(0.3)  # so that both have counted before either begins, where they can
        return number

    monkeypatch.setattr(Records, "active", active)
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(begun_by, servers[:2]))
    assert [isinstance(each, Record) for each in found].count(True) == 1
    assert len(list(servers[0].records.all())) == 1


def test_a_server_that_is_held_up_while_it_begins_a_record_keeps_others_waiting_for_a_moment_only(servers, monkeypatch):
    monkeypatch.setattr("recording.store.LOCK_TIMEOUT", 0.05)
    refused, recorded = servers[2], servers[0].records
    assert begun_by(refused) == "it is turned off"
    assert not recorded.folder.exists(), "who begins nothing leaves nothing"
    with recorded.exclusive():
        assert "another process has kept .lock locked for 0.05 s" in begun_by(servers[1])
    assert list(recorded.all()) == []
    assert isinstance(begun_by(servers[1]), Record)
