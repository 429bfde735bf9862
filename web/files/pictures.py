"""Pictures that are handed in: read in memory, answered, forgotten."""

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import PurePath
from typing import Any, Literal, NoReturn

from flask import Blueprint, Response, abort, current_app, jsonify, request, send_file
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from delivery.counters import Counts
from drawing.annotate import annotate
from errors import ImageError
from faces import Face, Image
from media.limits.admission import Overloaded
from media.pictures.encoding import encoded
from media.pictures.reader import PictureReader
from media.results.results import FileResult, as_csv
from web.cameras import the_server
from web.description.answers import PictureFaces
from web.description.operations import Answer, Body, Parameter, operation
from web.description.parameters import STILL_THRESHOLD
from web.problems import problem
from web.security.bodies import whole_body
from web.security.upload_limits import the_limits
from web.view_query import threshold

blueprint = Blueprint("pictures", __name__)

FORMS = ("json", "csv", "picture", "zip")
ONE = ("json", "picture")
"""Those that have room for one picture."""
MOST = 100
"""Pictures that one request may hold."""
FIELDS = ("image", "face")
IN_ALL = 20
"""How many times the limit for one picture they may have together."""
MEGABYTE = 1_000_000
RETRY_AFTER = "2"
"""Seconds: by then, what waits now has mostly been read."""


def the_reader() -> PictureReader:
    """The one reader of this application, so that pictures of several requests are read together.

    Raises:
        BundleError: the model cannot be loaded.
    """
    reader: PictureReader | None = current_app.extensions.get("reader")
    if reader is None:
        server = the_server()
        reader = current_app.extensions.setdefault("reader", PictureReader(server.model, server.settings))
    return reader


@blueprint.post("/api/analyze")
@operation(
    "Pictures",
    {
        200: Answer(
            "The faces; by `form` as JSON, as a table, as the annotated picture, or all of it in a ZIP file",
            ("application/json", "text/csv", "image/jpeg", "application/zip"),
            PictureFaces,
        )
    },
    {
        400: "No picture, an unknown field, or a parameter that makes no sense",
        403: "The request comes from another site's page",
        413: "Too large, or too many pictures",
        415: "The body is compressed",
        422: "It is no picture, or cut off; or several, where one is expected",
        503: "Many pictures are being read, or the network cannot be loaded",
        507: "The disk is full on which large forms are kept meanwhile",
    },
    (
        Parameter("form", Literal["json", "csv", "picture", "zip"], "What is answered", "json"),
        STILL_THRESHOLD,
        Parameter("name", str, "The picture's name, where it is the body", "me.jpg"),
    ),
    Body(
        "One picture as the body, or one or several in a form",
        files=("image/jpeg", "image/png", "image/webp", "application/octet-stream"),
        fields={
            "image": "A picture in which faces are looked for; several where the answer is a table or a ZIP file",
            "face": "A picture that is one face as a whole; several as well",
        },
    ),
)
def analyze() -> Response:
    """The faces of one picture as JSON, or of several as CSV, annotated pictures or all of it in a ZIP file.

    The picture is the body, or the multipart field `image`; what comes as the field `face` is read as one face as a
    whole. `?form=` is json, csv, picture or zip; `?threshold=` is the probability below which a face is unsure.
    """
    form, wished = _form(), threshold()
    sure = the_server().settings.threshold if wished is None else wished
    given = _given(form)
    first = next(given, None)
    if first is None:
        got = "Got a form without a whole file" if request.mimetype == "multipart/form-data" else "Got no body"
        return problem(400, "No picture", f"{got}; send a picture as the body, or as the multipart field 'image'.")
    if form == "zip":
        return _zip(chain([first], given), sure)
    if form == "csv":
        return Response(as_csv([_read(*each)[0] for each in chain([first], given)]), mimetype="text/csv")
    if form == "picture":
        return Response(_drawn(*first, sure)[1], mimetype="image/jpeg")
    return jsonify(_told(_read(*first)[0], sure, first[2]))


@blueprint.errorhandler(Overloaded)
def _crowded(_: Overloaded) -> Response:
    told = "Many pictures are being read at the moment; try again shortly."
    return problem(503, "Busy", told, Retry_After=RETRY_AFTER)


@blueprint.errorhandler(ImageError)
def _tell(error: ImageError) -> Response:
    return problem(422, "It cannot be read", f"{error}.")


def _form() -> str:
    form = request.args.get("form", "json")
    if form not in FORMS:
        abort(problem(400, "Bad form", f"form: got {form[:40]!r}, expected one of {', '.join(FORMS)}."))
    return form


def _given(form: str) -> Iterator[tuple[str, bytes, bool]]:
    """Every picture of the request, one after the other: its name, its bytes, and whether it is to be read as one face.

    A request that holds several is refused where the answer's form has room for one.
    """
    limit = the_server().settings.max_picture * MEGABYTE
    several = request.mimetype == "multipart/form-data"
    in_all = f"{MOST} of them and {IN_ALL * limit // MEGABYTE} MB in all"
    too_large = f"a picture may have {limit // MEGABYTE} MB, and a request {in_all}."
    try:
        if not several:
            data = whole_body(limit)
            if data:
                yield _name(request.args.get("name", "")), data, False
            return
        request.max_content_length = limit * IN_ALL
        for field, file in _files(form):
            data = file.read(limit + 1)
            if len(data) > limit:
                abort(problem(413, "Too large", f"{_name(file.filename)}: {too_large}"))
            yield _name(file.filename), data, field == "face"
    except RequestEntityTooLarge:
        abort(problem(413, "Too large", too_large[0].upper() + too_large[1:]))


def _files(form: str) -> list[tuple[str, FileStorage]]:
    """The files of a form, all of which are what is expected; nothing of them is in memory yet."""
    _refuse_words()
    files = list(request.files.items(multi=True))
    if len(files) > MOST:
        abort(problem(413, "Too many", f"Got {len(files)} pictures, expected at most {MOST} in one request."))
    for field, _ in files:
        if field not in FIELDS:
            _refuse(field)
    if form in ONE and len(files) > 1:
        told = f"Got {len(files)} pictures; form={form} takes one picture, form=csv and form=zip take several."
        abort(problem(422, "Several pictures", told))
    the_limits().take_more(len(files) - 1)
    return files


def _refuse_words() -> None:
    """End the request where a form holds text, which was meant to be a picture, a parameter, or for somebody else."""
    for field in request.form:
        if field in FIELDS:
            told = f"Got the field {field!r} as text, expected a file; with curl: -F {field}=@me.jpg"
            abort(problem(400, "No picture", f"{told}."))
        if field in current_app.extensions["parameters"]:
            told = f"Got {field[:40]!r} as a field of the form, expected it in the address, as ?{field[:40]}=..."
            abort(problem(400, "Unknown field", told))
        _refuse(field)


def _refuse(field: object) -> NoReturn:
    abort(problem(400, "Unknown field", f"Got the field {str(field)[:40]!r}, expected 'image' or 'face'."))


def _name(text: str | None) -> str:
    """A file's name as the visitor gave it, without folders and what no name has."""
    name = PurePath((text or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "picture"


def _read(name: str, data: bytes, whole: bool) -> tuple[FileResult, Image]:
    """What `PictureReader.read` finds, counted for `/metrics`."""
    finding, image = the_reader().read(name, data, whole)
    counts: Counts = current_app.extensions["pictures"]
    counts.add((), len(_faces(finding)))
    return finding, image


def _drawn(name: str, data: bytes, whole: bool, threshold: float) -> tuple[FileResult, bytes]:
    """What was found, and the annotated picture as JPEG; the picture itself, which is large, is let go."""
    finding, image = _read(name, data, whole)
    return finding, encoded(annotate(image, _faces(finding), threshold))


def _faces(finding: FileResult) -> tuple[Face, ...]:
    return finding.frames[0][2] if finding.frames else ()


def _told(finding: FileResult, threshold: float, whole: bool) -> dict[str, Any]:
    """What JSON says of one picture: each face also says whether it is the largest, and surer than the threshold."""
    largest = max(_faces(finding), key=lambda face: face.box.area, default=None)
    told = finding.as_dict()
    told["faces"] = [
        {**face.as_dict(), "largest": face is largest, "sure": face.confidence >= threshold} for face in _faces(finding)
    ]
    return {"name": told.pop("path"), **told, "whole": whole, "threshold": threshold}


def _zip(given: Iterable[tuple[str, bytes, bool]], threshold: float) -> Response:
    """Annotated pictures with results.json and results.csv; a picture that cannot be read is told of in both.

    Raises:
        ImageError: none of them can be read.
    """
    made, told = io.BytesIO(), []
    findings: list[FileResult] = []
    unread: ImageError | None = None
    with zipfile.ZipFile(made, "w") as archive:  # JPEG does not become smaller
        for number, (name, data, whole) in enumerate(given, 1):
            try:
                finding, drawn = _drawn(name, data, whole, threshold)
                archive.writestr(f"{number:02}-{PurePath(name).stem}-annotated.jpg", drawn)
            except ImageError as error:
                unread = error
                finding = FileResult(name, "image", labels=the_server().model.labels, error=str(error))
            findings.append(finding)
            told.append(_told(finding, threshold, whole))
        if unread is not None and all(finding.error for finding in findings):
            raise unread
        archive.writestr("results.json", json.dumps(told, indent=2) + "\n", zipfile.ZIP_DEFLATED)
        archive.writestr("results.csv", as_csv(findings), zipfile.ZIP_DEFLATED)
    made.seek(0)
    return send_file(made, "application/zip", as_attachment=True, download_name="expressions.zip")
