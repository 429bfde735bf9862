"""The end of a record: its summary and time line, made by who has written it or, after a crash, from what is there."""

import json
import shutil
import time
from collections.abc import Callable

import av
import av.error

from errors import SourceError
from media.limits.disk import SPARE
from recording.moments import moments_in
from recording.rows import ROWS, TABLE, RowWriter, rows_of
from recording.store import LINE, VIDEO, Record
from recording.summary import Summary
from recording.video import settle

FULL = "The server's disk is full; what was recorded until then is kept."
BROKEN = "The server broke off while it was recorded; what was recorded until then is kept."
NOTHING = "The camera gave no picture in that time."


def complete(
    record: Record,
    summary: Summary,
    message: str,
    ledger: RowWriter | None,
    size: tuple[int, int],
    stop: Callable[[], bool],
) -> None:
    """End a record whose video is closed.

    Args:
        record: locked by the caller.
        summary: of all its frames.
        message: why it ended, as a sentence; empty where somebody asked for it.
        ledger: still open; None where there was no frame.
        size: width and height of the video in pixels.
        stop: says that time presses; the video is then settled at the next start.

    Raises:
        OSError: it cannot be written.
    """
    told = summary.as_dict()
    moments = moments_in(record.folder)
    ended = {"ended": time.time(), "message": message or ("" if ledger else NOTHING)}
    if ledger is not None:
        ledger.close({**ended, "summary": {**told, "moments": moments}})
        line = summary.course.line(max(summary.seconds, 1e-3))
        (record.folder / LINE).write_text(json.dumps(line), encoding="utf-8")
    settled = _settled(record, stop)
    record.write(
        "summary.json",
        {**ended, **told, "moments": moments, "settled": settled, "width": size[0], "height": size[1]},
    )
    for name in ("progress.json", "stop", "full"):
        (record.folder / name).unlink(missing_ok=True)


def _settled(record: Record, stop: Callable[[], bool]) -> bool:
    """Whether the video needs no further work; one that holds no picture goes."""
    video = record.folder / VIDEO
    try:
        if not video.is_file():
            return True
        room = shutil.disk_usage(record.folder).free - video.stat().st_size
        return room > SPARE and settle(video, stop)
    except SourceError:
        video.unlink()
        return True


def recover(record: Record, stop: Callable[[], bool]) -> float | None:
    """See to a record that no living process writes: close one that broke off, settle a video that is not yet.

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
        for part in record.folder.glob(".*.part"):  # of a file that was being written
            part.unlink()
        summary = record.summary
        if summary is None:
            return _close_broken(record, stop)
        if not summary["settled"] and _settled(record, stop):
            record.write("summary.json", {**summary, "settled": True})
    return None


def _close_broken(record: Record, stop: Callable[[], bool]) -> float:
    """Go through the rows that were written, and write them anew, whole; returns the length in seconds."""
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
    ledger = RowWriter(fresh, {"record": record.id, **about, "width": size[0], "height": size[1]}, about["labels"])
    for row in rows_of(record.folder):
        ledger.add(row)
        summary.add(row[1], row[2])
    for name in (ROWS, TABLE):
        (fresh / name).replace(record.folder / name)  # the ledger goes on writing into them
    fresh.rmdir()
    complete(record, summary, message, ledger, size, stop)
    return summary.seconds


def _size_of(record: Record) -> tuple[int, int]:
    """Width and height of the video; zeros where it holds nothing that can be read."""
    try:
        with av.open(str(record.folder / VIDEO)) as film:
            video = film.streams.video[0]
            return video.width, video.height
    except (av.error.FFmpegError, OSError, IndexError):
        return 0, 0
