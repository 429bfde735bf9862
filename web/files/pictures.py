"""Uploaded pictures: read in memory, answered, forgotten."""

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
from media.pictures.encoding import encode_picture
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
SINGLE = ("json", "picture")
"""Forms that hold one picture."""
MAX_PICTURES = 100
"""Most pictures in one request."""
FIELDS = ("image", "face")
TOTAL = 20
"""Limit for all pictures of a request together, as a multiple of the limit for one."""
MEGABYTE = 1_000_000
RETRY_AFTER = "2"
"""Seconds after which most pictures that wait now have been read."""


def the_reader() -> PictureReader:
    """Return the one reader of this application, so that pictures of several requests share batches.

    Raises:
        BundleError, DetectorError: the model or the face detector cannot be loaded.
    """
    reader: PictureReader | None = current_app.extensions.get("reader")
    if reader is None:
        server = the_server()
        server.load()
        reader = current_app.extensions.setdefault("reader", PictureReader(server.model, server.settings))
    return reader


@blueprint.post("/api/analyze")
@operation(
    "Pictures",
    {
        200: Answer(
            "The faces; by `form` as JSON, as CSV, as the annotated picture, or all of them in a ZIP file",
            ("application/json", "text/csv", "image/jpeg", "application/zip"),
            PictureFaces,
        )
    },
    {
        400: "No picture, an unknown field, or an invalid parameter",
        403: "The request comes from another site's page",
        413: "Too large, or too many pictures",
        415: "The body is compressed",
        422: "It is no picture or cut off; or several came where one is expected",
        503: "Many pictures are being read, or a network cannot be loaded",
        507: "The disk is full, on which large forms are stored during the request",
    },
    (
        Parameter("form", Literal["json", "csv", "picture", "zip"], "Format of the answer", "json"),
        STILL_THRESHOLD,
        Parameter("name", str, "The picture's name, if it is the body", "me.jpg"),
    ),
    Body(
        "One picture as the body, or one or several in a form",
        files=("image/jpeg", "image/png", "image/webp", "application/octet-stream"),
        fields={
            "image": "A picture in which faces are searched for; several for CSV or ZIP",
            "face": "A picture that is read as one face; several likewise",
        },
    ),
)
def analyze() -> Response:
    """The faces of one picture as JSON, or of several as CSV, annotated pictures or all of them in a ZIP file.

    The picture is the body, or the multipart field `image`; a picture in the field `face` is read as one face as a
    whole. `?form=` is json, csv, picture or zip; `?threshold=` is the probability below which a face is unsure.
    """
    form, chosen = _form(), threshold()
    limit = the_server().settings.threshold if chosen is None else chosen
    pictures = _pictures(form)
    first = next(pictures, None)
    if first is None:
        got = "Got a form without a whole file" if request.mimetype == "multipart/form-data" else "Got no body"
        return problem(400, "No picture", f"{got}; send a picture as the body, or as the multipart field 'image'.")
    if form == "zip":
        return _zip(chain([first], pictures), limit)
    if form == "csv":
        return Response(as_csv([_read(*each)[0] for each in chain([first], pictures)]), mimetype="text/csv")
    if form == "picture":
        return Response(_annotate(*first, limit)[1], mimetype="image/jpeg")
    return jsonify(_as_dict(_read(*first)[0], limit, first[2]))


@blueprint.errorhandler(Overloaded)
def _busy(_: Overloaded) -> Response:
    detail = "Many pictures are being read at the moment; try again shortly."
    return problem(503, "Busy", detail, Retry_After=RETRY_AFTER)


@blueprint.errorhandler(ImageError)
def _unreadable(error: ImageError) -> Response:
    return problem(422, "It cannot be read", f"{error}.")


def _form() -> str:
    form = request.args.get("form", "json")
    if form not in FORMS:
        abort(problem(400, "Bad form", f"form: got {form[:40]!r}, expected one of {', '.join(FORMS)}."))
    return form


def _pictures(form: str) -> Iterator[tuple[str, bytes, bool]]:
    """Yield the pictures of the request one by one: name, bytes, and whether to read it as one face.

    A request with several pictures is refused if the answer's form holds one.
    """
    limit = the_server().settings.max_picture * MEGABYTE
    several = request.mimetype == "multipart/form-data"
    in_total = f"{MAX_PICTURES} of them and {TOTAL * limit // MEGABYTE} MB in all"
    too_large = f"a picture may have {limit // MEGABYTE} MB, and a request {in_total}."
    try:
        if not several:
            data = whole_body(limit)
            if data:
                yield _name(request.args.get("name", "")), data, False
            return
        request.max_content_length = limit * TOTAL
        for field, file in _files(form):
            data = file.read(limit + 1)
            if len(data) > limit:
                abort(problem(413, "Too large", f"{_name(file.filename)}: {too_large}"))
            yield _name(file.filename), data, field == "face"
    except RequestEntityTooLarge:
        abort(problem(413, "Too large", too_large[0].upper() + too_large[1:]))


def _files(form: str) -> list[tuple[str, FileStorage]]:
    """Return the files of a form after checking its fields; none is in memory yet."""
    _refuse_text()
    files = list(request.files.items(multi=True))
    if len(files) > MAX_PICTURES:
        abort(problem(413, "Too many", f"Got {len(files)} pictures, expected at most {MAX_PICTURES} in one request."))
    for field, _ in files:
        if field not in FIELDS:
            _refuse(field)
    if form in SINGLE and len(files) > 1:
        detail = f"Got {len(files)} pictures; form={form} takes one picture, form=csv and form=zip take several."
        abort(problem(422, "Several pictures", detail))
    the_limits().take_more(len(files) - 1)
    return files


def _refuse_text() -> None:
    """Abort if a form holds text, which was meant as a picture or a parameter, or belongs elsewhere."""
    for field in request.form:
        if field in FIELDS:
            detail = f"Got the field {field!r} as text, expected a file; with curl: -F {field}=@me.jpg"
            abort(problem(400, "No picture", f"{detail}."))
        if field in current_app.extensions["parameters"]:
            detail = f"Got {field[:40]!r} as a field of the form, expected it in the address, as ?{field[:40]}=..."
            abort(problem(400, "Unknown field", detail))
        _refuse(field)


def _refuse(field: object) -> NoReturn:
    abort(problem(400, "Unknown field", f"Got the field {str(field)[:40]!r}, expected 'image' or 'face'."))


def _name(text: str | None) -> str:
    """Return a file's name as the visitor gave it, without folders and unprintable characters."""
    name = PurePath((text or "").replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:100] or "picture"


def _read(name: str, data: bytes, whole: bool) -> tuple[FileResult, Image]:
    """Call `PictureReader.read`, and count the faces for `/metrics`."""
    result, image = the_reader().read(name, data, whole)
    counts: Counts = current_app.extensions["pictures"]
    counts.add((), len(_faces(result)))
    return result, image


def _annotate(name: str, data: bytes, whole: bool, threshold: float) -> tuple[FileResult, bytes]:
    """Return the result, and the annotated picture as JPEG; the large picture itself is not kept."""
    result, image = _read(name, data, whole)
    return result, encode_picture(annotate(image, _faces(result), threshold))


def _faces(result: FileResult) -> tuple[Face, ...]:
    return result.frames[0][2] if result.frames else ()


def _as_dict(result: FileResult, threshold: float, whole: bool) -> dict[str, Any]:
    """Return the JSON of one picture: each face also says whether it is the largest, and reaches the threshold."""
    largest = max(_faces(result), key=lambda face: face.box.area, default=None)
    entry = result.as_dict()
    entry["faces"] = [
        {**face.as_dict(), "largest": face is largest, "sure": face.confidence >= threshold} for face in _faces(result)
    ]
    return {"name": entry.pop("path"), **entry, "whole": whole, "threshold": threshold}


def _zip(pictures: Iterable[tuple[str, bytes, bool]], threshold: float) -> Response:
    """Return annotated pictures with results.json and results.csv; an unreadable picture has an error in both.

    Raises:
        ImageError: none of them can be read.
    """
    buffer, entries = io.BytesIO(), []
    results: list[FileResult] = []
    unread: ImageError | None = None
    with zipfile.ZipFile(buffer, "w") as archive:  # JPEG does not become smaller
        for number, (name, data, whole) in enumerate(pictures, 1):
            try:
                result, drawn = _annotate(name, data, whole, threshold)
                archive.writestr(f"{number:02}-{PurePath(name).stem}-annotated.jpg", drawn)
            except ImageError as error:
                unread = error
                result = FileResult(name, "image", labels=the_server().model.labels, error=str(error))
            results.append(result)
            entries.append(_as_dict(result, threshold, whole))
        if unread is not None and all(result.error for result in results):
            raise unread
        archive.writestr("results.json", json.dumps(entries, indent=2) + "\n", zipfile.ZIP_DEFLATED)
        archive.writestr("results.csv", as_csv(results), zipfile.ZIP_DEFLATED)
    buffer.seek(0)
    return send_file(buffer, "application/zip", as_attachment=True, download_name="expressions.zip")
