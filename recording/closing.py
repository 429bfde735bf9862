"""Completes a record with its summary and time line, also after a crash, from the files that are there."""

import json
import shutil
import time
from collections.abc import Callable

import av
import av.error

from errors import SourceError
from media.limits.disk import SPARE
from recording.moments import load_moments
from recording.rows import ROWS, TABLE, RowWriter, rows_of
from recording.store import LINE, VIDEO, Record
from recording.summary import Summary
from recording.video import remux

FULL = "The server's disk is full; the recording up to then is kept."
BROKEN = "The server broke off during the recording; the recording up to then is kept."
NOTHING = "The camera gave no picture in that time."


def complete(
    record: Record,
    summary: Summary,
    message: str,
    rows: RowWriter | None,
    size: tuple[int, int],
    stop: Callable[[], bool],
) -> None:
    """Complete a record whose video is closed.

    Args:
        record: locked by the caller.
        summary: of all its frames.
        message: why it ended, as a sentence; empty if somebody stopped it.
        rows: still open; None if there was no frame.
        size: width and height of the video in pixels.
        stop: whether to hurry; the video is then remuxed at the next start.

    Raises:
        OSError: it cannot be written.
    """
    totals = summary.as_dict()
    moments = load_moments(record.folder)
    ended = {"ended": time.time(), "message": message or ("" if rows else NOTHING)}
    if rows is not None:
        rows.close({**ended, "summary": {**totals, "moments": moments}})
        timeline = summary.timeline.build(max(summary.seconds, 1e-3))
        (record.folder / LINE).write_text(json.dumps(timeline), encoding="utf-8")
    remuxed = _remuxed(record, stop)
    record.write(
        "summary.json",
        {**ended, **totals, "moments": moments, "settled": remuxed, "width": size[0], "height": size[1]},
    )
    for name in ("progress.json", "stop", "full"):
        (record.folder / name).unlink(missing_ok=True)


def _remuxed(record: Record, stop: Callable[[], bool]) -> bool:
    """Whether the video needs no further work; a video without a picture is deleted."""
    video = record.folder / VIDEO
    try:
        if not video.is_file():
            return True
        room = shutil.disk_usage(record.folder).free - video.stat().st_size
        return room > SPARE and remux(video, stop)
    except SourceError:
        video.unlink()
        return True


def recover(record: Record, stop: Callable[[], bool]) -> float | None:
    """Finish a record that no living process writes: complete one that broke off, remux a video that is not yet.

    Returns the length in seconds of one that broke off; None for all others.

    Raises:
        OSError: it cannot be written.
    """
    if not record.exists or (record.summary or {}).get("settled"):
        return None
    lock = record.lock()
    if lock is None:
        return None
    with lock:
        if not record.about:  # deleted meanwhile
            return None
        record.release()
        for part in record.folder.glob(".*.part"):  # temporary files of the writer
            part.unlink()
        summary = record.summary
        if summary is None:
            return _close_broken(record, stop)
        if not summary["settled"] and _remuxed(record, stop):
            record.write("summary.json", {**summary, "settled": True})
    return None


def _close_broken(record: Record, stop: Callable[[], bool]) -> float:
    """Complete a broken record from the rows that were written; returns the length in seconds."""
    about, rows = record.about, record.folder / ROWS
    message = FULL if record.is_cut_short else BROKEN
    summary = Summary(about["labels"], about["look"]["threshold"])
    if not rows.is_file() or not rows.stat().st_size:
        complete(record, summary, message, None, (0, 0), stop)
        return 0.0
    fresh = record.folder / "closing"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    size = _size_of(record)
    writer = RowWriter(fresh, {"record": record.id, **about, "width": size[0], "height": size[1]}, about["labels"])
    for row in rows_of(record.folder):
        writer.add(row)
        summary.add(row[1], row[2])
    for name in (ROWS, TABLE):
        (fresh / name).replace(record.folder / name)  # the writer still writes into them
    fresh.rmdir()
    complete(record, summary, message, writer, size, stop)
    return summary.seconds


def _size_of(record: Record) -> tuple[int, int]:
    """Return the width and height of the video; zeros if it cannot be read."""
    try:
        with av.open(str(record.folder / VIDEO)) as container:
            video = container.streams.video[0]
            return video.width, video.height
    except (av.error.FFmpegError, OSError, IndexError):
        return 0, 0
