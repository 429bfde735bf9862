"""Uploaded videos: stored, analysed by a worker, returned, deleted.

Whoever knows a video's id may see and delete it, nobody else; there is no list of all videos.
"""

import re
import secrets
import shutil
from pathlib import PurePath
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, request, send_file, url_for
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from errors import UploadError
from media.limits.uploads import MEGABYTE, Upload
from media.queue.job import Job
from media.queue.jobs import UPLOAD
from media.queue.storage import LINE, RESULT, TABLE, VIDEO
from media.queue.supervisor import Supervisor
from web.cameras import the_server
from web.description.answers import VideoJob
from web.description.operations import CONDITIONS, UNCHANGED, Answer, Body, Parameter, operation
from web.description.parameters import DOWNLOAD
from web.problems import problem

blueprint = Blueprint("videos", __name__)

ID = re.compile(r"[A-Za-z0-9_-]{16}")
MAX_WAITING = 20
"""Most unfinished videos at a time."""
MAX_TEXT, MAX_PARTS = 500_000, 10
"""Bytes of a form besides the video, and its parts, at most."""
RESULTS = {
    VIDEO: ("video/mp4", "-annotated.mp4"),
    RESULT: ("application/json", ".json"),
    TABLE: ("text/csv", ".csv"),
    LINE: ("application/json", "-timeline.json"),
}
"""By file: its media type, and the ending of the download's name."""
UNKNOWN = {404: "There is no such video, or it was deleted"}
FULL = "The disk is full"


def the_supervisor() -> Supervisor:
    """Return the supervisor of this application's videos."""
    supervisor: Supervisor = current_app.extensions["supervisor"]
    return supervisor


@blueprint.post("/api/videos")
@operation(
    "Videos",
    {202: Answer("It is queued", kind=VideoJob, headers={"Location": "Address of its state"})},
    {
        400: "No video",
        413: "Too large",
        415: "The body is compressed",
        422: "Several videos at once",
        503: "Many videos are waiting, or the queue does not answer",
        507: FULL,
    },
    [Parameter("name", str, "The video's name, if it is the body", "clip.mp4")],
    Body(
        "One video as the body, or in a form",
        files=("video/mp4", "application/octet-stream"),
        fields={"video": "The video"},
    ),
)
def add() -> Response:
    """Upload one video, as the body with `?name=` or as the multipart field `video`; 202 with its state."""
    jobs = the_supervisor().jobs
    if jobs.unfinished() >= MAX_WAITING:
        return _full()
    limit = the_server().settings.max_video * MEGABYTE
    request.max_content_length = limit + MEGABYTE  # a form's own lines come on top
    try:
        with Upload(jobs.folder.parent / "uploads", limit) as upload:
            name = _receive(upload)
            if not upload.size:
                return problem(400, "No video", "Send a video as the body, or as the multipart field 'video'.")
            job_id = secrets.token_urlsafe(12)
            upload.keep(jobs.files(job_id) / UPLOAD)
    except UploadError as error:
        message = str(error)
        return problem(413, "Not taken", f"{message[0].upper()}{message[1:]}.")
    except RequestEntityTooLarge:
        message = f"It is larger than {limit // MEGABYTE:,} MB, or its form holds much beside it"
        return problem(413, "Not taken", f"{message}; hand in a shorter or smaller one, and nothing else.")
    job = jobs.add(job_id, name, MAX_WAITING)
    if job is None:  # other requests were quicker
        return _full()
    the_supervisor().wake()
    response = _state(job)
    response.status_code = 202
    response.headers["Location"] = url_for("videos.state", job_id=job.id)
    return response


def _full() -> Response:
    detail = f"{MAX_WAITING} videos are waiting already; try again later."
    return problem(503, "Many videos", detail, Retry_After="60")


def _receive(upload: Upload) -> str:
    """Write the request's video; returns its name."""
    if request.mimetype != "multipart/form-data":
        upload.read_from(request.stream)
        return _name(request.args.get("name"))
    parser = FormDataParser(_DirectUpload(upload), MAX_TEXT, max_form_parts=MAX_PARTS)
    _, fields, files = parser.parse(request.stream, request.mimetype, request.content_length, request.mimetype_params)
    if "video" not in files:
        got = ", ".join(repr(str(field)[:40]) for field in [*files, *fields][:5]) or "no whole field"
        abort(problem(400, "No video", f"Got {got}, expected the multipart field 'video' with a file and its name."))
    if fields:
        detail = f"Got the field {str(next(iter(fields)))[:40]!r} besides, expected 'video' and no other."
        abort(problem(400, "Unknown field", detail))
    return _name(files["video"].filename)


class _DirectUpload:
    """Writes a form's file to its final place, instead of a temporary file first."""

    def __init__(self, upload: Upload) -> None:
        self._upload: Upload | None = upload

    def __call__(self, *_: object, **__: object) -> Any:
        upload, self._upload = self._upload, None
        if upload is None:
            abort(problem(422, "Several videos", "Got several files, expected one video at a time."))
        return _Sink(upload)


class _Sink:
    """The file methods that the form's parser uses."""

    def __init__(self, upload: Upload) -> None:
        self.write = upload.write

    def seek(self, _: int) -> None:
        """Do nothing: nothing is read back."""

    def close(self) -> None:
        """Do nothing: the upload's owner closes it."""


def _name(text: str | None) -> str:
    name = PurePath((text or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "video"


@blueprint.get("/api/videos/<job_id>")
@operation("Videos", {200: Answer("Its state", kind=VideoJob)}, UNKNOWN)
def state(job_id: str) -> Response:
    """The progress of a video, and the addresses of its results."""
    return _state(_job(job_id))


def _state(job: Job) -> Response:
    jobs = the_supervisor().jobs
    expires = job.finished + jobs.keep if job.finished else None
    response = jsonify(
        {
            "id": job.id,
            "name": job.name,
            "status": job.status,
            "progress": round(1.0 if job.status == "done" else job.progress, 4),
            "left": round(job.left, 1) if job.left >= 0 else None,
            "ahead": jobs.ahead_of(job) if job.status == "queued" else 0,
            "message": job.message,
            "created": job.created,
            "expires": expires,
            "results": {file: url_for("videos.result", job_id=job.id, file=file) for file in RESULTS}
            if job.status == "done"
            else {},
        }
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/api/videos/<job_id>/<filename:file>")
@operation(
    "Videos",
    {
        200: Answer("The file", [kind for kind, _ in RESULTS.values()]),
        206: Answer("The part that `Range` asks for", [kind for kind, _ in RESULTS.values()]),
        304: UNCHANGED,
    },
    {**UNKNOWN, 409: "The video is not done", **CONDITIONS},
    [DOWNLOAD],
)
def result(job_id: str, file: str) -> Response:
    """One file of a finished video; with `?download=1` under the name of the uploaded video."""
    job = _job(job_id)
    if file not in RESULTS:
        return problem(404, "Unknown result", f"There is no {file[:40]!r} of a video; there is: {', '.join(RESULTS)}.")
    if job.status != "done":
        return _not_ready(job)
    path = the_supervisor().jobs.files(job.id) / file
    kind, ending = RESULTS[file]
    name = f"{PurePath(job.name).stem}{ending}"
    try:
        response = send_file(path.absolute(), kind, "download" in request.args, name, conditional=True)
    except FileNotFoundError:  # perhaps it has just been deleted
        return _not_ready(_job(job_id))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _not_ready(job: Job) -> Response:
    return problem(409, "Not ready", f"The video is {job.status}; it has results when it is done.")


@blueprint.post("/api/videos/<job_id>/cancel")
@operation("Videos", {200: Answer("It is cancelled", kind=VideoJob)}, {**UNKNOWN, 409: "It is over already", 507: FULL})
def cancel(job_id: str) -> Response:
    """Stop the analysis of a video and delete its files; 409 if it is over."""
    job, jobs = _job(job_id), the_supervisor().jobs
    if not jobs.cancel(job.id):
        return problem(409, "Over", f"The video is {job.status}; there is nothing to cancel, but it may be deleted.")
    shutil.rmtree(jobs.files(job.id), ignore_errors=True)  # what its worker still writes is deleted soon, too
    return _state(_job(job_id))


@blueprint.delete("/api/videos/<job_id>")
@operation("Videos", {204: Answer("It is gone", ())}, {**UNKNOWN, 507: "The disk is full; its files are gone"})
def delete(job_id: str) -> Response:
    """Delete a video and its results at once; its analysis stops."""
    job = _job(job_id)
    the_supervisor().jobs.delete(job.id)
    return Response(status=204)


def _job(job_id: str) -> Job:
    job = the_supervisor().jobs.get(job_id) if ID.fullmatch(job_id) else None
    if job is None:
        hours = the_server().settings.keep
        detail = f"There is no such video; videos are deleted {hours:g} hours after they were read, or on request."
        abort(problem(404, "Unknown video", detail))
    return job
