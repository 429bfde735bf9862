"""Records of what a visitor sees: started and stopped by the visitor, shown only to those who know the id.

There is no list of all records; each browser remembers its own.
"""

import time
from dataclasses import asdict, replace
from typing import Any

import msgspec
from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request, send_file, url_for

from delivery.viewers import Viewer
from errors import RecordError
from recording.manager import RecordManager
from recording.store import ID, MAX_FPS, MAX_WIDTH, MOMENT, Record
from service.server import Full
from web.cameras import chosen_camera, the_server
from web.description.operations import CONDITIONS, UNCHANGED, Answer, Body, Parameter, operation
from web.description.parameters import DOWNLOAD, SECRET
from web.problems import problem
from web.records.answers import RecordRequest, RecordState, RecordStates
from web.records.states import KINDS, state_of
from web.security.authorization import access_check
from web.security.bodies import json_body
from web.view_query import view

blueprint = Blueprint("records", __name__)

MAX_BODY = 4096
"""Largest body of a request in bytes."""
MAX_IDS = 50
"""Most records in one request."""
STOP_TIMEOUT = 5.0
"""Seconds that a stop waits for the record to be complete."""
POLL = 0.02
PICTURE = "image/jpeg"
FILES = [*KINDS.values(), PICTURE]
UNKNOWN = {404: "There is no such record, or it was deleted"}


def the_record_manager() -> RecordManager:
    """Return the manager of this application's records."""
    record_manager: RecordManager = current_app.extensions["record_manager"]
    return record_manager


@blueprint.get("/records")
def listing() -> str:
    """The page of the records that the visitor's browser remembers."""
    return render_template("records.html")


@blueprint.get("/records/<record_id>")
def page(record_id: str) -> tuple[str, int]:
    """The page of one record: video, time line, shares, moments."""
    record = the_record_manager().records.get(record_id)
    hours = f"{the_server().settings.keep:g}"
    return render_template("record.html", record=record_id, known=bool(record), hours=hours), 200 if record else 404


@blueprint.get("/api/records")
@operation(
    "Records",
    {200: Answer("Their states", kind=RecordStates)},
    {400: "No id, or too many"},
    [Parameter("id", SECRET, "The ids of records", repeated=True, required=True)],
)
def states() -> Response:
    """The states of the records whose ids are given, by `?id=` for each; deleted records are left out."""
    ids = request.args.getlist("id")
    if not 0 < len(ids) <= MAX_IDS or not all(ID.fullmatch(record_id) for record_id in ids):
        form = "each of 16 letters, digits, '-' and '_'"
        detail = (
            f"Got {len(ids)} ids, expected 1 to {MAX_IDS}, {form}, such as ?id=ID1&id=ID2; there is no list of all."
        )
        return problem(400, "Which records", detail)
    known = [the_record_manager().records.get(record_id) for record_id in ids]
    found = [state_of(record, the_record_manager().records.keep) for record in known if record is not None]
    return _answer({"records": [state for state in found if state is not None]})


@blueprint.post("/api/records")
@operation(
    "Records",
    {201: Answer("It has begun", kind=RecordState, headers={"Location": "Address of its state"})},
    {
        400: "A member is invalid",
        404: "There is no such camera",
        413: "The request is too large",
        415: "The body is no JSON",
        503: "The most records or viewers are reached",
        507: "The disk is full",
    },
    body=Body("What to record", json=RecordRequest, required=False),
)
def begin() -> Response:
    """Record what a viewer of `camera` sees, with the view options that the other members give; 201 with its state.

    It ends on request, after `--record-minutes`, or when the disk is full.
    """
    query = _view_query()
    engine, options = chosen_camera(query.get("camera", "")), view(query)
    viewer = Viewer(view=replace(options, width=min(options.width or MAX_WIDTH, MAX_WIDTH)), fps=MAX_FPS)
    labels = the_server().model.labels
    try:
        hub = the_server().enter(engine, viewer)
    except Full as full:
        return problem(503, "Too many viewers", str(full), Retry_After="5")
    about = {"camera": engine.name, "look": asdict(viewer.view)}
    try:
        record = the_record_manager().begin(about, labels, hub, viewer, lambda: engine.leave(viewer), access_check())
    except BaseException as error:
        engine.leave(viewer)
        if isinstance(error, RecordError):
            message = str(error)
            return problem(503, "Not recorded", f"{message[0].upper()}{message[1:]}.", Retry_After="30")
        raise
    response = _answer(_state(record))
    response.status_code = 201
    response.headers["Location"] = url_for("records.state", record_id=record.id)
    return response


def _view_query() -> dict[str, Any]:
    body = json_body(RecordRequest, MAX_BODY, '{"camera": "door", "privacy": "blur"}')
    given = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in given.items() if value is not msgspec.UNSET}


@blueprint.get("/api/records/<record_id>")
@operation("Records", {200: Answer("Its state", kind=RecordState)}, UNKNOWN)
def state(record_id: str) -> Response:
    """The progress of a record; when it is done its summary, and the addresses of its files."""
    return _answer(_state(_record(record_id)))


@blueprint.post("/api/records/<record_id>/stop")
@operation("Records", {200: Answer("Its state", kind=RecordState)}, UNKNOWN)
def stop(record_id: str) -> Response:
    """Stop a record; returns its state when it is complete, or after five seconds. Stopping it twice does no harm."""
    record = _record(record_id)
    if record.summary is None:
        record.stop()
    deadline = time.monotonic() + STOP_TIMEOUT
    while record.is_active and record.summary is None and time.monotonic() < deadline:
        time.sleep(POLL)
    return _answer(_state(_record(record_id)))


@blueprint.get("/api/records/<record_id>/<filename:name>")
@operation(
    "Records",
    {200: Answer("The file", FILES), 206: Answer("The part that `Range` asks for", FILES), 304: UNCHANGED},
    {404: "There is no such record or file", 409: "It is still being recorded", **CONDITIONS},
    [DOWNLOAD],
)
def result(record_id: str, name: str) -> Response:
    """One file of a finished record; with `?download=1` under a name that contains camera and time."""
    record = _record(record_id)
    if name not in KINDS and not MOMENT.fullmatch(name):
        detail = f"There is no {name[:40]!r} of a record; there is: {', '.join(KINDS)} and moment-N.jpg."
        return problem(404, "Unknown file", detail)
    path, summary, download = record.folder / name, record.summary, f"{_name(record)}-{name}"
    if summary is None:
        return problem(409, "Not ready", "It is still being recorded; there are files when it is done.")
    if not path.is_file():
        return problem(404, "No such file", f"This record has no {name[:40]!r}. {summary['message']}".strip())
    response = send_file(
        path.absolute(), KINDS.get(name, PICTURE), "download" in request.args, download, conditional=True
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.delete("/api/records/<record_id>")
@operation("Records", {204: Answer("It is gone", ())}, UNKNOWN)
def delete(record_id: str) -> Response:
    """Delete a record at once, with all its files; one that is being recorded ends."""
    _record(record_id).delete()
    return Response(status=204)


def _record(record_id: str) -> Record:
    return the_record_manager().records.get(record_id) or abort(_unknown())


def _state(record: Record) -> dict[str, Any]:
    return state_of(record, the_record_manager().records.keep) or abort(_unknown())


def _unknown() -> Response:
    hours = the_server().settings.keep
    detail = f"There is no such record; records are deleted {hours:g} hours after they ended, or on request."
    return problem(404, "Unknown record", detail)


def _name(record: Record) -> str:
    """Return the name of a downloaded file, such as "door-20250131-180509", in UTC."""
    about = record.about or abort(_unknown())
    return f"{about['camera']}-{time.strftime('%Y%m%d-%H%M%S', time.gmtime(about['started']))}"


def _answer(content: dict[str, Any]) -> Response:
    response = jsonify(content)
    response.headers["Cache-Control"] = "no-store"
    return response
