"""The state of a record, as the API returns it."""

from typing import Any

from flask import url_for

from recording.rows import ROWS, TABLE
from recording.store import LINE, VIDEO, Record

KINDS = {VIDEO: "video/mp4", TABLE: "text/csv", ROWS: "application/json", LINE: "application/json"}
"""The media type of each file of a record, except its moments."""


def state_of(record: Record, keep: float) -> dict[str, Any] | None:
    """Return a record's progress and results, as `RecordState`; None if it has just been deleted.

    `keep` is the seconds for which it is kept after its end.
    """
    about, summary = record.about, record.summary
    if not about:
        return None
    active = record.is_active and not record.is_stop_requested
    state: dict[str, Any] = {
        "id": record.id,
        "camera": about["camera"],
        "status": "recording" if active else "finishing",
        "started": about["started"],
        "limit": about["limit"],
        "labels": about["labels"],
        "look": about["look"],
        "message": "",
        "duration": 0.0,
        "frames": 0,
        "faces": 0,
        **record.progress,
        "expires": None,
        "summary": None,
        "results": {},
    }
    return state if summary is None else {**state, "status": "done", **_outcome(record, dict(summary), keep)}


def _outcome(record: Record, summary: dict[str, Any], keep: float) -> dict[str, Any]:
    files = [file for file in KINDS if (record.folder / file).is_file()]
    moments = [{**moment, "file": _address(record, moment["file"])} for moment in summary.pop("moments")]
    summary.pop("settled")
    return {
        **{key: summary[key] for key in ("message", "duration", "frames", "faces")},
        "expires": summary["ended"] + keep,
        "summary": {**summary, "moments": moments},
        "results": {file: _address(record, file) for file in files},
    }


def _address(record: Record, name: str) -> str:
    return url_for("records.result", record_id=record.id, name=name)
