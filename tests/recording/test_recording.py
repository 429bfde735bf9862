import csv
import fcntl
import json
import os
import shutil
import threading
import time

import pytest

from delivery.view_options import ViewOptions
from media.limits import disk
from media.results.timeline import timeline
from recording.closing import BROKEN, FULL, NOTHING, recover
from recording.recorder import STOPPED
from recording.rows import rows_of
from recording.store import Record, Records
from tests.support.servers.recorded import LABELS, a_face, a_picture, feed, film, recording, show, until

HAPPY = a_face("happy", 0.9, seconds=1.2, detection=0.97, angle=-4.5)
SAD = a_face("sad", 0.8, track=2, box=(200, 30, 50, 50))


def entries(record):
    return json.loads((record.folder / "record.json").read_text())


def entries_so_far(record):
    lines = (record.folder / "record.json").read_text().splitlines()[1:]
    return [json.loads(line.removeprefix(",")) for line in lines]


def table(record):
    with (record.folder / "faces.csv").open() as lines:
        return list(csv.DictReader(lines))


def left(record):
    return sorted(path.name for path in record.folder.iterdir())


def test_video_rows_and_table_tell_of_the_same_frames(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 8 + [(HAPPY, SAD)] * 8 + [()] * 4)
        recorder.record.stop()
        recorder.join(30)
    record = recorder.record
    content, summary = entries(record), record.summary
    assert (summary["frames"], summary["faces"], summary["message"], summary["settled"]) == (20, 2, "", True)
    assert [entry["frame"] for entry in content["frames"]] == list(range(20))
    assert film(record.folder / "video.mp4") == pytest.approx([e["seconds"] for e in content["frames"]], abs=1e-3)
    assert (content["camera"], content["labels"], content["width"], content["height"]) == (
        "door",
        list(LABELS),
        320,
        180,
    )
    assert content["frames"][9]["faces"] == [HAPPY.as_dict(), SAD.as_dict()]
    assert content["summary"]["shares"] == summary["shares"]
    rows = table(record)
    assert len(rows) == 8 + 16
    assert list(rows[0]) == ["time", "frame", "seconds", "track", "x", "y", "width", "height", "detection",
                             "angle", "expression", "confidence", *LABELS]  # fmt: skip
    assert (rows[-1]["frame"], rows[-1]["track"], rows[-1]["expression"], rows[-1]["sad"]) == ("15", "2", "sad", "0.8")
    assert (rows[0]["detection"], rows[0]["angle"]) == ("0.97", "-4.5")
    assert abs(float(rows[0]["time"]) - time.time()) < 60
    assert [moment["expression"] for moment in summary["moments"]] == ["happy", "sad"]
    assert left(record) == ["about.json", "faces.csv", "lock", "moment-0.jpg", "moment-1.jpg", "moments.json",
                            "record.json", "summary.json", "timeline.json", "video.mp4"]  # fmt: skip


def test_the_visitors_boxes_are_in_pixels_of_the_video(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        picture = a_picture(0, [a_face(box=(80, 60, 120, 120))])
        feed(hub, recorder, [()])
        show(hub, type(picture)(picture.jpeg, 1, picture.captured_at, faces=picture.faces, size=(640, 360)))
        until(lambda: recorder.frames == 2)
    assert entries(recorder.record)["frames"][1]["faces"][0]["box"] == {"x": 40, "y": 30, "width": 60, "height": 60}


def test_in_a_mirrored_record_boxes_lie_where_the_faces_are_seen(tmp_path):
    with recording(tmp_path, view=ViewOptions(mirror=True)) as (hub, recorder):
        feed(hub, recorder, [(a_face(box=(40, 30, 60, 60), angle=8.0),)])
    (face,) = entries(recorder.record)["frames"][0]["faces"]
    assert face["box"] == {"x": 220, "y": 30, "width": 60, "height": 60}
    assert face["angle"] == -8


def test_a_lost_camera_leaves_a_gap_and_the_record_goes_on(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        show(hub, a_picture(0, notice=True))  # the camera is being started: nothing to record yet
        feed(hub, recorder, [(HAPPY,)] * 3)
        show(hub, a_picture(0, notice=True))
        until(lambda: recorder.frames == 4)
        time.sleep(0.5)
        feed(hub, recorder, [(HAPPY,)] * 3)
    content = entries(recorder.record)
    assert len(content["frames"]) == 7
    assert content["frames"][3]["faces"] == []
    assert content["frames"][4]["seconds"] - content["frames"][3]["seconds"] > 0.45
    assert len(film(recorder.record.folder / "video.mp4")) == 7


def test_a_camera_that_never_gave_a_picture_leaves_words_only(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        show(hub, a_picture(0, notice=True))
        recorder.record.stop()
        recorder.join(30)
    assert recorder.record.summary["message"] == NOTHING
    assert left(recorder.record) == ["about.json", "lock", "summary.json"]


def test_it_ends_by_itself_at_its_longest_length(tmp_path):
    with recording(tmp_path, limit=0.6) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 3)
        recorder.join(30)
        assert not recorder.is_alive()
    assert recorder.record.summary["message"].startswith("It ended by itself: 0.01 minutes are the longest")


def test_the_end_of_the_stream_ends_it_and_the_video_is_settled_at_the_next_start(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 5)
        hub.close()
        recorder.join(30)
        assert not recorder.is_alive()
    record = recorder.record
    assert (record.summary["message"], record.summary["settled"]) == (STOPPED, False)
    assert len(film(record.folder / "video.mp4")) == 5
    recover(record, lambda: False)
    assert record.summary["settled"]
    assert b"moof" not in (record.folder / "video.mp4").read_bytes()


@pytest.mark.parametrize("name", ["video.mp4", "record.json", "faces.csv"])
def test_a_full_disk_ends_it_in_words(tmp_path, name):
    with recording(tmp_path) as (hub, recorder):
        (recorder.record.folder / name).symlink_to("/dev/full")
        for number in range(300):
            if not recorder.is_alive():
                break
            show(hub, a_picture(number, [HAPPY]))
            time.sleep(0.01)
        recorder.join(30)
        assert not recorder.is_alive()
    record = recorder.record
    if record.summary is None:  # not even its end could be written; the next start sees to it
        (record.folder / name).unlink()
        recover(record, lambda: False)
    assert record.summary["message"] == FULL
    assert not record.is_active


def test_a_disk_that_fills_up_ends_it_before_it_is_full(tmp_path, monkeypatch):
    full = []
    monkeypatch.setattr(disk, "is_full", lambda folder: bool(full))
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 5)
        full.append(True)
        recorder.join(30)
        assert not recorder.is_alive()
    assert recorder.record.summary["message"] == FULL
    times = film(recorder.record.folder / "video.mp4")
    assert len(times) in (5, 6), "the last picture stands until the end, where that comes later"
    assert times[-1] == pytest.approx(recorder.record.summary["duration"], abs=0.01), "as long as the record"


def test_deleted_while_it_goes_on_it_is_gone(tmp_path):
    with recording(tmp_path) as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 3)
        assert recorder.record.is_active
        recorder.record.delete()
        assert not recorder.record.exists
        recorder.join(30)
    assert list(tmp_path.iterdir()) == []


def broken_off(folder, hub, recorder):
    """A copy of a record that is being written, as a kill leaves it."""
    copy = folder / ("k" * 16)
    shutil.copytree(recorder.record.folder, copy)
    return Record(copy)


@pytest.mark.parametrize("torn", [0, 30])
def test_one_that_broke_off_is_closed_from_what_is_on_the_disk(tmp_path, torn):
    with recording(tmp_path / "live") as (hub, recorder):
        feed(hub, recorder, [(HAPPY,)] * 20 + [(SAD,)] * 20)
        time.sleep(1.1)  # so that the moments are saved
        feed(hub, recorder, [(HAPPY, SAD)] * 5)
        record = broken_off(tmp_path, hub, recorder)
    rows, before = record.folder / "record.json", entries_so_far(record)
    rows.write_bytes(rows.read_bytes()[: -torn or None])
    (record.folder / ".moment-1.jpg.part").write_bytes(b"half")
    assert not record.is_active
    recover(record, lambda: False)
    whole = 45 - bool(torn)
    assert entries(record)["frames"] == before[:whole]
    content, summary = entries(record), record.summary
    assert summary["message"] == BROKEN
    assert [len(content["frames"]), summary["frames"], len(list(rows_of(record.folder)))] == [whole] * 3
    assert {moment["expression"] for moment in summary["moments"]} == {"happy", "sad"}
    assert {row["frame"] for row in table(record)} == {str(number) for number in range(whole)}
    assert 20 <= len(film(record.folder / "video.mp4")) <= 45
    assert summary["settled"]
    assert (summary["width"], summary["height"]) == (320, 180)
    assert not [name for name in left(record) if name.startswith(".") or name in ("closing", "progress.json")]


def test_one_that_broke_off_before_the_first_picture_is_closed_too(tmp_path):
    record, lock = Records(tmp_path, 3600).begin({"camera": "door", "look": {"threshold": 0.35}, "labels": LABELS})
    recover(record, lambda: False)
    assert record.summary is None, "it is still being written"
    lock.close()
    recover(record, lambda: False)
    assert record.summary["message"] == BROKEN


def test_one_that_is_over_is_in_nobodys_way_though_its_writer_has_not_let_go_yet(tmp_path):
    records = Records(tmp_path, 3600)
    record, lock = records.begin({"camera": "door", "look": {"threshold": 0.35}, "labels": LABELS})
    assert records.active() == 1
    record.write("summary.json", {"ended": 0.0})
    assert record.is_active
    assert records.active() == 0
    lock.close()


def test_who_looks_whether_a_record_is_locked_is_in_nobodys_way(tmp_path):
    record, lock = Records(tmp_path, 3600).begin({})
    lock.close()
    with (record.folder / "lock").open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        done = threading.Timer(0.03, fcntl.flock, (looking, fcntl.LOCK_UN))
        done.start()
        mine = record.lock()
        done.join()
    assert mine is not None
    assert record.is_active
    assert record.lock() is None
    mine.close()


def test_records_are_deleted_when_their_time_is_over(tmp_path):
    records = Records(tmp_path / "records", keep=100)
    records.sweep()
    assert not records.folder.exists()
    old, lock = records.begin({})
    fresh, other = records.begin({})
    unborn = records.folder / ("u" * 16)
    unborn.mkdir()
    os.utime(unborn, (0, 0))
    old.write("summary.json", {"ended": time.time() - 101})
    fresh.write("summary.json", {"ended": time.time() - 99})
    for file in (lock, other):
        file.close()
    records.sweep()
    assert [record.id for record in records.all()] == [fresh.id]
    assert records.get(fresh.id).exists
    assert records.get("../" + fresh.id) is None
    assert records.get(old.id) is None


def test_the_time_line_holds_a_frame_while_a_camera_stalls_but_not_while_it_is_lost():
    from media.results.results import FileResult

    times = [n / 30 for n in range(60)] + [2.5 + n / 30 for n in range(60)] + [10 + n / 30 for n in range(60)]
    line = timeline(FileResult("", "video", labels=LABELS, frames=[(0, at, (HAPPY,)) for at in times]), 12.0)
    assert None not in line["mean"][: int(4.4 / line["step"])]
    assert None in line["mean"][int(6 / line["step"]) :]


def test_rows_of_an_earlier_version_which_knew_nothing_of_the_detector_can_be_read(tmp_path):
    old = {name: value for name, value in HAPPY.as_dict().items() if name not in ("detection", "angle")}
    rows = [{"time": 9.0, "frame": 0, "seconds": 0.0, "faces": [faces]} for faces in (old, HAPPY.as_dict())]
    (tmp_path / "record.json").write_text('{"labels": [], "frames": [\n' + "\n,".join(map(json.dumps, rows)))
    (_, _, (before,)), (_, _, (now,)) = rows_of(tmp_path)
    assert (before.detection, before.angle, before.box) == (1.0, 0.0, HAPPY.box)
    assert (now.detection, now.angle) == (0.97, -4.5)
